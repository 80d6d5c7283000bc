/**
 * Takes secrets out of a transcript before anything keeps it or sends it on. A secret that a rule found once is taken
 * out wherever it stands: rules work on one part at a time, secrets do not.
 */

import { splitsPair } from './cut.ts';
import { namePlace, placedTexts, word } from './free-strings.ts';
import { addForms, type KnownLiterals } from './known-literals.ts';
import type { KnownSecret } from './known-secret.ts';
import { LiteralSet, type Match, MIN_LITERAL, type Span } from './literals.ts';
import type { Part, Transcript } from './transcript.ts';

/** A stretch of a placed text (`placedTexts`) that must not be kept. Offsets are UTF-16 code units, end exclusive. */
export interface Finding {
  readonly place: string;
  readonly start: number;
  readonly end: number;
  /** What it is, e.g. `aws_access_key_id`, `payment_card`; a closed word of ours. */
  readonly type: string;
}

/** Short keyed digest of a secret, the same for equal secrets of one exchange: its reader sees that and nothing else. */
export type Token = (secret: string) => string;

/**
 * @returns the transcript without any finding's text: at its place always, elsewhere when it has eight characters or
 *   more, also where it is encoded once; names and words are cut to what records expect; what looks like a placeholder
 *   and was written by traffic is marked as none
 */
export function redact(
  transcript: Transcript,
  findings: readonly Finding[],
  token: Token,
  known: readonly KnownSecret[] = [],
): Transcript {
  return new Redactor(transcript, findings, token, known).redacted();
}

/** Secrets whose encoded forms are looked for: each makes a dozen. Rules find the others in what decodes. */
const MOST_ENCODED = 200;

/** Takes the secrets of one exchange out of its texts. */
export class Redactor {
  readonly #transcript: Transcript;
  readonly #spans: Map<string, Match<KnownSecret>[]>;
  #literals = new LiteralSet<KnownSecret>();
  /** The literals belong to other exchanges, too. */
  #shared = false;
  readonly #token: Token;
  readonly #secrets = new Map<string, KnownSecret>();
  readonly #percents: boolean;

