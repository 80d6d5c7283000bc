/** Text in base64 is read once, whichever alphabet and wherever it stands; what is no text is left alone. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodedRuns } from './encoded.ts';

it('decodes readable runs at any offset', () => {
  const message = fc.string({ minLength: 20, maxLength: 200, unit: fc.constantFrom(...'abcDEF 123.,') });
  fc.assert(
    fc.property(message, fc.nat(60), fc.constantFrom('base64', 'base64url'), (text, offset, alphabet) => {
      const run = Buffer.from(text).toString(alphabet).replace(/=+$/, '');
      const before = 'x '.repeat(offset);
      const found = encodedRuns(`${before}${run} after`);
      if (!/[a-z]/.test(run) || !/[A-Z]/.test(run)) return;
      expect(found).toEqual([{ start: before.length, end: before.length + run.length, decoded: text }]);
    }),
  );
});

it.each([
  ['prose', 'A sentence of several ordinary words, and another one.'],
  ['a short run', 'SGVsbG8gd29ybGQ'],
  ['binary data', Buffer.from(Array.from({ length: 64 }, (_, index) => (index * 37) % 256)).toString('base64')],
  ['hex', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
  ['a path', '/usr/share/doc/packages/somewhere/else'],
])('leaves %s', (_, text) => expect(encodedRuns(text)).toEqual([]));

it('tries a bounded number of runs', () => {
  const run = Buffer.from('a readable text of some length').toString('base64url');
  expect(encodedRuns(`${run} `.repeat(1_000))).toHaveLength(64);
});
