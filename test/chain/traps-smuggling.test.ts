/**
 * Contract: two parsers never disagree about where a request ends. Each ambiguous form is sent through Envoy in
 * absolute-form, inside a terminated tunnel, and straight to the judge proxy's own listener; behind it, in the bytes
 * that one reading takes for its body and the other for the next request, stands `GET /smuggled`.
 * - A form that is ambiguous is refused, and its origin hears nothing of it.
 * - A form that is odd but clear arrives once, framed so that an origin that reads to the letter has no doubt.
 * - Some forms Envoy reads more leniently than we do (RFC 9112 §2.2 and §3.2.2 allow it) and writes anew. Then all
 *   three see the same requests: the origin has no doubt, and the client gets one answer for each.
 * A plain request travels the same paths at the same time: a dead path would look like a safe one.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeOriginCa, makeOriginCertificate } from '../support/certificates.ts';
import { Chain, HOSTS } from '../support/chain.ts';
import { readAll, tlsThrough } from '../support/clients.ts';
import { hopSocket } from '../support/hop-client.ts';
import { StrictOrigin } from '../support/strict-origin.ts';

const HOST = HOSTS.recorded;
const SMUGGLED = `GET /smuggled-NNN HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

type Expected = 'refused' | 'passes' | 'rewritten';
/** `target` is a path in the form that the way needs; the bytes are the whole of what is sent before the last request. */
type Form = readonly [
  name: string,
  expected: Expected,
  bytes: (target: (path: string) => string) => string,
  throughEnvoy?: Expected,
];

/** A POST with the fields and the body as they are given. */
function post(fields: string, body = '', version = '1.1'): Form[2] {
  return (target) => `POST ${target('/front-NNN')} HTTP/${version}\r\nHost: ${HOST}\r\n${fields}\r\n${body}`;
}
const chunkedSmuggle = `0\r\n\r\n${SMUGGLED}`;
const wholeLength = `Content-Length: ${chunkedSmuggle.length}\r\n`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

