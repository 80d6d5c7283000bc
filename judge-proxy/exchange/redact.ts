/**
 * Takes secrets out of a transcript before anything keeps it or sends it on. A secret that a rule found once is taken
 * out wherever it stands: rules work on one part at a time, secrets do not.
 */

import { splitsPair } from './cut.ts';
import { namePlace, placedTexts, word } from './free-strings.ts';
import { LiteralSet, type Match, type Span } from './literals.ts';
import type { Part, Transcript } from './transcript.ts';

/** A stretch of a placed text (`placedTexts`) that must not be kept. Offsets are UTF-16 code units, end exclusive. */
export interface Finding {
  readonly place: string;
  readonly start: number;
  readonly end: number;
  /** What it is, e.g. `aws_access_key_id`, `payment_card`; a closed word of ours. */
  readonly type: string;
}

/** A secret and what it is called in its placeholder. */
interface Secret {
  readonly text: string;
  readonly type: string;
}

/**
 * @param token short keyed digest of a secret, the same for equal secrets of one exchange: the reader sees that they
 *   are equal and nothing else
 * @returns the transcript without any finding's text: at its place always, elsewhere when it has eight characters or
 *   more, also where it is JSON-escaped; names and words are cut to what records expect; what looks like a placeholder
 *   and was written by traffic is marked as none
 */
export function redact(
  transcript: Transcript,
  findings: readonly Finding[],
  token: (secret: string) => string,
): Transcript {
  const spans = spansByPlace(transcript, findings);
  const literals = literalsOf(spans);
  const clean = (text: string, place: string): string => {
    const matches = [...(spans.get(place) ?? []), ...literals.find(text)];
    return replace(text, matches, token);
  };
  const cleanWord = (text: string | null, place: string): string | null =>
    text === null ? null : word(clean(text, place));
  return {
    ...transcript,
    model_requested: cleanWord(transcript.model_requested, 'request.model'),
    model_returned: cleanWord(transcript.model_returned, 'response.model'),
    finish: transcript.finish.map((text, index) => word(clean(text, `response.finish[${index}]`))),
    error: transcript.error && {
      type: cleanWord(transcript.error.type, 'response.error.type'),
      code: cleanWord(transcript.error.code, 'response.error.code'),
    },
    parts: transcript.parts.map((part): Part => {
      const text = clean(part.text, part.place);
      if (part.name === undefined) return { ...part, text };
      return { ...part, text, name: word(clean(part.name, namePlace(part.place))) };
    }),
  };
}

/** Findings as matches within their text. A place that does not exist is a defect of a rule and finds nothing. */
function spansByPlace(transcript: Transcript, findings: readonly Finding[]): Map<string, Match<Secret>[]> {
  const spans = new Map<string, Match<Secret>[]>();
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

/** The secrets themselves, as they stand, and with one level of JSON escapes added or taken off. */
function literalsOf(spans: ReadonlyMap<string, readonly Match<Secret>[]>): LiteralSet<Secret> {
  const literals = new LiteralSet<Secret>();
  for (const matches of spans.values()) {
    for (const { value } of matches) {
      literals.add(value.text, value);
      literals.add(JSON.stringify(value.text).slice(1, -1), value);
      const plain = unescaped(value.text);
      if (plain !== null) literals.add(plain, value);
    }
  }
  return literals;
}

function unescaped(text: string): string | null {
  if (!text.includes('\\')) return null;
  try {
    const value: unknown = JSON.parse(`"${text}"`);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}

/** Overlapping matches become one placeholder, so that no rest of either stays. */
function replace(text: string, matches: readonly Match<Secret>[], token: (secret: string) => string): string {
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
