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
      const found = encodedRuns(`${before}${run} after`).runs;
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
])('leaves %s', (_, text) => expect(encodedRuns(text)).toEqual({ runs: [], read: text.length }));

const RUN = Buffer.from('a readable text of some length').toString('base64url');

it('reads every run of a long conversation', () => {
  const text = `${RUN} `.repeat(1_000);
  expect(encodedRuns(text).runs).toHaveLength(1_000);
  expect(encodedRuns(text).read).toBe(text.length);
});

it('reads a long run to its end, whatever characters a bound would cut', () => {
  const long = `${'\u00e9\u4f60'.repeat(50_000)} the end`;
  const [run] = encodedRuns(Buffer.from(`a${long}`).toString('base64')).runs;
  expect(run?.decoded.endsWith('the end')).toBe(true);
});

it('says where it stopped when there are more runs than it reads', () => {
  const { runs, read } = encodedRuns(`${RUN} `.repeat(20_001));
  expect(runs).toHaveLength(20_000);
  expect(read).toBe(20_000 * (RUN.length + 1));
});

it('says where it stopped when a run is longer than it decodes', () => {
  const { runs, read } = encodedRuns(`${RUN} ${Buffer.from('text '.repeat(700_000)).toString('base64url')}`);
  expect(runs).toHaveLength(1);
  expect(read).toBe(RUN.length + 1);
});
