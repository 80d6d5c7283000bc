/** Words of people never become operators: whatever is typed is asked for as text, and nothing makes FTS5 or SQL fail. */

import { DatabaseSync } from 'node:sqlite';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchOf, snippetOf } from './search-words.ts';
import { HIT_END, HIT_START, PART_END } from './transcript-words.ts';
import { TOKENIZER } from './word-parts.ts';

const db = new DatabaseSync(':memory:');
db.exec(`CREATE VIRTUAL TABLE words USING fts5 (text, content = '', columnsize = 0, ${TOKENIZER})`);
const insert = db.prepare('INSERT INTO words (rowid, text) VALUES (?, ?)');
insert.run(1, 'the quick brown fox');
insert.run(2, 'fox NOT dog or NEAR and text');
const search = (match: string) =>
  db
    .prepare('SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid')
    .all(match)
    .map(({ rowid }) => rowid);

describe('what is typed', () => {
  it.each([
    ['fox', '"fox"', [1, 2]],
    ['brown  fox', '"brown" AND "fox"', [1]],
    ['"brown fox"', '"brown fox"', [1]],
    ['"fox brown"', '"fox brown"', []],
    ['fox NOT dog', '"fox" AND "NOT" AND "dog"', [2]],
    ['fox OR cat', '"fox" AND "OR" AND "cat"', []],
    ['NEAR(fox dog)', '"NEAR(fox" AND "dog)"', []],
    ['text:fox', '"text:fox"', []],
    ['fo*', '"fo*"', []],
    ['^the', '"^the"', [1]],
    ['{text}: fox', '"{text}:" AND "fox"', [2]],
    ['"open quote', '"open quote"', []],
    ["fox'; DROP TABLE words; --", `"fox';" AND "DROP" AND "TABLE" AND "words;"`, []],
  ])('%s is a question for its words', (q, match, found) => {
    expect(matchOf(q)).toBe(match);
    expect(search(match)).toEqual(found);
  });

  it.each(['', ' ', '"', '""', '*', '-- !', '\0'])('%j asks for nothing that could be found', (q) => {
    expect(matchOf(q)).toBeNull();
  });

  it('never fails, and never means more than its words', () => {
    const pieces = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '"',
        '""',
        ' AND ',
        ' OR ',
        'NEAR/2',
        '*',
        '^',
        ':',
        '(',
        ')',
        '{',
        '+',
        '-',
        "'",
        '\0',
        '\ud800',
        'fox',
      ),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (some) => {
        const match = matchOf(some.join(''));
        if (match === null) return;
        // Strings and AND are all that FTS5 is ever given.
        expect(match.replaceAll(/"[^"]*"/g, '_')).toMatch(/^_( AND _)*$/);
        search(match);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a snippet', () => {
  it('is text with the places of its hits, and has no marks', () => {
    const marked = `a ${HIT_START}b c${HIT_END} ${PART_END} <i>${HIT_START}d${HIT_END}`;
    const { text, hits } = snippetOf(marked);
    expect(text).toBe('a b c \n <i>d');
    expect(hits.map(([start, end]) => text.slice(start, end))).toEqual(['b c', 'd']);
  });
});
