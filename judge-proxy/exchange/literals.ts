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
 * Linear in the text for any number of literals: a filter over the hash of four code units rejects nearly every
 * position before a map is asked. (A regular expression of a thousand alternatives is tried at every position.)
 */
export class LiteralSet<T> {
  readonly #filter = new Uint8Array(1 << FILTER_BITS);
  readonly #byPrefix = new Map<string, { readonly text: string; readonly value: T }[]>();

  /** Adds a literal unless it is shorter than MIN_LITERAL. The first value of a text stays. */
  add(text: string, value: T): void {
    if (text.length < MIN_LITERAL) return;
    const prefix = text.slice(0, MIN_LITERAL);
    const bucket = this.#byPrefix.get(prefix);
    if (bucket === undefined) this.#byPrefix.set(prefix, [{ text, value }]);
    else if (!bucket.some((entry) => entry.text === text)) bucket.push({ text, value });
    this.#filter[hash(text, 0)] = 1;
  }

  /** All occurrences, overlapping ones included, in order of their start; at one start only the longest. */
  find(text: string): Match<T>[] {
    const found: Match<T>[] = [];
    if (this.#byPrefix.size === 0) return found;
    for (let at = 0; at + MIN_LITERAL <= text.length; at++) {
      if (this.#filter[hash(text, at)] === 0) continue;
      const match = this.#longestAt(text, at);
      if (match !== null) found.push(match);
    }
    return found;
  }

  #longestAt(text: string, at: number): Match<T> | null {
    let best: Match<T> | null = null;
    for (const entry of this.#byPrefix.get(text.slice(at, at + MIN_LITERAL)) ?? []) {
      const end = at + entry.text.length;
      if (end > (best?.end ?? at) && text.startsWith(entry.text, at)) best = { start: at, end, value: entry.value };
    }
    return best;
  }
}

function hash(text: string, at: number): number {
  let value = 0;
  for (let offset = 0; offset < PREFIX; offset++) value = (Math.imul(value, 31) + text.charCodeAt(at + offset)) | 0;
  return (value ^ (value >>> FILTER_BITS)) & ((1 << FILTER_BITS) - 1);
}
