import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CertificateError } from './errors.ts';
import { canonicalHost, canonicalName, comparable, hostKind, ipBytes, ipText } from './hosts.ts';

const label63 = 'a'.repeat(63);

describe('hostKind', () => {
  it.each(['api.openai.com', 'localhost', 'xn--bcher-kva.example', 'my_host.example', '_x._y', `${label63}.b`])(
    'takes %s for a name',
    (host) => {
      expect(hostKind(host)).toBe('name');
    },
  );

  it.each(['127.0.0.1', '::1', '2001:db8::8:800:200c:417a', '::ffff:127.0.0.1'])('takes %s for an address', (host) => {
    expect(hostKind(host)).toBe('ip');
  });

  it.each([
    '',
    '.',
    'a..b',
    'a.b.',
    '-a.b',
    'a-.b',
    'API.openai.com',
    'bücher.example',
    'a b',
    'a.b:443',
    '[::1]',
    'fe80::1%eth0',
    '*.a.b',
    'a\0.b',
    'a.b\n',
    `${label63}a.b`,
    `${`${label63}.`.repeat(4)}a`,
  ])('refuses %j', (host) => {
    expect(() => hostKind(host)).toThrow(expect.objectContaining({ code: 'host_invalid' }));
  });
});

describe('canonicalName and canonicalHost', () => {
  it.each([
    ['API.OpenAI.com', 'api.openai.com'],
    ['api.openai.com.', 'api.openai.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['Straße.example', 'xn--strae-oqa.example'],
    ['my_host.example', 'my_host.example'],
  ])('writes %s as %s', (written, canonical) => {
    expect(canonicalName(written)).toBe(canonical);
    expect(canonicalHost(written)).toBe(canonical);
  });

  it.each([
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '::1',
    '',
    ' ',
    'a/b',
    'https://a.b',
    'a@b',
    'a:80',
    'a\uff0fb',
    'a?b',
    'a%2eb',
  ])('%j is no name', (written) => {
    expect(() => canonicalName(written)).toThrow(expect.objectContaining({ code: 'host_invalid' }));
  });

  it.each([
    ['[::1]', '::1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['127.0.0.1', '127.0.0.1'],
  ])('takes the address %s as %s', (written, canonical) => {
    expect(canonicalHost(written)).toBe(canonical);
  });

  it('give a host that stays as it is, or refuse', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.domain(), fc.string({ unit: 'binary' })), (written) => {
        let canonical: string;
        try {
          canonical = canonicalHost(written);
        } catch (error) {
          expect(error).toBeInstanceOf(CertificateError);
          return;
        }
        expect(canonicalHost(canonical)).toBe(canonical);
        hostKind(canonical);
      }),
    );
  });
});

describe('ipBytes', () => {
  it.each([
    ['127.0.0.1', '7f000001'],
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['2001:db8::8:800:200c:417a', '20010db80000000000080800200c417a'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['fe80::', `fe80${'0'.repeat(28)}`],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
  ])('writes %s as %s', (literal, expected) => {
    expect(ipBytes(literal).toString('hex')).toBe(expected);
  });

  it('and ipText undo each other', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (literal) => {
        const bytes = ipBytes(literal);
        expect(bytes.length).toBe(isIP(literal) === 4 ? 4 : 16);
        expect(ipBytes(ipText(bytes))).toEqual(bytes);
        expect(comparable(ipText(bytes))).toBe(comparable(literal));
      }),
    );
  });
});
