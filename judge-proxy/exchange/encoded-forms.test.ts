/** Contract: whatever stands around a secret, its text encoded once holds one of the forms. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodedForms } from './encoded-forms.ts';

const secrets = fc.string({ minLength: 8, maxLength: 60, unit: 'grapheme' });
const around = fc.string({ maxLength: 20, unit: 'grapheme' });

const hex4 = (character: string) => character.charCodeAt(0).toString(16).padStart(4, '0');
/** As Python's json.dumps, PHP's json_encode, Go's encoding/json and .NET's System.Text.Json write a text by default. */
const python = (text: string) => JSON.stringify(text).replace(/[^ -~]/g, (c) => `\\u${hex4(c)}`);
const php = (text: string) => python(text).replaceAll('/', '\\/');
const go = (text: string) => JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${hex4(c)}`);
const dotnet = (text: string) =>
  `"${JSON.stringify(text)
    .slice(1, -1)
    .replace(/\\\\|\\"/g, (pair) => (pair === '\\"' ? '\\u0022' : pair))
    .replace(/[^ -~]|[&'+<>`]/g, (c) => `\\u${hex4(c).toUpperCase()}`)}"`;

const CODINGS: readonly [string, (text: string) => string][] = [
  ['JSON', (text) => JSON.stringify(text)],
  ['JSON in JSON', (text) => JSON.stringify(JSON.stringify(text))],
  ...[python, php, go, dotnet].flatMap((write): (typeof CODINGS)[number][] => [
    [write.name, write],
    [`${write.name} in JSON`, (text) => JSON.stringify(write(text))],
  ]),
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

it.each(CODINGS)('%s, of what programs escape', (_, encode) => {
  for (const secret of ['abc+def/ghi==', "p&ss<w>ord'1", 'zügel-paß-1', 'a`b"c\\d/é+f']) {
    const encoded = encode(`key: ${secret} .`);
    expect(
      [secret, ...encodedForms(secret)].some((form) => encoded.includes(form)),
      secret,
    ).toBe(true);
  }
});

it('a secret that was escaped is found as it was', () => {
  expect(encodedForms(String.raw`line\nbreak and \"quote`)).toContain('line\nbreak and "quote');
});

it('no form is shorter than the secret, unless escapes are taken off it', () => {
  const plain = secrets.map((text) => text.replaceAll('\\', '/'));
  fc.assert(
    fc.property(plain, (secret) => {
      expect(encodedForms(secret).filter((form) => form.length < secret.length)).toEqual([]);
    }),
  );
});
