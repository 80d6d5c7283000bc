/**
 * The clean form of a text reads as the text does; every range of it leads back to the characters it came from, so
 * that what is found in one form is taken out of the other.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanText } from './clean-text.ts';

describe('reads as a reader does', () => {
  it.each([
    ['ASCII', 'plain text\n', 'plain text\n'],
    ['accents', 'déjà vu', 'déjà vu'],
    ['emoji', '😀', '😀'],
    ['full-width letters', 'ｓｋ－１', 'sk-1'],
    ['ligatures', 'ﬁle', 'file'],
    ['zero-width characters', 'a\u200bb\u2060c\ufeffd', 'abcd'],
    ['soft hyphens', 'pass\u00adword', 'password'],
    ['bidi controls', '\u202eabc\u202c', 'abc'],
    ['tag characters', 'a\u{e0041}b', 'ab'],
    ['variation selectors', '❤\ufe0f', '❤'],
  ])('%s', (_, original, clean) => expect(cleanText(original).text).toBe(clean));
});

it('knows when nothing changed', () => {
  expect(cleanText('plain').same).toBe(true);
  expect(cleanText('déjà vu, 這是, עברית').same).toBe(true);
  expect(cleanText('a\u200bb').same).toBe(false);
});

const characters = fc.constantFrom('a', 'é', '😀', '\u200b', 'ﬁ', 'ｓ', '\ufdfa', '\u{e0041}', '\ud800', '\udc00', ' ');
const texts = fc.oneof(
  fc.string({ unit: characters, maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes)),
);

describe('offsets', () => {
  it('lead from each range to the original that made it', () => {
    fc.assert(
      fc.property(texts, fc.nat(200), fc.nat(200), (original, a, b) => {
        const clean = cleanText(original);
        const start = Math.min(a, b, clean.text.length);
        const end = Math.min(Math.max(a, b), clean.text.length);
        const range = clean.original(start, end);
        if (start === end) return;
        expect(range.start).toBeLessThan(range.end);
        expect(range.end).toBeLessThanOrEqual(original.length);
        expect(cleanText(original.slice(range.start, range.end)).text).toContain(clean.text.slice(start, end));
      }),
      { numRuns: 1_000 },
    );
  });

  it('keep order', () => {
    fc.assert(
      fc.property(texts, (original) => {
        const clean = cleanText(original);
        let last = 0;
        for (let at = 0; at < clean.text.length; at++) {
          const { start } = clean.original(at, at + 1);
          expect(start).toBeGreaterThanOrEqual(last);
          last = start;
        }
      }),
    );
  });
});

it('bounds the growth of characters that unfold', () => {
  const original = '\ufdfa'.repeat(100_000);
  expect(cleanText(original).text.length).toBeLessThanOrEqual(original.length + 65_536);
});
