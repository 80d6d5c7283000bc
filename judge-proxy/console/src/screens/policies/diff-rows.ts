/** Two texts compared, as rows that a screen can show: side by side or one below the other, long equal stretches folded. */

import { diffArrays, diffWordsWithSpace } from 'diff';

export interface Piece {
  readonly text: string;
  /** It is what changed within the line. */
  readonly changed: boolean;
}

export interface DiffSide {
  /** From 1. */
  readonly line: number;
  readonly pieces: readonly Piece[];
}

/** `left` is null for a line that was added, `right` for one that was removed; both differ in a line that was changed. */
export interface DiffRow {
  readonly kind: 'same' | 'changed';
  readonly left: DiffSide | null;
  readonly right: DiffSide | null;
}

/** So many equal lines, which are not shown. */
export interface Fold {
  readonly kind: 'fold';
  readonly lines: number;
}

/** Beyond this many characters a line is not compared word by word: the comparison is quadratic. */
const LONGEST_LINE = 2_000;

/** @returns rows in order; none when both are equal line by line */
export function diffRows(before: string, after: string): readonly DiffRow[] {
  const rows: DiffRow[] = [];
  let [left, right] = [1, 1];
  let removed: string[] = [];
  const flush = (added: readonly string[]) => {
    for (let index = 0; index < Math.max(removed.length, added.length); index += 1) {
      const [was, is] = [removed[index], added[index]];
      const pieces = was === undefined || is === undefined ? null : words(was, is);
      rows.push({
        kind: 'changed',
        left: was === undefined ? null : { line: left++, pieces: pieces?.left ?? whole(was) },
        right: is === undefined ? null : { line: right++, pieces: pieces?.right ?? whole(is) },
      });
    }
    removed = [];
  };
  for (const { value, added, removed: gone } of diffArrays(lines(before), lines(after))) {
    if (gone) removed = value;
    else if (added) flush(value);
    else {
      flush([]);
      for (const text of value) {
        const pieces = [{ text, changed: false }];
        rows.push({ kind: 'same', left: { line: left++, pieces }, right: { line: right++, pieces } });
      }
    }
  }
  flush([]);
  return rows.some(({ kind }) => kind === 'changed') ? rows : [];
}

/** The same with equal lines left out that are further than `context` lines from a change. */
export function folded(rows: readonly DiffRow[], context: number): readonly (DiffRow | Fold)[] {
  const near = rows.map(() => false);
  rows.forEach((row, index) => {
    if (row.kind === 'same') return;
    near.fill(true, Math.max(0, index - context), index + context + 1);
  });
  const shown: (DiffRow | Fold)[] = [];
  let away = 0;
  rows.forEach((row, index) => {
    if (near[index] !== true) {
      away += 1;
      return;
    }
    if (away > 0) shown.push({ kind: 'fold', lines: away });
    away = 0;
    shown.push(row);
  });
  if (away > 0) shown.push({ kind: 'fold', lines: away });
  return shown;
}

/** How many lines came and went. */
export function diffCounts(rows: readonly DiffRow[]): { readonly added: number; readonly removed: number } {
  const changed = rows.filter(({ kind }) => kind === 'changed');
  return {
    added: changed.filter(({ right }) => right !== null).length,
    removed: changed.filter(({ left }) => left !== null).length,
  };
}

/** A line break at the end ends the last line and makes no other. */
function lines(text: string): string[] {
  return text === '' ? [] : text.replace(/\r\n/g, '\n').replace(/\n$/, '').split('\n');
}

const whole = (text: string): readonly Piece[] => [{ text, changed: true }];

function words(before: string, after: string): { readonly left: readonly Piece[]; readonly right: readonly Piece[] } {
  if (before.length + after.length > LONGEST_LINE) return { left: whole(before), right: whole(after) };
  const parts = diffWordsWithSpace(before, after);
  const side = (kind: 'added' | 'removed') =>
    parts
      .filter((part) => !part[kind])
      .map(({ value, added, removed }) => ({ text: value, changed: added || removed }));
  return { left: side('added'), right: side('removed') };
}
