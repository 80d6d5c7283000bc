import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProxyError } from '../errors.ts';
import { CREDENTIALS } from '../exchange/secret-headers.ts';
import type { Authority } from '../policy/types.ts';
import {
  clientHead,
  clientTrailers,
  hostHeader,
  originHead,
  type RequestPassage,
  withoutInvalidValues,
} from './headers.ts';

const TUNNEL: RequestPassage = {
  host: 'api.test',
  via: 'judge-1',
  version: '1.1',
  tunnelled: true,
  secretHeaders: CREDENTIALS,
};
const PLAIN: RequestPassage = { ...TUNNEL, tunnelled: false };

/** What goes out between our Host in front and our Via behind. */
function passed(raw: string[], passage = TUNNEL): string[] {
  const head = originHead(raw, passage);
  if (head instanceof ProxyError) throw head;
  const out = head.headers;
  expect(out.slice(0, 2)).toEqual(['host', passage.host]);
  expect(out.slice(-2)).toEqual(['Via', `${passage.version} ${passage.via}`]);
  return out.slice(2, -2);
}

function raw(...headers: string[]): Buffer[] {
  return headers.map((text) => Buffer.from(text, 'latin1'));
}

describe('towards the origin', () => {
  test('case, order and repeats stay', () => {
    const headers = ['X-ONE', '1', 'aCCept', 'a', 'Accept', 'b', 'x-one', '2', 'Cookie', 'a=1', 'Content-Length', '3'];
    expect(passed(headers)).toEqual(headers);
  });

  test.each([
    'Connection',
    'Keep-Alive',
    'Proxy-Connection',
    'Proxy-Authorization',
    'proxy-authenticate',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'HTTP2-Settings',
    'Expect',
    'Host',
  ])('%s stays behind, in any case', (name) => {
    for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
      expect(passed([spelling, 'x', 'A', '1'])).toEqual(['A', '1']);
    }
  });

  test('what Connection names stays behind, wherever it stands', () => {
    expect(passed(['X-Hop', '1', 'connection', 'close, X-HOP , x-other', 'x-other', '2', 'A', '3'])).toEqual([
      'A',
      '3',
    ]);
    expect(passed(['Connection', 'x-a', 'Connection', 'x-b', 'X-A', '1', 'X-B', '2'])).toEqual([]);
  });

  test.each([
    'Authorization',
    'Cookie',
    'Content-Length',
    'Content-Type',
    'Content-Encoding',
    'X-Judge-Client-IP',
    'Date',
  ])('Connection cannot take %s away', (name) => {
    expect(passed(['Connection', `keep-alive, ${name}`, name, 'v'])).toEqual([name, 'v']);
  });

  test('what Envoy wrote stays behind on plain HTTP and passes inside a tunnel, where a client wrote it', () => {
    const fromEnvoy = [
      'x-forwarded-for',
      '10.0.0.1',
      'X-Forwarded-Proto',
      'http',
      'x-envoy-attempt-count',
      '1',
      'x-judge-client-ip',
      '10.0.0.1',
      'x-request-id',
      'e',
    ];
    expect(passed([...fromEnvoy, 'A', '1'], PLAIN)).toEqual(['A', '1']);
    expect(passed([...fromEnvoy, 'A', '1'], TUNNEL)).toEqual([...fromEnvoy, 'A', '1']);
  });

  test('pseudo-headers of HTTP/2 are no headers', () => {
    const h2 = { ...PLAIN, version: '2' };
    expect(passed([':method', 'GET', ':path', '/', ':scheme', 'http', ':authority', 'x', 'accept', 'a'], h2)).toEqual([
      'accept',
      'a',
    ]);
  });

  test('Via of others stays, and ours is the last', () => {
    expect(passed(['Via', '1.0 fred, 1.1 p.example.net', 'via', '1.1 more'])).toEqual([
      'Via',
      '1.0 fred, 1.1 p.example.net',
      'via',
      '1.1 more',
    ]);
  });

  test.each(['1.1 judge-1', 'HTTP/1.1 judge-1 (comment)', '1.0 fred, 2 JUDGE-1', '1.1 a,1.1\tjudge-1'])(
    'a request that came through us before is a loop: %s',
    (via) => {
      const out = originHead(['A', '1', 'Via', via], TUNNEL);
      expect(out).toBeInstanceOf(ProxyError);
      expect(out).toMatchObject({ code: 'proxy_loop' });
    },
  );

  test.each(['1.1 judge-10', '1.1 not-judge-1', 'judge-1', '1.1 other (judge-1)'])('%s is somebody else', (via) => {
    expect(passed(['Via', via])).toEqual(['Via', via]);
  });

  test('what the record needs is read on the way', () => {
    const raw = [
      'Content-TYPE',
      'application/json',
      'Content-Encoding',
      'gzip',
      'content-encoding',
      'br',
      'UPGRADE',
      'h2c',
    ];
    expect(originHead([...raw, 'X-Request-ID', 'a', 'x-client-request-id', 'b'], TUNNEL)).toMatchObject({
      contentType: 'application/json',
      contentEncoding: 'gzip, br',
      upgrade: 'h2c',
      requestId: 'a',
      clientRequestId: 'b',
    });
  });

  test('outside a tunnel x-request-id is not the client’s', () => {
    const raw = ['x-request-id', 'of-envoy', 'x-client-request-id', 'own'];
    expect(originHead(raw, PLAIN)).toMatchObject({ requestId: null, clientRequestId: 'own' });
  });

  test('end-to-end headers pass unchanged, whatever they are', () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,20}$/).filter((text) => !STRIPPED.test(text));
    const value = fc.stringMatching(/^[\u0021-\u007e\u0080-\u00ff]{0,20}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (pairs) => {
        expect(passed(pairs.flat())).toEqual(pairs.flat());
      }),
    );
  });
});

