/**
 * Contract: documents are told apart by everything but the names of their tokens, and no text can be written that makes
 * two different documents look alike.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberTokens, renameTokens } from './placeholders.ts';

const token = fc.stringMatching(/^[0-9a-f]{8}$/);
/** Pieces from which someone would try to forge a numbered text. */
const piece = fc.oneof(
  token.map((word) => `[REDACTED:api_key:${word}]`),
  fc.constantFrom('[REDACTED:api_key:0]', '[REDACTED:api_key:', '\0', '0', '1', ']', 'text', '"', '\\', 'deadbeef'),
  fc.string({ maxLength: 5 }),
);
/** What a ledger's document is: JSON of some text. */
const document = fc.array(piece, { maxLength: 8 }).map((pieces) => JSON.stringify(pieces.join('')));

describe('numbers in place of tokens', () => {
  it('are the same for documents that differ in their tokens alone', () => {
    const text = (a: string, b: string) =>
      `{"t":"[REDACTED:api_key:${a}] and [REDACTED:payment_card:${b}], again [REDACTED:api_key:${a}]"}`;
    expect(numberTokens(text('0123abcd', 'ffffffff')).text).toBe(numberTokens(text('99999999', '00000000')).text);
    expect(numberTokens(text('0123abcd', 'ffffffff')).tokens).toEqual(['0123abcd', 'ffffffff']);
  });

  it.each([
    [
      'which secrets are equal',
      '[REDACTED:k:aaaaaaaa][REDACTED:k:aaaaaaaa]',
      '[REDACTED:k:aaaaaaaa][REDACTED:k:bbbbbbbb]',
    ],
    ['what kind they are', '[REDACTED:a:aaaaaaaa]', '[REDACTED:b:aaaaaaaa]'],
    ['a number that someone wrote', '[REDACTED:a:aaaaaaaa]', '[REDACTED:a:0]'],
    ['an escape that someone wrote', '[REDACTED:a:aaaaaaaa]', '[REDACTED:a:\\u00000]'],
    ['all other text', 'aaaaaaaa', 'bbbbbbbb'],
  ])('tell apart %s', (_, a, b) => {
    expect(numberTokens(a).text).not.toBe(numberTokens(b).text);
  });

  it('for every two documents: alike exactly when renaming makes one into the other', () => {
    fc.assert(
      fc.property(document, document, (a, b) => {
        const [one, two] = [numberTokens(a), numberTokens(b)];
        if (one.text !== two.text) return;
        const back = (numbered: string, names: readonly string[]) =>
          numbered.replace(/\0(\d+)/g, (_, index: string) => names[Number(index)] ?? '');
        expect(back(one.text, two.tokens)).toBe(b);
      }),
    );
  });

  it('for every document and every renaming of its tokens: alike', () => {
    fc.assert(
      fc.property(document, fc.uniqueArray(token, { minLength: 8, maxLength: 8 }), (text, names) => {
        const numbered = numberTokens(text);
        const renamed = numbered.text.replace(/\0(\d+)/g, (_, index: string) => names[Number(index)] ?? '');
        expect(numberTokens(renamed).text).toBe(numbered.text);
      }),
    );
  });
});

it('tokens of an answer become those of another document, also when names cross', () => {
  const answer = '{"quote":"[REDACTED:k:aaaaaaaa] then bbbbbbbb","analysis":"xaaaaaaaa stays"}';
  expect(renameTokens(answer, ['aaaaaaaa', 'bbbbbbbb'], ['bbbbbbbb', 'cccccccc'])).toBe(
    '{"quote":"[REDACTED:k:bbbbbbbb] then cccccccc","analysis":"xaaaaaaaa stays"}',
  );
});
