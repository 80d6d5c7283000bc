import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProxyError } from '../errors.ts';
import { passedThrough, type RequestHead, readTarget } from './target.ts';

function head(change: Partial<RequestHead>): RequestHead {
  return {
    version: '1.1',
    method: 'GET',
    target: '',
    scheme: '',
    authority: '',
    protocol: '',
    rawHeaders: [],
    ...change,
  };
}

/** The target in one line, or the code and reason of the refusal. */
function read(change: Partial<RequestHead>): string {
  const target = readTarget(head(change));
  if (target instanceof ProxyError) return `${target.code} ${target.reason ?? ''}`.trim();
  const { kind, host, port } = target.authority;
  return `${target.form} ${kind} ${host} ${port}${target.form === 'absolute' ? ` ${target.path}` : ''}`;
}

describe('CONNECT', () => {
  const cases: [target: string, expected: string][] = [
    ['api.openai.com:443', 'connect name api.openai.com 443'],
    ['API.OpenAI.com.:443', 'connect name api.openai.com 443'],
    ['0x7f.1:443', 'connect ipv4 127.0.0.1 443'],
    ['2130706433:80', 'connect ipv4 127.0.0.1 80'],
    ['[::FFFF:127.0.0.1]:443', 'connect ipv6 ::ffff:7f00:1 443'],
    ['[::1]:8443', 'connect ipv6 ::1 8443'],
    ['my_service:80', 'connect name my_service 80'],
    ['api.openai.com', 'bad_authority'],
    ['api.openai.com:', 'bad_authority'],
    ['api.openai.com:0', 'bad_authority'],
    ['api.openai.com:65536', 'bad_authority'],
    ['::1:443', 'bad_authority'],
    ['user@api.openai.com:443', 'bad_authority'],
    ['api.openai.com:443/path', 'bad_authority'],
    ['https://api.openai.com:443', 'bad_authority'],
    ['/', 'bad_authority'],
    ['', 'bad_authority'],
    ['*', 'bad_authority'],
  ];

  it.each(cases)('%j on HTTP/1', (target, expected) => {
    expect(read({ method: 'CONNECT', target })).toBe(expected);
  });

  it.each(cases)('%j on HTTP/2, where it is :authority', (authority, expected) => {
    expect(read({ version: '2', method: 'CONNECT', authority })).toBe(expected);
  });

  it('looks at no other name: Host may say anything', () => {
    expect(read({ method: 'CONNECT', target: 'a.test:443', rawHeaders: ['Host', 'b.test'] })).toBe(
      'connect name a.test 443',
    );
  });

  it.each([
    [['Content-Length', '0'], 'connect name a.test 443'],
    [['Content-Length', '1'], 'ambiguous_framing connect_with_body'],
    [['Transfer-Encoding', 'chunked'], 'ambiguous_framing connect_with_body'],
    [['Host', 'a', 'Host', 'b'], 'bad_request host_repeated'],
  ])('with %j: %s', (rawHeaders, expected) => {
    expect(read({ method: 'CONNECT', target: 'a.test:443', rawHeaders })).toBe(expected);
  });

  it('extended (RFC 8441) is a WebSocket and refused', () => {
    const extended = {
      version: '2',
      method: 'CONNECT',
      protocol: 'websocket',
      authority: 'a.test',
      scheme: 'http',
    } as const;
    expect(read(extended)).toBe('upgrade_refused websocket');
  });

  it('never throws, and what passes has a host and a port', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (target) => {
        const result = readTarget(head({ method: 'CONNECT', target }));
        if (result instanceof ProxyError) return result.code === 'bad_authority';
        return result.authority.host !== '' && result.authority.port >= 1 && result.authority.port <= 65_535;
      }),
    );
  });
});

describe('HTTP/0.9', () => {
  it.each([
    { method: 'CONNECT', target: 'a.test:443' },
    { method: 'GET', target: 'http://a.test/' },
  ])('is refused: %j', (change) => {
    expect(read({ version: '0.9', ...change })).toBe('bad_request http_version');
  });
});

describe('absolute-form', () => {
  it.each([
    ['http://a.test/x?y=%2F', 'absolute name a.test 80 /x?y=%2F'],
    ['HTTP://A.test', 'absolute name a.test 80 /'],
    ['http://a.test:8080?q', 'absolute name a.test 8080 /?q'],
    ['http://[::1]/a//b/../c', 'absolute ipv6 ::1 80 /a//b/../c'],
    ['https://a.test/', 'bad_request https_absolute_form'],
    ['HTTPS://a.test/', 'bad_request https_absolute_form'],
    ['ws://a.test/', 'upgrade_refused websocket'],
    ['WSS://a.test/', 'upgrade_refused websocket'],
    ['ftp://a.test/', 'bad_authority'],
    ['http://u:p@a.test/', 'bad_authority'],
    ['http:///x', 'bad_authority'],
    ['a.test:80', 'bad_authority'],
    ['/metrics', 'bad_request origin_form'],
    ['//a.test/', 'bad_request origin_form'],
    ['*', 'bad_request asterisk_form'],
  ])('%j on HTTP/1: %s', (target, expected) => {
    expect(read({ target, rawHeaders: ['Host', 'other.test'] })).toBe(expected);
  });

  it.each([
    [{}, 'absolute name a.test 80 /x'],
    [{ authority: 'a.test:8080' }, 'absolute name a.test 8080 /x'],
    [{ rawHeaders: ['host', 'A.test:80'] }, 'absolute name a.test 80 /x'],
    [{ rawHeaders: ['host', 'b.test'] }, 'bad_request host_differs'],
    [{ rawHeaders: ['host', 'a b'] }, 'bad_request host_differs'],
    [{ authority: '' }, 'bad_authority'],
    [{ scheme: 'https' }, 'bad_request https_absolute_form'],
    [{ target: '*' }, 'bad_request asterisk_form'],
    [{ target: 'x' }, 'bad_request asterisk_form'],
  ])('%j on HTTP/2: %s', (change, expected) => {
    expect(read({ version: '2', scheme: 'http', authority: 'a.test', target: '/x', ...change })).toBe(expected);
  });
});

describe('Upgrade', () => {
  it.each([
    ['websocket', 'upgrade_refused websocket'],
    ['WebSocket', 'upgrade_refused websocket'],
    ['h2c, websocket', 'upgrade_refused websocket'],
    ['h2c', 'absolute name a.test 80 /'],
    ['notwebsocket', 'absolute name a.test 80 /'],
  ])('%j: %s', (value, expected) => {
    expect(read({ target: 'http://a.test/', rawHeaders: ['Connection', 'upgrade', 'UPGRADE', value] })).toBe(expected);
  });
});

describe('Via', () => {
  it.each([
    [['Via', '1.1 judge-1'], true],
    [['via', '1.0 fred, 1.1 JUDGE-1 (comment)'], true],
    [['Via', '1.1 fred', 'Via', 'HTTP/2 judge-1'], true],
    [['Via', '1.1 judge-10'], false],
    [['Via', 'judge-1'], false],
    [['X-Via', '1.1 judge-1'], false],
    [[], false],
  ])('%j', (rawHeaders, expected) => {
    expect(passedThrough(rawHeaders, 'judge-1')).toBe(expected);
  });
});
