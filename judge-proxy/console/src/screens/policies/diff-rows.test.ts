/** What is shown as a difference gives back both texts, word for word; equal texts show nothing. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DiffRow, diffCounts, diffRows, folded } from './diff-rows.ts';

const side = (rows: readonly DiffRow[], which: 'left' | 'right') =>
  rows.flatMap((row) => {
    const half = row[which];
    return half === null ? [] : [half.pieces.map(({ text }) => text).join('')];
  });

describe('rows', () => {
  it('put a changed line beside what it was, with the words that changed', () => {
    const rows = diffRows('a: 1\nthreshold: 2\n', 'a: 1\nthreshold: 3\n');
    expect(rows.map(({ kind }) => kind)).toEqual(['same', 'changed']);
    expect(rows[1]?.left?.pieces.filter(({ changed }) => changed)).toEqual([{ text: '2', changed: true }]);
    expect(rows[1]?.right?.pieces.filter(({ changed }) => changed)).toEqual([{ text: '3', changed: true }]);
    expect(diffCounts(rows)).toEqual({ added: 1, removed: 1 });
  });

  it('leave the other side empty where a line came or went', () => {
    expect(diffRows('a\nb\n', 'a\n')[1]).toMatchObject({ left: { line: 2 }, right: null });
    expect(diffRows('a\n', 'a\nb\n')[1]).toMatchObject({ left: null, right: { line: 2 } });
  });

  it.each([
    ['', ''],
    ['a\n', 'a\n'],
    ['a', 'a\n'],
    ['a\r\nb', 'a\nb'],
  ])('%j and %j are equal', (before, after) => {
    expect(diffRows(before, after)).toEqual([]);
  });

  it('do not compare a long line word by word', () => {
    const rows = diffRows(`${'a '.repeat(50_000)}x`, `${'a '.repeat(50_000)}y`);
    expect(rows[0]?.left?.pieces).toHaveLength(1);
  });

  it('hold both texts in full, numbered without gaps', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c: 1', 'c: 2', ''), { maxLength: 30 })
      .map((all) => all.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const rows = diffRows(before, after);
        if (rows.length === 0) {
          expect(before.replace(/\n$/, '')).toBe(after.replace(/\n$/, ''));
          return;
        }
        expect(side(rows, 'left').join('\n')).toBe(before.replace(/\n$/, ''));
        expect(side(rows, 'right').join('\n')).toBe(after.replace(/\n$/, ''));
        const numbers = rows.flatMap(({ left }) => (left === null ? [] : [left.line]));
        expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      }),
    );
  });
});

it('equal lines far from a change are folded, and counted', () => {
  const before = Array.from({ length: 20 }, (_, index) => `line ${index}`).join('\n');
  const shown = folded(diffRows(before, before.replace('line 10', 'other')), 2);
  expect(shown.map(({ kind }) => kind)).toEqual(['fold', 'same', 'same', 'changed', 'same', 'same', 'fold']);
  expect(shown.filter((row) => row.kind === 'fold').map(({ lines }) => lines)).toEqual([8, 7]);
});
