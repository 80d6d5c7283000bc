import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProxyError } from '../errors.ts';
import { parseAuthority } from '../policy/authority.ts';
import type { Authority } from '../policy/types.ts';
import { agreedPath, sniAgrees } from './names.ts';

function authority(text: string): Authority {
  const parsed = parseAuthority(text);
  if (parsed === null) throw new Error(text);
  return parsed;
}

function outcome(target: string, host: string | undefined, tunnel = 'api.test:443'): string {
  const path = agreedPath({ target, host }, authority(tunnel));
  return path instanceof ProxyError ? `${path.code} ${path.reason}` : path;
}

describe('Host and target of a request inside a tunnel', () => {
  test.each<[string, string | undefined, string, string]>([
    // target, Host, tunnel, outcome
    ['/v1?q=1#', 'api.test', 'api.test:443', '/v1?q=1#'],
    ['/', 'API.Test', 'api.test:443', '/'],
    ['/', 'api.test:443', 'api.test:443', '/'],
    ['/', 'api.test.', 'api.test:443', '/'],
    ['/', 'api.test', 'api.test.:443', '/'],
    ['/', 'api.test:8443', 'api.test:8443', '/'],
    ['/', undefined, 'api.test:443', '/'],
    ['/', '127.0.0.1', '127.0.0.1:443', '/'],
    ['/', '127.1', '127.0.0.1:443', '/'],
    ['/', '[::1]', '[::1]:443', '/'],
    ['/', '[0:0::1]:443', '[::1]:443', '/'],
    ['//other.test/', 'api.test', 'api.test:443', '//other.test/'],
    ['*', 'api.test', 'api.test:443', '*'],
    ['https://api.test/v1?q', 'api.test', 'api.test:443', '/v1?q'],
    ['HTTPS://API.test:443/%2e%2e//x', 'api.test', 'api.test:443', '/%2e%2e//x'],
    ['https://api.test', 'api.test', 'api.test:443', '/'],
    ['https://api.test?q', 'api.test', 'api.test:443', '/?q'],

    ['/', 'other.test', 'api.test:443', 'name_mismatch host'],
    ['/', 'x.api.test', 'api.test:443', 'name_mismatch host'],
    ['/', 'api.test.other.test', 'api.test:443', 'name_mismatch host'],
    ['/', 'api.test..', 'api.test:443', 'name_mismatch host'],
    ['/', 'api.test:80', 'api.test:443', 'name_mismatch host'],
    ['/', 'api.test', 'api.test:8443', 'name_mismatch host'],
    ['/', 'api.test, other.test', 'api.test:443', 'name_mismatch host'],
    ['/', 'other.test@api.test', 'api.test:443', 'name_mismatch host'],
    ['/', 'api.test/', 'api.test:443', 'name_mismatch host'],
    ['/', '', 'api.test:443', 'name_mismatch host'],
    ['/', '127.0.0.2', '127.0.0.1:443', 'name_mismatch host'],
    ['https://other.test/', 'api.test', 'api.test:443', 'name_mismatch target'],
    ['https://api.test@other.test/', 'api.test', 'api.test:443', 'name_mismatch target'],
    ['https://other.test@api.test/', 'api.test', 'api.test:443', 'name_mismatch target'],
    ['https://api.test:80/', 'api.test', 'api.test:443', 'name_mismatch target'],
    ['https://api.test/', 'other.test', 'api.test:443', 'name_mismatch host'],
    ['http://api.test/', 'api.test', 'api.test:443', 'name_mismatch target_scheme'],
    ['ftp://api.test/', 'api.test', 'api.test:443', 'name_mismatch target_scheme'],
    ['api.test:443', 'api.test', 'api.test:443', 'name_mismatch target_scheme'],
    ['', 'api.test', 'api.test:443', 'name_mismatch target_scheme'],
  ])('%s with Host %s in a tunnel to %s: %s', (target, host, tunnel, expected) => {
    expect(outcome(target, host, tunnel)).toBe(expected);
  });

  test('no Host passes but the spellings of the authority', () => {
    const pieces = fc.constantFrom(
      'api',
      '.',
      'test',
      ':',
      '443',
      '0',
      '@',
      '/',
      ' ',
      '\t',
      ',',
      '[',
      ']',
      'x',
      'API.TEST',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 7 }), (parts) => {
        const host = parts.join('');
        const passes = !outcome('/', host).startsWith('name_mismatch');
        expect(passes).toBe(/^api\.test\.?(?::0{0,2}443)?$/i.test(host));
      }),
      { numRuns: 5_000 },
    );
  });
});

test.each<[string | false | null, string, boolean]>([
  ['api.test', 'api.test:443', true],
  ['API.test', 'api.test:443', true],
  ['api.test', 'api.test:8443', true],
  [false, 'api.test:443', true],
  [null, 'api.test:443', true],
  ['', 'api.test:443', true],
  ['127.0.0.1', '127.0.0.1:443', true],
  ['other.test', 'api.test:443', false],
  ['x.api.test', 'api.test:443', false],
  ['api.test', '127.0.0.1:443', false],
  ['127.0.0.1', 'api.test:443', false],
  ['\u0000', 'api.test:443', false],
])('SNI %s in a tunnel to %s agrees: %s', (servername, tunnel, expected) => {
  expect(sniAgrees(servername, authority(tunnel))).toBe(expected);
});
