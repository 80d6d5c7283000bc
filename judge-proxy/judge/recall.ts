/**
 * The verdict cache as questions use it: what makes two questions the same, and how an earlier answer becomes one about
 * this exchange. Two documents are the same when they differ in nothing but the names of their redaction tokens and the
 * origin's count of tokens, of which no answer can quote anything.
 */

import type { OutputMode } from '../ledger/records.ts';
import type { Answer } from './answer-schema.ts';
import { checkAnswer } from './check-answer.ts';
import type { Question } from './consult.ts';
import { numberTokens, renameTokens } from './placeholders.ts';
import { cacheKey, type VerdictCache } from './verdict-cache.ts';

/** What a model said, and how. */
export interface Said {
  readonly answer: Answer;
  readonly model: string | null;
  readonly outputMode: OutputMode | null;
  readonly escalatedFrom: string | null;
}

/** One answer as it is kept. */
export interface Remembered extends Omit<Said, 'answer'> {
  /** JSON: a tenth of the memory of objects. */
  readonly answer: string;
  /** Of the document that it was about. */
  readonly tokens: readonly string[];
}

/** Answers are two or three thousand characters; a cache full of the longest that are kept has 160 MB. */
const LONGEST_ANSWER = 16_384;

/** The place of a question in the cache. */
export class Recall {
  readonly #cache: VerdictCache<Remembered>;
  readonly #question: Question;
  readonly #tokens: readonly string[];
  /** Equal for equal questions. */
  readonly key: string;

  constructor(cache: VerdictCache<Remembered>, secret: Uint8Array, question: Question) {
    const { judge, client, document } = question;
    const { text, tokens } = numberTokens(withoutUsage(document));
    this.#cache = cache;
    this.#question = question;
    this.#tokens = tokens;
    this.key = cacheKey(secret, judge.cache.scope === 'client' ? client : null, judge.hash, text);
  }

  /** @returns an earlier answer with evidence as it stands in this document, or null */
  get(): Said | null {
    const found = this.#cache.get(this.key);
    if (found === null) return null;
    const { judge, input } = this.#question;
    const text = renameTokens(found.answer, found.tokens, this.#tokens);
    const { nonce } = JSON.parse(text) as Answer;
    // A quote that holds half a token would not be found again here: then the model is asked.
    const check = checkAnswer(text, nonce, judge.rubric, input);
    if (!check.ok) return null;
    const { model, outputMode, escalatedFrom } = found;
    return { answer: check.answer, model, outputMode, escalatedFrom };
  }

  set({ answer, ...how }: Said): void {
    const text = JSON.stringify(answer);
    if (text.length > LONGEST_ANSWER) return;
    this.#cache.set(this.key, { ...how, answer: text, tokens: this.#tokens });
  }
}

/**
 * The counts of the origin differ between equal questions: of the second, the provider has read a part from its cache.
 * In canonical JSON `usage` is the last key of the transcript, and inside of a string its quotes would be escaped.
 */
function withoutUsage(document: string): string {
  const at = document.lastIndexOf('"usage":{');
  if (at === -1) return document;
  const end = document.indexOf('}', at);
  return end === -1 ? document : document.slice(0, at) + document.slice(end + 1);
}
