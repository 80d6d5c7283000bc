/**
 * Contract: a text is shown with nothing lost and nothing hidden: pieces put together are the text, but for carriage
 * returns before line feeds; no piece of plain text holds a character that cannot be seen; marks cover exactly their range.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Mark, piecesOf, runsOf } from './visible-text.ts';

const shown = (text: string) =>
  piecesOf(text).map((piece) => (piece.type === 'text' ? piece.text : `{${piece.shown}}`));

describe('piecesOf', () => {
  it.each([
    ['plain text\n\twith a tab', ['plain text\n\twith a tab']],
    ['a\r\nb', ['a', '\nb']],
    ['a\rb', ['a', '{␍}', 'b']],
    ['\u001b[31mred', ['{␛[31m}', 'red']],
    ['\u001b]0;title\u0007', ['{␛}', ']0;title', '{␇}']],
    ['safe\u202egpj.exe', ['safe', '{U+202E}', 'gpj.exe']],
    ['a\u200bb', ['a', '{U+200B}', 'b']],
    ['tag\u{e0041}', ['tag', '{U+E0041}']],
    ['\u{fe01}', ['{U+FE01}']],
    ['half \ud83d', ['half ', '{U+D83D}']],
    ['👩‍💻 ❤️', ['👩‍💻 ❤️']],
    ['a\u200db', ['a', '{U+200D}', 'b']],
    ['مرحبا', ['مرحبا']],
    ['\u3164', ['{U+3164}']],
  ])('%j', (text, expected) => {
    expect(shown(text)).toEqual(expected);
  });

  it('names what it shows', () => {
    expect(piecesOf('\u202e')).toMatchObject([{ name: 'U+202E RIGHT-TO-LEFT OVERRIDE' }]);
  });

  it('loses nothing and hides nothing', () => {
    const text = fc.string({
      maxLength: 30,
      unit: fc.oneof(
        fc.constantFrom('\u202e', '\u001b[1m', '\r', '\n', '\u200d', 'é'),
        fc.string({ unit: 'binary', maxLength: 1 }),
      ),
    });
    fc.assert(
      fc.property(text, (given) => {
        const pieces = piecesOf(given);
        expect(pieces.map((piece) => piece.text).join('')).toBe(given.replaceAll('\r\n', '\n'));
        for (const piece of pieces) {
          expect(given.startsWith(piece.text, piece.at)).toBe(true);
          if (piece.type === 'text')
            expect(piece.text.replaceAll(/\n|\t|\u200d|\ufe0f/g, '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
        }
      }),
    );
  });
});

describe('runsOf', () => {
  const mark = (id: string, start: number, end: number): Mark => ({ id, start, end, kind: 'evidence' });

  it('cuts where marks begin and end, also where they overlap', () => {
    const runs = runsOf('abcdef', [mark('one', 1, 4), mark('two', 3, 5)]);
    expect(runs.map(({ at, marks }) => [at, marks.map(({ id }) => id)])).toEqual([
      [0, []],
      [1, ['one']],
      [3, ['one', 'two']],
      [4, ['two']],
      [5, []],
    ]);
  });

  it('cuts marks to the text, and drops those beyond it', () => {
    const runs = runsOf('abc', [mark('long', 2, 99), mark('beyond', 5, 9), mark('empty', 1, 1)]);
    expect(runs.map(({ at, marks }) => [at, marks.map(({ id }) => id)])).toEqual([
      [0, []],
      [2, ['long']],
    ]);
  });
});
