/**
 * Contract: a cookie or token counts only in its exact form, and one that is there and not in its form is malformed, never
 * absent: it must not be passed over for another credential.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NAMES, readBearer, readCookie, sha256 } from './credentials.ts';

const ID = `${'A'.repeat(21)}-_${'z9'.repeat(10)}`;
const TOKEN = `jp_${'0123456789abcdef'}_${ID}`;
const NAME = NAMES.secure;

describe('Cookie', () => {
  test.each([
    [undefined, 'absent'],
    ['', 'absent'],
    ['other=1', 'absent'],
    [`${NAMES.plain}=${ID}`, 'absent'], // of the other scheme
    [`x${NAME}=${ID}`, 'absent'],
    [`${NAME.toUpperCase()}=${ID}`, 'absent'], // names are case-sensitive
    [`${NAME}`, 'absent'],
    [`${NAME}=${ID}`, 'found'],
    [`a=b; ${NAME}=${ID}; c=d`, 'found'],
    [`a=b;${NAME}=${ID}`, 'found'],
    [`${NAME}=`, 'malformed'],
    [`${NAME}="${ID}"`, 'malformed'],
    [`${NAME}=${ID}A`, 'malformed'],
    [`${NAME}=${ID.slice(1)}`, 'malformed'],
    [`${NAME}=${ID.slice(1)}=`, 'malformed'],
    [`${NAME}=${ID}; ${NAME}=${ID}`, 'malformed'], // cookie tossing
    [`${NAME}=${ID}, ${NAME}=${ID}`, 'malformed'],
  ])('%j: %s', (header, kind) => {
    expect(readCookie(header, NAME).kind).toBe(kind);
  });

  test('the id, and its SHA-256', () => {
    expect(readCookie(`${NAME}=${ID}`, NAME)).toEqual({ kind: 'found', id: ID, sha256: sha256(ID) });
  });
});

describe('Authorization', () => {
  test.each([
    [undefined, 'absent'],
    [`Bearer ${TOKEN}`, 'found'],
    [`bearer ${TOKEN}`, 'found'], // RFC 9110 §11.1: schemes are case-insensitive
    [`BEARER  ${TOKEN}`, 'found'],
    ['', 'malformed'],
    ['Bearer', 'malformed'],
    ['Bearer ', 'malformed'],
    [`Bearer ${TOKEN} `, 'malformed'],
    [`Bearer ${TOKEN},Bearer ${TOKEN}`, 'malformed'],
    [`Basic ${TOKEN}`, 'malformed'],
    [TOKEN, 'malformed'],
    [`Bearer ${TOKEN.toUpperCase()}`, 'malformed'],
    [`Bearer ${TOKEN}A`, 'malformed'],
    [`Bearer ${TOKEN.replace('jp_', 'jq_')}`, 'malformed'],
    [`Bearer sk-proj-${ID}`, 'malformed'],
  ])('%j: %s', (header, kind) => {
    expect(readBearer(header).kind).toBe(kind);
  });

  test('the id of the token, and the SHA-256 of all of it', () => {
    expect(readBearer(`Bearer ${TOKEN}`)).toEqual({
      kind: 'found',
      id: 'jp_0123456789abcdef',
      sha256: sha256(TOKEN),
    });
  });
});

describe('any header', () => {
  const part = fc.constantFrom(NAME, NAMES.plain, '=', ';', ' ', ID, TOKEN, 'Bearer', '"', ',', '\u0000', 'ü');
  const header = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
  );

  test('is read without an error, and found only with exactly one id in its form', () => {
    fc.assert(
      fc.property(header, (text) => {
        const cookie = readCookie(text, NAME);
        if (cookie.kind === 'found') {
          expect(text).toContain(`${NAME}=${cookie.id}`);
          expect(cookie.id).toMatch(/^[A-Za-z0-9_-]{43}$/);
        }
        const bearer = readBearer(text);
        if (bearer.kind === 'found') expect(text.toLowerCase()).toMatch(/^bearer +jp_[0-9a-z]{16}_[a-z0-9_-]{43}$/);
        else expect(bearer.kind).toBe('malformed');
      }),
    );
  });
});
