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

const BLOCK = 3;
/** As far as a window moves whose last characters begin no literal. */
const FARTHEST = MIN_LITERAL - BLOCK + 1;
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
 * Linear in the text for any number of literals, by the method of Wu and Manber (A fast algorithm for multi-pattern
 * searching, 1994): the last three code units of a window of eight say how far it may move, mostly six, and only where
 * they end the beginning of a literal a map is asked. Values of headers are looked for in every text: at each position
 * that took 14 ns. (A regular expression of a thousand alternatives is tried at every position.)
 */
export class LiteralSet<T> {
  /** Made when it is asked for: most exchanges have few literals, and a small table for them. */
  #moves: Moves | null = null;
  readonly #byPrefix: Map<string, readonly Entry<T>[]>;

  /** @param like set whose literals this one begins with; it does not change */
  constructor(like?: LiteralSet<T>) {
    this.#byPrefix = new Map(like === undefined ? [] : like.#byPrefix);
  }

  /** Adds a literal unless it is shorter than MIN_LITERAL. The first value of a text stays. */
  add(text: string, value: T): void {
    if (text.length < MIN_LITERAL) return;
    const prefix = text.slice(0, MIN_LITERAL);
    const bucket = this.#byPrefix.get(prefix);
    if (bucket === undefined) this.#byPrefix.set(prefix, [{ text, value }]);
    else if (!bucket.some((entry) => entry.text === text)) this.#byPrefix.set(prefix, [...bucket, { text, value }]);
    else return;
    this.#moves = null;
  }

  /**
   * All occurrences, overlapping ones included, in order of their start; at one start only the longest. Where the text
   * is made to be slow, what could not be compared counts as one occurrence: too much is taken out, never too little.
   */
  find(text: string): Match<T>[] {
    const found: Match<T>[] = [];
    if (this.#byPrefix.size === 0) return found;
    this.#moves ??= movesOf(this.#byPrefix.keys(), this.#byPrefix.size);
    const { less, bits } = this.#moves;
    let left = MOST_COMPARED;
    const last = text.length - MIN_LITERAL;
    for (let at = 0; at <= last; ) {
      const move = FARTHEST - (less[hash(text, at + MIN_LITERAL - BLOCK, bits)] ?? 0);
      if (move > 0) {
        at += move;
        continue;
      }
      const here = at++;
      const bucket = this.#byPrefix.get(text.slice(here, here + MIN_LITERAL));
      if (bucket === undefined) continue;
      for (const entry of bucket) left -= entry.text.length;
      const [first] = bucket;
      if (left < 0 && first !== undefined) return [...found, { start: here, end: text.length, value: first.value }];
      const match = longestAt(bucket, text, here);
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

/** By hash of a block: how much less than the farthest a window may move that ends with it. */
interface Moves {
  readonly less: Uint8Array;
  readonly bits: number;
}

const MANY = 100;

function movesOf(prefixes: Iterable<string>, count: number): Moves {
  const bits = count < MANY ? 12 : 16;
  const less = new Uint8Array(1 << bits);
  for (const prefix of prefixes) {
    for (let at = 0; at < FARTHEST; at++) {
      const block = hash(prefix, at, bits);
      less[block] = Math.max(less[block] ?? 0, at + 1);
    }
  }
  return { less, bits };
}

function hash(text: string, at: number, bits: number): number {
  const value = Math.imul(text.charCodeAt(at), 961) + Math.imul(text.charCodeAt(at + 1), 31) + text.charCodeAt(at + 2);
  return Math.imul(value, 0x9e3779b1) >>> (32 - bits);
}
