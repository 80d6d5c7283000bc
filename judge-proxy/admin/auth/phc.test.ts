/** Contract: exactly the texts that formatPhc writes are read, with the bounds of the form; everything else is null. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatPhc, parsePhc } from './phc.ts';

/** From the tests of the reference implementation (github.com/P-H-C/phc-winner-argon2, test.c). */
const REFERENCE = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

test('the reference', () => {
  expect(parsePhc(REFERENCE)).toMatchObject({ memory: 65_536, passes: 2, parallelism: 1 });
  expect(Buffer.from(parsePhc(REFERENCE)?.salt ?? []).toString()).toBe('somesalt');
});

test.each([
  [''],
  ['$argon2id$'],
  [REFERENCE.replace('argon2id', 'argon2i')],
  [REFERENCE.replace('argon2id', 'argon2d')],
  [REFERENCE.replace('v=19', 'v=16')],
  [REFERENCE.replace('$v=19', '')],
  [REFERENCE.replace('m=65536', 'm=065536')],
  [REFERENCE.replace('m=65536', 'm=7')], // less than 8 KiB a lane
  [REFERENCE.replace('m=65536', 'm=262145')], // more than the bound
  [REFERENCE.replace('m=65536', 'm=99999999999')],
  [REFERENCE.replace('t=2', 't=0')],
  [REFERENCE.replace('t=2', 't=100')],
  [REFERENCE.replace('p=1', 'p=0')],
  [REFERENCE.replace('p=1', 'p=1,keyid=x')],
  [REFERENCE.replace('m=65536,t=2', 't=2,m=65536')],
  [REFERENCE.replace('c29tZXNhbHQ', '')],
  [REFERENCE.replace('c29tZXNhbHQ', 'c29tZXNhbHQ=')], // padded
  [REFERENCE.replace('c29tZXNhbHQ', 'c29tZXNhbHR')], // bits behind the last byte
  [REFERENCE.replace('c29tZXNhbHQ', 'c29tZXNhbH-')],
  [`${REFERENCE}\n`],
  [` ${REFERENCE}`],
  [`${REFERENCE}$x`],
  ['$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW'],
])('%j is refused', (text) => {
  expect(parsePhc(text)).toBeNull();
});

describe('any', () => {
  test('hash comes back as it went', () => {
    const hash = fc.record({
      memory: fc.integer({ min: 72, max: 262_144 }),
      passes: fc.integer({ min: 1, max: 99 }),
      parallelism: fc.integer({ min: 1, max: 9 }),
      salt: fc.uint8Array({ minLength: 9, maxLength: 64 }),
      tag: fc.uint8Array({ minLength: 17, maxLength: 64 }),
    });
    fc.assert(
      fc.property(hash, (given) => {
        const read = parsePhc(formatPhc(given));
        expect(read && { ...read, salt: new Uint8Array(read.salt), tag: new Uint8Array(read.tag) }).toEqual(given);
      }),
    );
  });

  test('text is null, or exactly what its hash is written as', () => {
    const part = fc.constantFrom(
      '$',
      'argon2id',
      'v=19',
      'm=64',
      ',t=1',
      ',p=1',
      'c29tZXNhbHQ',
      'A'.repeat(43),
      '=',
      'x',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 14 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        const read = parsePhc(given);
        expect(read === null || formatPhc(read) === given).toBe(true);
      }),
    );
  });
});
