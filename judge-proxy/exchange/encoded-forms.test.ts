/** Contract: whatever stands around a secret, its text encoded once holds one of the forms. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodedForms } from './encoded-forms.ts';

const secrets = fc.string({ minLength: 8, maxLength: 60, unit: 'grapheme' });
const around = fc.string({ maxLength: 20, unit: 'grapheme' });

const CODINGS: readonly [string, (text: string) => string][] = [
  ['JSON', (text) => JSON.stringify(text)],
  ['JSON in JSON', (text) => JSON.stringify(JSON.stringify(text))],
  ['percent', (text) => encodeURIComponent(text)],
  ['hex', (text) => Buffer.from(text).toString('hex')],
  ['HEX', (text) => Buffer.from(text).toString('hex').toUpperCase()],
  ['base64', (text) => Buffer.from(text).toString('base64')],
  ['base64url', (text) => Buffer.from(text).toString('base64url')],
];

it.each(CODINGS)('%s', (_, encode) => {
  fc.assert(
    fc.property(secrets, around, around, (secret, before, after) => {
      const encoded = encode(before + secret + after);
      expect([secret, ...encodedForms(secret)].some((form) => encoded.includes(form))).toBe(true);
    }),
    { numRuns: 300 },
  );
});

it('a secret that was escaped is found as it was', () => {
  expect(encodedForms(String.raw`line\nbreak and \"quote`)).toContain('line\nbreak and "quote');
});
