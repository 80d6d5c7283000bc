import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalHost } from './host.ts';

describe('canonicalHost', () => {
  test.each([
    ['api.openai.com', 'api.openai.com', 'name'],
    ['API.OpenAI.com', 'api.openai.com', 'name'],
    ['api.openai.com.', 'api.openai.com', 'name'],
    ['%61pi.openai.com', 'api.openai.com', 'name'],
    ['api\u00ad.openai.com', 'api.openai.com', 'name'],
    ['ａｐｉ.openai.com', 'api.openai.com', 'name'],
    ['api。openai.com', 'api.openai.com', 'name'],
    ['bücher.example', 'xn--bcher-kva.example', 'name'],
    ['b%C3%BCcher.example', 'xn--bcher-kva.example', 'name'],
    ['XN--BCHER-KVA.example', 'xn--bcher-kva.example', 'name'],
    ['under_score.example', 'under_score.example', 'name'],
    ['localhost', 'localhost', 'name'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`, 'name'],
    ['127.0.0.1', '127.0.0.1', 'ipv4'],
    ['127.0.0.1.', '127.0.0.1', 'ipv4'],
    ['127.1', '127.0.0.1', 'ipv4'],
    ['0x7f.1', '127.0.0.1', 'ipv4'],
    ['0x7f000001', '127.0.0.1', 'ipv4'],
    ['2130706433', '127.0.0.1', 'ipv4'],
    ['0177.0.0.1', '127.0.0.1', 'ipv4'],
    ['１２７.0.0.1', '127.0.0.1', 'ipv4'],
    ['%31%32%37.0.0.1', '127.0.0.1', 'ipv4'],
    ['[::1]', '::1', 'ipv6'],
    ['::1', '::1', 'ipv6'],
    ['[0:0:0:0:0:0:0:1]', '::1', 'ipv6'],
    ['[::FFFF:127.0.0.1]', '::ffff:7f00:1', 'ipv6'],
    ['2001:DB8::0:1', '2001:db8::1', 'ipv6'],
  ])('%s is %s', (text, host, kind) => {
    expect(canonicalHost(text)).toEqual({ host, kind });
  });

  test.each([
    [''],
    ['.'],
    ['.example.com'],
    ['a..example'],
    ['example.com..'],
    ['127.0.0.1..'],
    [' example.com'],
    ['example.com '],
    ['exa\tmple.com'],
    ['example.com\n'],
    ['exa\u0000mple.com'],
    ['exa\u0085mple.com'],
    ['user@example.com'],
    ['example.com/path'],
    ['example.com\\path'],
    ['example.com?query'],
    ['example.com#fragment'],
    ['example.com:443'],
    ['1.2.3.4.5'],
    ['256.1.1.1'],
    ['1.2.3.09'],
    ['*'],
    ['*.example.com'],
    ['a b.example'],
    ["it's.example"],
    ['%2e'],
    ['a%2fb.example'],
    ['a%00b.example'],
    ['a%40b.example'],
    ['%2561.example'],
    ['%zz.example'],
    ['[::1'],
    ['::1]'],
    ['[::1]x'],
    ['[fe80::1%25eth0]'],
    ['fe80::1%eth0'],
    ['[127.0.0.1]'],
    ['[::1::]'],
    [`${'a'.repeat(64)}.example`],
    [`${'a.'.repeat(127)}example`],
    ['a'.repeat(2_000)],
  ])('%j is no host', (text) => {
    expect(canonicalHost(text)).toBeNull();
  });

  test('is its own canonical form, whatever was written', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.domain(),
      fc.ipV4Extended(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.stringMatching(/^[a-zA-Z0-9.%[\]:_*-]{1,30}$/),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const once = canonicalHost(text);
        if (once === null) return;
        expect(canonicalHost(once.host)).toEqual(once);
        expect(once.host).toMatch(/^[a-z0-9._:-]+$/);
        expect(once.host.endsWith('.')).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});