  /**
   * @param known secrets wherever they stand, beside the findings
   * @param often others that come with many exchanges
   */
  constructor(
    transcript: Transcript,
    findings: readonly Finding[],
    token: Token,
    known: readonly KnownSecret[] = [],
    often: OftenKnown | null = null,
  ) {
    this.#transcript = transcript;
    this.#token = token;
    this.#percents = transcript.parts.some(({ text }) => text.includes('%'));
    this.#spans = spansByPlace(transcript, findings);
    if (often !== null) this.#begin(often);
    for (const secret of known) this.#add(secret);
    for (const matches of this.#spans.values()) for (const { value } of matches) this.#add(value);
  }

  /** All that is looked for wherever it stands. */
  get secrets(): readonly KnownSecret[] {
    return [...this.#secrets.values()];
  }

  /** The first secret in a text that is no part of the transcript, null without one. */
  find(text: string): KnownSecret | null {
    return this.#literals.find(text)[0]?.value ?? null;
  }

  /** A string of the record that is no part of the transcript. */
  word(text: string): string {
    return word(replace(text, this.#literals.find(text), this.#token));
  }

  /** More stretches of the transcript, found by what they decode to. */
  add(findings: readonly Finding[]): void {
    for (const [place, matches] of spansByPlace(this.#transcript, findings)) {
      const known = this.#spans.get(place);
      if (known === undefined) this.#spans.set(place, matches);
      else known.push(...matches);
      for (const { value } of matches) this.#add(value);
    }
  }

  redacted(): Transcript {
    return this.#map(this.#transcript);
  }

  /** The transcript without its parts: what goes into columns, whatever is kept of the text. */
  redactedWords(): Transcript {
    return this.#map({ ...this.#transcript, parts: [] });
  }

  #map(transcript: Transcript): Transcript {
    return mapTexts(transcript, (text, place) => {
      const matches = this.#literals.find(text);
      return replace(text, [...(this.#spans.get(place) ?? []), ...matches], this.#token);
    });
  }

  #begin({ secrets, literals }: OftenKnown): void {
    const shared = literals?.of(secrets, this.#percents) ?? null;
    if (shared === null) {
      for (const secret of secrets) this.#add(secret);
      return;
    }
    this.#literals = shared;
    this.#shared = true;
    for (const secret of secrets) this.#secrets.set(secret.text, secret);
  }

  #add(secret: KnownSecret): void {
    if (secret.text.length < MIN_LITERAL || this.#secrets.has(secret.text)) return;
    if (this.#shared) this.#literals = new LiteralSet(this.#literals);
    this.#shared = false;
    if (this.#secrets.size < MOST_ENCODED) addForms(this.#literals, secret, this.#percents);
    else this.#literals.add(secret.text, secret);
    this.#secrets.set(secret.text, secret);
  }
}

/** Values of headers: a client sends the same ones with each request. */
export interface OftenKnown {
  /** Each as long as a literal or longer. */
  readonly secrets: readonly KnownSecret[];
  /** Of the thread; without it their forms are made anew. */
  readonly literals: KnownLiterals | null;
}

/** The transcript as it came, but for placeholders that traffic wrote, and with names and words cut. */
export function asItCame(transcript: Transcript): Transcript {
  return mapTexts(transcript, marked);
}

function mapTexts(transcript: Transcript, change: (text: string, place: string) => string): Transcript {
  const changedWord = (text: string | null, place: string): string | null =>
    text === null ? null : word(change(text, place));
  return {
    ...transcript,
    model_requested: changedWord(transcript.model_requested, 'request.model'),
    model_returned: changedWord(transcript.model_returned, 'response.model'),
    finish: transcript.finish.map((text, index) => word(change(text, `response.finish[${index}]`))),
    error: transcript.error && {
      type: changedWord(transcript.error.type, 'response.error.type'),
      code: changedWord(transcript.error.code, 'response.error.code'),
    },
    parts: transcript.parts.map((part): Part => {
      const text = change(part.text, part.place);
      if (part.name === undefined) return { ...part, text };
      return { ...part, text, name: word(change(part.name, namePlace(part.place))) };
    }),
  };
}

/** Findings as matches within their text. A place that does not exist is a defect of a rule and finds nothing. */
function spansByPlace(transcript: Transcript, findings: readonly Finding[]): Map<string, Match<KnownSecret>[]> {
  const spans = new Map<string, Match<KnownSecret>[]>();
  if (findings.length === 0) return spans;
  const texts = new Map(placedTexts(transcript).map(({ place, text }) => [place, text]));
  for (const { place, type, ...offsets } of findings) {
    const text = texts.get(place);
    const span = text === undefined ? null : withinText(text, offsets);
    if (text === undefined || span === null) continue;
    const match = { ...span, value: { text: text.slice(span.start, span.end), type } };
    const known = spans.get(place);
    if (known === undefined) spans.set(place, [match]);
    else known.push(match);
  }
  return spans;
}

/** Clamped to the text, and widened where it would cut a surrogate pair. */
function withinText(text: string, { start, end }: Span): Span | null {
  let from = Math.max(0, Math.trunc(start));
  let to = Math.min(text.length, Math.trunc(end));
  if (!(from < to)) return null;
  if (splitsPair(text, from)) from -= 1;
  if (splitsPair(text, to)) to += 1;
  return { start: from, end: to };
}

/** Overlapping matches become one placeholder, so that no rest of either stays. */
function replace(text: string, matches: readonly Match<KnownSecret>[], token: Token): string {
  if (matches.length === 0) return marked(text);
  const ordered = matches.toSorted((a, b) => a.start - b.start || b.end - a.end);
  let out = '';
  let at = 0;
  let index = 0;
  while (index < ordered.length) {
    const first = ordered[index];
    if (first === undefined) break;
    let widest = first;
    let end = first.end;
    for (index += 1; index < ordered.length; index++) {
      const next = ordered[index];
      if (next === undefined || next.start >= end) break;
      if (next.end - next.start > widest.end - widest.start) widest = next;
      end = Math.max(end, next.end);
    }
    const alone = widest.start === first.start && widest.end === end;
    const secret = alone ? widest.value.text : text.slice(first.start, end);
    out += `${marked(text.slice(at, first.start))}[REDACTED:${widest.value.type}:${token(secret)}]`;
    at = end;
  }
  return out + marked(text.slice(at));
}

/**
 * Whoever reads a document takes placeholders for ours: two documents that differ in nothing but their tokens count as
 * the same question (`placeholders.ts`), and nobody may hide words in them.
 */
function marked(text: string): string {
  return text.replaceAll('[REDACTED:', '[NOT_REDACTED:');
}
