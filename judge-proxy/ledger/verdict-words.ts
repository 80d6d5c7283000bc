/**
 * The words of a verdict apart from the rest of it: quotes, explanations, previews and the client's last message. They are
 * stored beside the record, which names their SHA-256 as `text_sha256`, so that they can be erased while it stays. Every
 * reader puts both together again: the split is seen nowhere but in the file.
 */

import { asStored, bodyHash } from './chain.ts';
import type { Evidence, NewVerdict } from './records.ts';

/** What is stored beside the record, as canonical JSON. Lists follow those of the record. */
interface Words {
  readonly context_tail_preview: string | null;
  readonly criteria: readonly { readonly evidence: readonly Evidence[]; readonly explanation: string }[];
  readonly latest_user_message: string | null;
  readonly previews: readonly string[];
}

/** A verdict as its record holds it: without words, and with their hash when there are any. */
export type VerdictBody = NewVerdict & { readonly text_sha256?: string };

export interface SplitVerdict<T extends NewVerdict> {
  /** Canonical JSON of the record. */
  readonly body: string;
  /** Canonical JSON of its words, null when it has none. */
  readonly text: string | null;
  /** Both, as what is stored says them: a lone surrogate is U+FFFD. */
  readonly verdict: T;
}

export function splitVerdict<T extends NewVerdict>(verdict: T): SplitVerdict<T> {
  const words = wordsOf(verdict);
  const stored = asStored(words);
  const text = isEmpty(words) ? null : stored.json;
  const speechless = withoutWords(verdict, text);
  const rest = asStored(speechless);
  // As a rule nothing had to be mended, and what was given is what is stored.
  const same = stored.record === words && rest.record === speechless;
  return { body: rest.json, text, verdict: same ? verdict : withWords<T>(rest.record, stored.record) };
}

/**
 * A verdict as every reader shows it.
 * @param text what is stored beside it, null when nothing is
 * @returns with `text_erased` when the record names words that are not there
 */
export function mergeVerdict<T extends NewVerdict>(body: T, text: string | null): T & { readonly text_erased?: true } {
  const { text_sha256 } = body as VerdictBody;
  // Without words, or from before schema 5: they are in the record.
  if (text_sha256 === undefined) return body;
  if (text !== null) return withWords<T>(body, JSON.parse(text) as Words);
  const { text_sha256: _, ...rest } = body as T & VerdictBody;
  return { ...(rest as unknown as T), text_erased: true };
}

function wordsOf({ context_tail_preview, criteria, latest_user_message, rule_hits }: NewVerdict): Words {
  return {
    context_tail_preview,
    criteria: criteria.map(({ evidence, explanation }) => ({ evidence, explanation })),
    latest_user_message,
    previews: rule_hits.map(({ preview }) => preview),
  };
}

function isEmpty({ context_tail_preview, criteria, latest_user_message, previews }: Words): boolean {
  return (
    context_tail_preview === null &&
    latest_user_message === null &&
    criteria.every(({ evidence, explanation }) => evidence.length === 0 && explanation === '') &&
    previews.every((preview) => preview === '')
  );
}

function withoutWords(verdict: NewVerdict, text: string | null): VerdictBody {
  const speechless = {
    ...verdict,
    criteria: verdict.criteria.map((criterion) => ({ ...criterion, evidence: [], explanation: '' })),
    rule_hits: verdict.rule_hits.map((hit) => ({ ...hit, preview: '' })),
    latest_user_message: null,
    context_tail_preview: null,
  };
  return text === null ? speechless : Object.assign(speechless, { text_sha256: bodyHash(text) });
}

function withWords<T extends NewVerdict>(body: NewVerdict, words: Words): T {
  const { text_sha256: _, ...rest } = body as VerdictBody;
  const { context_tail_preview, latest_user_message } = words;
  return {
    ...rest,
    criteria: body.criteria.map((criterion, index) => ({ ...criterion, ...words.criteria[index] })),
    rule_hits: body.rule_hits.map((hit, index) => ({ ...hit, preview: words.previews[index] ?? '' })),
    latest_user_message,
    context_tail_preview,
  } as unknown as T;
}
