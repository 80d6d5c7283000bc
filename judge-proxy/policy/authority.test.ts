import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAuthority, parseAbsoluteUrl, parseAuthority, parseHostHeader, sameAuthority } from './authority.ts';

describe('parseAuthority', () => {
  test.each([
    ['api.openai.com:443', 'api.openai.com', 'name', 443],
    ['API.OpenAI.COM.:443', 'api.openai.com', 'name', 443],
    ['%61pi.openai.com:443', 'api.openai.com', 'name', 443],
    ['xn--bcher-kva.example:8443', 'xn--bcher-kva.example', 'name', 8443],
    ['under_score.example:1', 'under_score.example', 'name', 1],
    ['10.0.0.1:65535', '10.0.0.1', 'ipv4', 65_535],
    ['127.1:80', '127.0.0.1', 'ipv4', 80],
    ['0x7f.1:80', '127.0.0.1', 'ipv4', 80],
    ['2130706433:80', '127.0.0.1', 'ipv4', 80],
    ['0177.0.0.1:80', '127.0.0.1', 'ipv4', 80],
    ['127.0.0.1.:80', '127.0.0.1', 'ipv4', 80],
    ['[::1]:443', '::1', 'ipv6', 443],
    ['[0:0::0:1]:443', '::1', 'ipv6', 443],
    ['[::FFFF:10.0.0.1]:443', '::ffff:a00:1', 'ipv6', 443],
    ['a.example:0443', 'a.example', 'name', 443],
  ])('%s', (text, host, kind, port) => {
    expect(parseAuthority(text)).toEqual({ host, kind, port });
  });

  test.each([
    [''],
    ['api.openai.com'],
    ['api.openai.com:'],
    [':443'],
    ['api.openai.com:0'],
    ['api.openai.com:00000'],
    ['api.openai.com:65536'],
    ['api.openai.com:000443'],
    ['api.openai.com:+443'],
    ['api.openai.com:44 3'],
    ['api.openai.com:443/'],
    ['api.openai.com:443/path'],
    ['api.openai.com:443:443'],
    ['user@api.openai.com:443'],
    ['user:pass@api.openai.com:443'],
    ['https://api.openai.com:443'],
    ['api.openai.com :443'],
    [' api.openai.com:443'],
    ['api.openai.com:443 '],
    ['api.openai.com\t:443'],
    ['api.openai.com:443\r\n'],
    ['bücher.example:443'],
    ['b\u00c3\u00bccher.example:443'], // UTF-8 bytes as Node hands them on
    ['::1:443'],
    ['[::1]'],
    ['[::1:443'],
    ['[fe80::1%25eth0]:443'],
    ['[fe80::1%eth0]:443'],
    ['[127.0.0.1]:443'],
    ['[api.openai.com]:443'],
    ['*:443'],
    ['*.openai.com:443'],
    ['..:443'],
    ['a..b:443'],
    ['1.2.3.4.5:443'],
    ['a%2fb.example:443'],
    ['a%00.example:443'],
    ['a\\b.example:443'],
    ['a,b.example:443'],
  ])('%j is refused', (text) => {
    expect(parseAuthority(text)).toBeNull();
  });

  test('what it writes it reads again, whatever was written before', () => {
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4Extended(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(host, fc.integer({ min: 0, max: 70_000 }), (text, port) => {
        const authority = parseAuthority(`${text}:${port}`);
        if (authority === null) return;
        expect(parseAuthority(formatAuthority(authority))).toEqual(authority);
        expect(parseHostHeader(formatAuthority(authority), 1)).toEqual(authority);
        expect(parseAbsoluteUrl(`http://${formatAuthority(authority)}`)?.authority).toEqual(authority);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('parseHostHeader', () => {
  test.each([
    ['api.openai.com', 443, 'api.openai.com', 443],
    ['api.openai.com', 80, 'api.openai.com', 80],
    ['Api.OpenAI.com.:8443', 443, 'api.openai.com', 8443],
    ['[::1]', 443, '::1', 443],
    ['[::1]:80', 443, '::1', 80],
  ])('%s with default %i', (text, byDefault, host, port) => {
    expect(parseHostHeader(text, byDefault)).toMatchObject({ host, port });
  });

  test.each([
    [''],
    ['a.example:'],
    ['a.example:0'],
    ['::1'],
    ['a@b.example'],
    ['a.example,b.example'],
    ['a.example/x'],
  ])('%j is refused', (text) => {
    expect(parseHostHeader(text, 443)).toBeNull();
  });
});

describe('parseAbsoluteUrl', () => {
  test.each([
    ['http://a.example/', 'a.example', 80, '/'],
    ['HTTP://A.example/x', 'a.example', 80, '/x'],
    ['http://a.example', 'a.example', 80, '/'],
    ['http://a.example?q=1', 'a.example', 80, '/?q=1'],
    ['http://a.example:8080/x?y=1&z', 'a.example', 8080, '/x?y=1&z'],
    ['http://[::1]:8080/x', '::1', 8080, '/x'],
    // Byte for byte: nothing is resolved, folded or escaped.
    ['http://a.example/a/../b/%2e%2E/./c//d;e?%zz="{}|\\^', 'a.example', 80, '/a/../b/%2e%2E/./c//d;e?%zz="{}|\\^'],
    ['http://a.example/http://b.example/', 'a.example', 80, '/http://b.example/'],
    ['http://a.example/x@y', 'a.example', 80, '/x@y'],
    ['http://a.example/\u00c3\u00bc', 'a.example', 80, '/\u00c3\u00bc'],
  ])('%s', (url, host, port, path) => {
    expect(parseAbsoluteUrl(url)).toMatchObject({ authority: { host, port }, path, scheme: 'http' });
  });

  test.each([
    ['/origin-form'],
    ['*'],
    ['a.example:80'],
    ['https://a.example/'],
    ['ftp://a.example/'],
    ['http:/a.example/'],
    ['http:a.example/'],
    ['http:\\\\a.example/'],
    [' http://a.example/'],
    ['http://'],
    ['http:///x'],
    ['http://user@a.example/'],
    ['http://user:pass@a.example/'],
    ['http://@a.example/'],
    ['http://a.example\\@b.example/'],
    ['http://a.example/#fragment'],
    ['http://a.example#fragment'],
    ['http://a.example:0/'],
    ['http://a.example:/'],
    ['http://a.example/ x'],
    ['http://a.example/\r\nx: y'],
    ['http://a.example/\u007f'],
    ['http://bücher.example/'],
  ])('%j is refused', (url) => {
    expect(parseAbsoluteUrl(url)).toBeNull();
  });
});

test('sameAuthority compares host and port', () => {
  const a = { host: 'a.example', kind: 'name', port: 443 } as const;
  expect(sameAuthority(a, { ...a })).toBe(true);
  expect(sameAuthority(a, { ...a, port: 444 })).toBe(false);
  expect(sameAuthority(a, { ...a, host: 'b.example' })).toBe(false);
});