const FORMS: readonly Form[] = [
  ['Content-Length before Transfer-Encoding', 'refused', post(`${wholeLength}${CHUNKED}`, chunkedSmuggle)],
  ['Transfer-Encoding before Content-Length', 'refused', post(`${CHUNKED}${wholeLength}`, chunkedSmuggle)],
  ['two lengths that differ', 'refused', post(`Content-Length: 0\r\nContent-Length: ${SMUGGLED.length}\r\n`, SMUGGLED)],
  ['two lengths that agree', 'refused', post('Content-Length: 2\r\nContent-Length: 2\r\n', 'ok')],
  ['a list of lengths', 'refused', post(`Content-Length: 0, ${SMUGGLED.length}\r\n`, SMUGGLED)],
  ['a length with a sign', 'refused', post(`Content-Length: +${SMUGGLED.length}\r\n`, SMUGGLED)],
  ['a negative length', 'refused', post('Content-Length: -1\r\n', SMUGGLED)],
  ['a length in hex', 'refused', post('Content-Length: 0x2\r\n', SMUGGLED)],
  ['a length with a blank inside', 'refused', post('Content-Length: 1 2\r\n', SMUGGLED)],
  ['a length beyond 2^64', 'refused', post('Content-Length: 18446744073709551616\r\n', SMUGGLED)],
  ['an empty length', 'refused', post('Content-Length: \r\n', SMUGGLED)],
  ['xchunked', 'refused', post('Transfer-Encoding: xchunked\r\n', chunkedSmuggle)],
  ['chunked, identity', 'refused', post('Transfer-Encoding: chunked, identity\r\n', chunkedSmuggle)],
  ['identity, chunked', 'refused', post('Transfer-Encoding: identity, chunked\r\n', chunkedSmuggle)],
  ['gzip, chunked', 'refused', post('Transfer-Encoding: gzip, chunked\r\n', '2\r\nok\r\n0\r\n\r\n')],
  ['gzip alone', 'refused', post(`Transfer-Encoding: gzip\r\n`, SMUGGLED)],
  ['chunked twice in one field', 'refused', post('Transfer-Encoding: chunked, chunked\r\n', chunkedSmuggle)],
  ['two codings in two fields', 'refused', post(`${CHUNKED}Transfer-Encoding: identity\r\n`, chunkedSmuggle)],
  ['chunked in two fields', 'refused', post(`${CHUNKED}${CHUNKED}`, chunkedSmuggle)],
  ['a coding with a vertical tab', 'refused', post('Transfer-Encoding: \x0bchunked\r\n', chunkedSmuggle)],
  ['a coding in quotes', 'refused', post('Transfer-Encoding: "chunked"\r\n', chunkedSmuggle)],
  ['a coding on HTTP/1.0', 'refused', post(CHUNKED, chunkedSmuggle, '1.0'), 'rewritten'],
  ['a blank before the colon', 'refused', post(`Transfer-Encoding : chunked\r\n${wholeLength}`, chunkedSmuggle)],
  ['a folded coding', 'refused', post(`Transfer-Encoding:\r\n chunked\r\n${wholeLength}`, chunkedSmuggle)],
  [
    'a coding folded behind another field',
    'refused',
    post(`X: x\r\n Transfer-Encoding: chunked\r\n`, chunkedSmuggle),
    'rewritten',
  ],
  [
    'a bare line feed before a coding',
    'refused',
    post(`X: x\nTransfer-Encoding: chunked\r\n`, chunkedSmuggle),
    'rewritten',
  ],
  [
    'a bare carriage return before a coding',
    'refused',
    post(`X: x\rTransfer-Encoding: chunked\r\n`, chunkedSmuggle),
    'rewritten',
  ],
  [
    'bare line feeds alone',
    'refused',
    (to) => `POST ${to('/front-NNN')} HTTP/1.1\nHost: ${HOST}\nContent-Length: 0\n\n${SMUGGLED}`,
    'rewritten',
  ],
  ['a NUL in a value', 'refused', post('X: a\0b\r\n', SMUGGLED)],
  ['a NUL in a name', 'refused', post('X\0: a\r\n', SMUGGLED)],
  ['a name that is no token', 'refused', post('X(y): a\r\n', SMUGGLED)],
  ['a line without a colon', 'refused', post('X\r\n', SMUGGLED)],
  ['no name before the colon', 'refused', post(': a\r\n', SMUGGLED)],
  [
    'a blank before the first field',
    'refused',
    (to) => `POST ${to('/front-NNN')} HTTP/1.1\r\n Host: ${HOST}\r\n\r\n${SMUGGLED}`,
  ],
  ['a chunk size that overflows', 'refused', post(CHUNKED, `10000000000000000\r\nx\r\n${chunkedSmuggle}`)],
  ['a chunk size with 0x', 'refused', post(CHUNKED, `0x2\r\nok\r\n${chunkedSmuggle}`)],
  ['a negative chunk size', 'refused', post(CHUNKED, `-2\r\nok\r\n${chunkedSmuggle}`)],
  ['a chunk line that ends in a bare line feed', 'refused', post(CHUNKED, `2\nok\r\n0\r\n\r\n`)],
  ['a chunk extension with a bare line feed', 'refused', post(CHUNKED, `2;x\nok\r\n0\r\n\r\n`)],
  ['a chunk that is longer than it says', 'refused', post(CHUNKED, `2\r\nokX\r\n0\r\n\r\n`), 'rewritten'],
  ['a chunk without a size', 'refused', post(CHUNKED, `\r\nok\r\n0\r\n\r\n`)],
  ['two Hosts that differ', 'refused', post('Host: other.test\r\n'), 'rewritten'],
  ['two Hosts that agree', 'refused', post(`Host: ${HOST}\r\n`), 'rewritten'],
  ['a version that does not exist', 'refused', post('Content-Length: 0\r\n', SMUGGLED, '1.9'), 'rewritten'],
  ['HTTP/0.9', 'refused', (to) => `GET ${to('/front-NNN')}\r\n\r\n`, 'rewritten'],
  ['the preface of HTTP/2', 'refused', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a blank in the target', 'refused', (to) => `GET ${to('/front-NNN')} x HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
  ['a tab for a blank', 'refused', (to) => `GET\t${to('/front-NNN')} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 'rewritten'],
  ['a method that is no token', 'refused', (to) => `GE(T ${to('/front-NNN')} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
  ['CHUNKED in capitals', 'passes', post('Transfer-Encoding: CHUNKED\r\n', '2\r\nok\r\n0\r\n\r\n')],
  [
    'a GET with a body',
    'passes',
    (to) =>
      `GET ${to('/front-NNN')} HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
  ],
  [
    'a length that Connection names',
    'passes',
    post(`Connection: Content-Length\r\nContent-Length: ${SMUGGLED.length}\r\n`, SMUGGLED),
  ],
  [
    'a coding that Connection names',
    'passes',
    post(`Connection: Transfer-Encoding\r\n${CHUNKED}`, '2\r\nok\r\n0\r\n\r\n'),
  ],
  ['a Host that Connection names', 'passes', post('Connection: Host\r\nContent-Length: 2\r\n', 'ok')],
  [
    'trailers that would frame',
    'refused',
    post(CHUNKED, '2\r\nok\r\n0\r\nContent-Length: 0\r\nHost: other.test\r\n\r\n'),
    'rewritten',
  ],
  ['a smuggled request as the body', 'passes', post(`Content-Length: ${SMUGGLED.length}\r\n`, SMUGGLED)],
  [
    'a smuggled request in a chunk',
    'passes',
    post(CHUNKED, `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`),
  ],
];

const ALL: readonly Form[] = [...FORMS, ['a clear request', 'passes', post('Content-Length: 2\r\n', 'ok')]];

interface Way {
  readonly name: string;
  readonly target: (path: string) => string;
  readonly open: () => Promise<Socket>;
  readonly origin: () => StrictOrigin;
}

describe.each(['h2', 'h1'] as const)('requests that can be read in two ways, hop %s', (hop) => {
  let chain: Chain;
  let folder: string;
  let secure: StrictOrigin;
  let plain: StrictOrigin;
  let ca: string;

  const WAYS: readonly Way[] = [
    {
      name: 'in absolute-form through Envoy',
      target: (path) => `http://${HOST}${path}`,
      open: async () => connect(chain.proxyPort, '127.0.0.1').on('error', () => {}),
      origin: () => plain,
    },
    {
      name: 'inside a tunnel through Envoy',
      target: (path) => path,
      open: () => tlsThrough(chain.proxyPort, `${HOST}:443`, ca),
      origin: () => secure,
    },
    {
      name: 'at our own listener',
      target: (path) => `http://${HOST}${path}`,
      open: () => hopSocket(chain.folder, chain.judgePort),
      origin: () => plain,
    },
  ];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strict-origin-'));
    const authority = await makeOriginCa(folder);
    secure = await StrictOrigin.start(await makeOriginCertificate(authority, folder, 'strict', [`DNS:${HOST}`]));
    plain = await StrictOrigin.start(null);
    chain = await Chain.start({
      hop,
      judgeHandler: null,
      config: {
        upstream: {
          ca_files: [authority.certFile],
          connect_to: { [`${HOST}:443`]: `127.0.0.1:${secure.port}`, [`${HOST}:80`]: `127.0.0.1:${plain.port}` },
        },
        // A form that is read as an unfinished body ends soon, and no other is cut on a busy machine: 360 go out at one time.
        limits: { headers: '4s', origin_idle: '4s' },
      },
    });
    ca = await readFile(chain.caFile, 'utf8');
    await sendAll();
  });
  afterAll(async () => {
    await chain?.stop();
    await secure?.close();
    await plain?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** What came back, for each way and form. All are sent at one time. */
  const answers = new Map<string, string>();

  async function sendAll(): Promise<void> {
    const sent = WAYS.flatMap((way, w) =>
      ALL.map(async ([name, , bytes], f) => {
        // Behind the form a request that closes the connection, so that an answer to nothing else is the end.
        const last = `GET ${way.target('/last-NNN')} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
        const socket = await way.open();
        socket.write(`${bytes(way.target)}${last}`.replaceAll('NNN', number(w, f)), 'latin1');
        answers.set(`${way.name} ${name}`, (await readAll(socket)).toString('latin1'));
      }),
    );
    await Promise.all(sent);
  }

  describe.each(WAYS.map((way, w) => [way.name, way, w] as const))('%s', (_way, way, w) => {
    it.each(ALL.map((form, f) => [form[0], form, f] as const))('%s', (_form, [name, elsewhere, , throughEnvoy], f) => {
      const expected = w === 0 ? (throughEnvoy ?? elsewhere) : elsewhere;
      const text = answers.get(`${way.name} ${name}`) ?? '';
      const lines = way
        .origin()
        .requests.map((request) => request.line)
        .filter((line) => line.endsWith(number(w, f)));
      const fronts = lines.filter((line) => line.includes('/front'));
      const smuggled = lines.filter((line) => line.includes('/smuggled'));
      expect(text.split(/HTTP\/1\.[01] 200 OK/).length - 1).toBe(lines.length);
      switch (expected) {
        case 'refused':
          expect([...fronts, ...smuggled]).toEqual([]);
          expect(text).toMatch(/^HTTP\/1\.[01] (400|408|501|505) |^$/);
          return;
        case 'passes':
          expect(fronts).toHaveLength(1);
          expect(smuggled).toEqual([]);
          return;
        case 'rewritten':
          expect(fronts).toHaveLength(1);
          return;
        default:
          expected satisfies never;
      }
    });

    it.runIf(w > 0)('HTTP/0.9 with nothing behind it', async () => {
      const socket = await way.open();
      socket.write(`GET ${way.target('/old')}\r\n\r\n`);
      expect((await readAll(socket)).toString('latin1')).toMatch(/ 400 .*x-judge-code: bad_request/s);
      expect(way.origin().requests.map((request) => request.line)).not.toContain('GET /old');
    });

    it('left the origin without a doubt', () => {
      expect(way.origin().doubts).toEqual([]);
    });
  });
});

function number(way: number, form: number): string {
  return String(way * 100 + form).padStart(3, '0');
}
