/**
 * What stands on the joints of a conversation: an order to the judge that is dealt out over several messages reads whole
 * to a model and in pieces to a rule. Only the ends of texts are joined, so the work is bounded by their number.
 */

/** Characters of each end; more than any pattern spans. */
const END = 300;
/** Characters that are joined in all. */
const MOST = 262_144;

export interface Joined {
  readonly text: string;
  /** Offsets into `text` at which one text ends and the next begins, ascending. */
  readonly joints: readonly number[];
}

/** @returns the ends of all texts in one, once with a space at each joint and once without */
export function joined(texts: readonly string[]): Joined[] {
  const ends = texts.map((text) => (text.length <= 2 * END ? text : `${text.slice(0, END)}${GAP}${text.slice(-END)}`));
  return texts.length < 2 ? [] : [' ', ''].map((glue) => glued(ends, glue));
}

/** Wider than what any pattern bridges. */
const GAP = '\n'.repeat(500);

function glued(ends: readonly string[], glue: string): Joined {
  const kept: string[] = [];
  const joints: number[] = [];
  let length = 0;
  for (const end of ends) {
    if (length + end.length > MOST) break;
    if (kept.length > 0) joints.push(length);
    kept.push(end);
    length += end.length + glue.length;
  }
  return { text: kept.join(glue), joints };
}

/** True when a joint lies within the range: no single text holds it. */
export function spansJoint(joints: readonly number[], start: number, end: number): boolean {
  let low = 0;
  let high = joints.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((joints[middle] ?? 0) > start) high = middle;
    else low = middle + 1;
  }
  return (joints[low] ?? Number.POSITIVE_INFINITY) < end;
}
