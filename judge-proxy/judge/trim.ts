/**
 * Cuts a transcript to what a judge model can read. The ledger keeps the same text: a judgement can only be repeated
 * on what the judge saw.
 */

import type { Part, Side, Transcript } from '../exchange/transcript.ts';

/** All texts together, UTF-16 code units: about 50,000 tokens of English, within the window of small models. */
export const TRANSCRIPT_CHARACTERS = 200_000;
/** Parts of one transcript. */
export const TRANSCRIPT_PARTS = 1_000;

export interface Trimmed {
  readonly transcript: Transcript;
  /** Sides that lost text. */
  readonly cut: ReadonlySet<Side>;
}

/**
 * Head and tail of each part stay, the largest parts lose most; with too many parts the middle ones go.
 * @param transcript already redacted, so that no cut leaves half a secret
 */
export function trimTranscript(transcript: Transcript): Trimmed {
  const { parts, cut } = trimParts(transcript.parts, TRANSCRIPT_CHARACTERS);
  return { transcript: parts === transcript.parts ? transcript : { ...transcript, parts }, cut };
}

/**
 * The same for parts alone.
 * @param characters of all texts together, UTF-16 code units
 */
export function trimParts(parts: readonly Part[], characters: number): { parts: readonly Part[]; cut: Set<Side> } {
  const cut = new Set<Side>();
  const kept = withoutMiddle(parts, cut);
  const limit = lengthLimit(kept, characters);
  if (limit === Number.POSITIVE_INFINITY) return { parts: kept, cut };
  const trimmed = kept.map((part): Part => {
    if (part.text.length <= limit) return part;
    cut.add(part.side);
    return { ...part, text: headAndTail(part.text, limit) };
  });
  return { parts: trimmed, cut };
}

function withoutMiddle(parts: readonly Part[], cut: Set<Side>): readonly Part[] {
  if (parts.length <= TRANSCRIPT_PARTS) return parts;
  const half = TRANSCRIPT_PARTS / 2;
  const middle = parts.slice(half, 1 - half);
  for (const part of middle) cut.add(part.side);
  return [...parts.slice(0, half), markOf(middle), ...parts.slice(1 - half)];
}

/** Stands where parts are missing: a reader must see that there were more. */
function markOf(missing: readonly Part[]): Part {
  const side = missing[0]?.side ?? 'request';
  return { side, place: `${side}.cut`, role: 'unknown', kind: 'other', text: `[CUT:${missing.length} parts]` };
}

/** The length L for which the sum of min(length, L) is the whole budget; infinity when all fits. */
function lengthLimit(parts: readonly Part[], characters: number): number {
  let all = 0;
  for (const { text } of parts) all += text.length;
  if (all <= characters) return Number.POSITIVE_INFINITY;
  const lengths = parts.map((part) => part.text.length).toSorted((a, b) => a - b);
  let rest = characters;
  for (const [index, length] of lengths.entries()) {
    const share = Math.floor(rest / (lengths.length - index));
    if (length > share) return share;
    rest -= length;
  }
  return Number.POSITIVE_INFINITY;
}

/** Two thirds head, one third tail, and between them how much is missing. */
function headAndTail(text: string, limit: number): string {
  const head = Math.floor((limit * 2) / 3);
  const tail = limit - head;
  const mark = `[CUT:${text.length - limit} characters]`;
  return `${text.slice(0, head)}${mark}${tail === 0 ? '' : text.slice(-tail)}`.toWellFormed();
}
