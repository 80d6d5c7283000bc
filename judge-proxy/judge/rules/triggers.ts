/** By which words a pattern is looked for. A pattern costs its time around them and nothing elsewhere. */

export interface Trigger {
  /** Words in lower case; one of each list stands in every match, parts of words count. */
  readonly words: readonly (readonly string[])[];
  /** Most characters between the beginnings of the words of both lists, and from either to the ends of the match. */
  readonly reach: number;
}

/** More than any pattern spans on either side of a word of it. */
const REACH = 320;

/** Any of `words`. */
export function alone(...words: readonly string[]): Trigger {
  return { words: [words], reach: REACH };
}

/** Any of `first` and any of `second`, in whatever order. */
export function near(first: readonly string[], second: readonly string[], reach: number = REACH): Trigger {
  return { words: [first, second], reach };
}

/** Each of `first` with each of `second` behind it. */
export function pairs(first: readonly string[], second: readonly string[]): string[] {
  return first.flatMap((start) => second.map((end) => start + end));
}
