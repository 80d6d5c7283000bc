/** Finds many literal strings in one pass: the copies of a secret that no rule saw where they stand. */

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Match<T> extends Span {
  readonly value: T;
}

/** Shorter literals also occur by chance, in words that are no secret. */
export const MIN_LITERAL = 8;

const PREFIX = 4;
const FILTER_BITS = 16;
/**
 * Code units that one search compares at most, some tenths of a second. Ordinary text takes thousandths of it; long
 * secrets in text that repeats itself (a secret of `aaaa…` in a page of `aaaa…`) would take the product of both lengths.
 */
const MOST_COMPARED = 200_000_000;

interface Entry<T> {
  readonly text: string;
  readonly value: T;
}

/**
 * Linear in the text for any number of literals: a filter over the hash of four code units rejects nearly every
 * position before a map is asked. (A regular expression of a thousand alternatives is tried at every position.)
 */
export class LiteralSet<T> {
  /** Made with the first literal: most exchanges have none. */
  #filter: Uint8Array | null = null;
  readonly #byPrefix = new Map<string, Entry<T>[]>();

  /** Adds a literal unless it is shorter than MIN_LITERAL. The first value of a text stays. */
  add(text: string, value: T): void {
    if (text.length < MIN_LITERAL) return;
    const prefix = text.slice(0, MIN_LITERAL);
    const bucket = this.#byPrefix.get(prefix);
    if (bucket === undefined) this.#byPrefix.set(prefix, [{ text, value }]);
    else if (!bucket.some((entry) => entry.text === text)) bucket.push({ text, value });
    this.#filter ??= new Uint8Array(1 << FILTER_BITS);
    this.#filter[hash(text, 0)] = 1;
  }

  /**
   * All occurrences, overlapping ones included, in order of their start; at one start only the longest. Where the text
   * is made to be slow, what could not be compared counts as one occurrence: too much is taken out, never too little.
   */
  find(text: string): Match<T>[] {
    const found: Match<T>[] = [];
    const filter = this.#filter;
    if (filter === null) return found;
    let left = MOST_COMPARED;
    for (let at = 0; at + MIN_LITERAL <= text.length; at++) {
      if (filter[hash(text, at)] === 0) continue;
      const bucket = this.#byPrefix.get(text.slice(at, at + MIN_LITERAL));
      if (bucket === undefined) continue;
      for (const entry of bucket) left -= entry.text.length;
      const [first] = bucket;
      if (left < 0 && first !== undefined) return [...found, { start: at, end: text.length, value: first.value }];
      const match = longestAt(bucket, text, at);
      if (match !== null) found.push(match);
    }
    return found;
  }
}

function longestAt<T>(bucket: readonly Entry<T>[], text: string, at: number): Match<T> | null {
  let best: Match<T> | null = null;
  for (const entry of bucket) {
    const end = at + entry.text.length;
    if (end > (best?.end ?? at) && text.startsWith(entry.text, at)) best = { start: at, end, value: entry.value };
  }
  return best;
}

function hash(text: string, at: number): number {
  let value = 0;
  for (let offset = 0; offset < PREFIX; offset++) value = (Math.imul(value, 31) + text.charCodeAt(at + offset)) | 0;
  return (value ^ (value >>> FILTER_BITS)) & ((1 << FILTER_BITS) - 1);
}