const STRIPPED =
  /^(?:host|via|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|http2-settings)$/i;

describe('towards the client', () => {
  test('case, order, repeats and every byte stay', () => {
    const headers = [
      'Set-Cookie',
      'a=1',
      'X-Ünknown'.replace('Ü', 'u'),
      '\u00e9\u00ff',
      'set-cookie',
      'b=2',
      'SERVER',
      '',
      'Date',
      'x',
    ];
    expect(clientHead(raw(...headers), CREDENTIALS)?.headers).toEqual(headers);
  });

  test('hop-by-hop fields and what Connection names stay behind', () => {
    const head = clientHead(
      raw(
        'Connection',
        'close, X-Hop',
        'x-hop',
        '1',
        'Keep-Alive',
        'timeout=5',
        'Upgrade',
        'h2c',
        'Trailer',
        'x',
        'A',
        '1',
      ),
      CREDENTIALS,
    );
    expect(head?.headers).toEqual(['A', '1']);
  });

  test('an origin cannot write our own headers', () => {
    expect(
      clientHead(raw('X-Judge-Code', 'route_denied', 'x-judge-request-id', '1', 'A', '1'), CREDENTIALS)?.headers,
    ).toEqual(['A', '1']);
  });

  test('what the record needs is read on the way', () => {
    const head = clientHead(
      raw(
        'Content-Length',
        '12',
        'Content-TYPE',
        'text/event-stream',
        'content-encoding',
        'gzip',
        'Content-Encoding',
        'br',
        'X-Request-Id',
        'req_1',
      ),
      CREDENTIALS,
    );
    expect(head).toMatchObject({
      contentLength: 12,
      contentType: 'text/event-stream',
      contentEncoding: 'gzip, br',
      requestId: 'req_1',
    });
    expect(clientHead(raw(), CREDENTIALS)).toMatchObject({
      contentLength: -1,
      contentType: null,
      contentEncoding: null,
      requestId: null,
    });
  });

  test.each(['gzip, chunked', 'gzip', 'identity', 'xchunked'])('a body in transfer coding %s is refused', (coding) => {
    expect(clientHead(raw('Transfer-Encoding', coding), CREDENTIALS)).toBeNull();
  });

  test('chunked is taken off: the next hop has its own', () => {
    expect(clientHead(raw('transfer-encoding', ' Chunked'), CREDENTIALS)?.headers).toEqual([]);
  });

  test('what Node would throw on is dropped, and only that', () => {
    expect(withoutInvalidValues(['A', 'x\u0001y', 'B', 'tab\tand \u00e9', 'C\n', '1', 'D', ''])).toEqual([
      'B',
      'tab\tand \u00e9',
      'D',
      '',
    ]);
  });

  test('trailers that would frame or route are dropped', () => {
    expect(
      clientTrailers(
        raw('X-Sum', '1', 'Content-Length', '3', 'Transfer-Encoding', 'chunked', 'Set-Cookie', 'a', 'x-sum', '2'),
      ),
    ).toEqual([
      ['X-Sum', '1'],
      ['x-sum', '2'],
    ]);
  });
});

test.each<[Authority, boolean, string]>([
  [{ host: 'a.test', kind: 'name', port: 443 }, true, 'a.test'],
  [{ host: 'a.test', kind: 'name', port: 80 }, false, 'a.test'],
  [{ host: 'a.test', kind: 'name', port: 443 }, false, 'a.test:443'],
  [{ host: 'a.test', kind: 'name', port: 8443 }, true, 'a.test:8443'],
  [{ host: '::1', kind: 'ipv6', port: 443 }, true, '[::1]'],
  [{ host: '::1', kind: 'ipv6', port: 8443 }, true, '[::1]:8443'],
])('Host of %j, secure %s, is %s', (authority, secure, expected) => {
  expect(hostHeader(authority, secure)).toBe(expected);
});
