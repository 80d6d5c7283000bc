/** Contract: what a header holds that is a secret, by name and scheme; nothing short, no more than is bounded. */

import { describe, expect, it } from 'vitest';
import type { SecretHeader } from './known-secret.ts';
import { headerSecrets, secretHeaderNames } from './secret-headers.ts';

const texts = (...headers: SecretHeader[]) => headerSecrets(headers).map(({ text }) => text);
const basic = Buffer.from('alice:correct horse').toString('base64');

describe('values', () => {
  it.each<[SecretHeader, readonly string[]]>([
    [['authorization', 'Bearer abcdefgh12'], ['abcdefgh12']],
    [['authorization', 'raw-token-value'], ['raw-token-value']],
    [
      ['authorization', `Basic ${basic}`],
      [basic, 'alice:correct horse', 'correct horse'],
    ],
    [
      ['authorization', 'Digest username="a", response="0123456789abcdef"'],
      ['username="a", response="0123456789abcdef"', '0123456789abcdef'],
    ],
    [
      ['cookie', 'theme=dark; session="s3ss10n-value"; other=abcdefghij'],
      ['s3ss10n-value', 'abcdefghij'],
    ],
    [['set-cookie', 'sid=0123456789; Path=/abcdefghij; HttpOnly'], ['0123456789']],
    [
      ['cookie', 'session=s%2Fess%2B10n-value; broken=%zz-abcdefgh'],
      ['s%2Fess%2B10n-value', 's/ess+10n-value', '%zz-abcdefgh'],
    ],
    [['x-tenant', ' spaced-value '], ['spaced-value']],
    [['x-tenant', 'short'], []],
    [['cookie', ''], []],
  ])('%j', (header, expected) => {
    expect(texts(header)).toEqual(expected);
  });

  it('carry the name of their header as type', () => {
    expect(headerSecrets([['x-api-key', 'abcdefghij']])).toEqual([{ text: 'abcdefghij', type: 'header_x_api_key' }]);
  });

  it('are bounded in number and length', () => {
    const many = Array.from({ length: 500 }, (_, index): SecretHeader => ['x-a', `value-number-${index}`]);
    expect(texts(...many)).toHaveLength(64);
    expect(texts(['x-a', 'a'.repeat(100_000)])[0]).toHaveLength(4_096);
  });

  it('of the last cookie are among them, however long those before it are', () => {
    expect(texts(['cookie', `big=${'a'.repeat(5_000)}; session=s3ss10n-value`])).toContain('s3ss10n-value');
  });

  it('of cookies do not crowd out those of other headers', () => {
    const many = Array.from({ length: 100 }, (_, index) => `c${index}=value-number-${index}`).join('; ');
    const found = texts(['cookie', many], ['authorization', 'Bearer abcdefgh12'], ['set-cookie', 'a=0123456789']);
    expect(found).toHaveLength(64);
    expect(found[0]).toBe('abcdefgh12');
  });
});

it('names of an operator are added to those of credentials, in any case', () => {
  const names = secretHeaderNames(['X-Tenant-Token']);
  for (const name of ['authorization', 'set-cookie', 'x-api-key', 'x-tenant-token']) expect(names.has(name)).toBe(true);
  expect(names.has('content-type')).toBe(false);
});
