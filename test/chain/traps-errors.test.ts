/**
 * Contract: an answer of ours tells its code, fixed text of the table, the route's name and ids of ours, and nothing
 * else: no address, path, stack, text of an origin or of the client. Every code that traffic can provoke is provoked
 * here through the real chain. What a client sends cannot forge a log line, and our ports show nothing administrative.
 */

import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firstUserNote } from '../../judge-proxy/commands/banner.ts';
import { ERRORS, type ErrorCode } from '../../judge-proxy/errors.ts';
import { printedPassword } from '../support/admin-session.ts';
import { Chain, HOSTS } from '../support/chain.ts';
import { connectThrough, readUntil, tlsThrough } from '../support/clients.ts';
import { hopSocket } from '../support/hop-client.ts';
import { metric, until } from '../support/probes.ts';
import { StrictOrigin } from '../support/strict-origin.ts';

const H = HOSTS.recorded;
/** Looks like what must not get out: it is sent in every request, and origins answer with it. */
const CANARY = 'sk-canary-4f9a';

const EXCHANGES = 3;
const TUNNELS = 5;

/** Codes that traffic alone cannot provoke, and the test beside the source that shows each. */
const ELSEWHERE: Readonly<Partial<Record<ErrorCode, string>>> = {
  client_unknown: 'ingress/door-identity.test.ts',
  proxy_loop: 'lifecycle.test.ts',
  connect_timeout: 'upstream/dial.test.ts',
  ledger_unavailable: 'forward/ends.test.ts',
  shutting_down: 'ingress/door-drain.test.ts',
  internal: 'errors.test.ts',
  blocked_by_judge: 'modes-matrix.test.ts',
  judge_unavailable: 'websocket-modes.test.ts',
};

type Ask = (chain: Chain) => Promise<string>;

async function whole(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const answer = await readUntil(socket, '}}');
  socket.destroy();
  return answer;
}
const secured = async (chain: Chain, host: string) =>
  tlsThrough(chain.proxyPort, `${host}:443`, await readFile(chain.caFile, 'utf8'));
const inTunnel =
  (host: string, head: string, body = ''): Ask =>
  async (chain) =>
    whole(await secured(chain, host), `${head}\r\nHost: ${host}\r\nAuthorization: Bearer ${CANARY}\r\n\r\n${body}`);
const absolute =
  (url: string, more = ''): Ask =>
  async (chain) =>
    whole(
      connect(chain.proxyPort, '127.0.0.1').on('error', () => {}),
      `GET ${url} HTTP/1.1\r\nHost: x.test\r\nAuthorization: Bearer ${CANARY}\r\n${more}\r\n`,
    );
const connectTo =
  (authority: string): Ask =>
  async (chain) => {
    const answer = await connectThrough(chain.proxyPort, authority, [`X-Note: ${CANARY}`]);
    return answer.head + (answer.head.includes('}}') ? '' : await readUntil(answer.socket, '}}'));
  };
const atDoor =
  (text: string): Ask =>
  async (chain) =>
    whole(await hopSocket(chain.folder, chain.judgePort), text);

const adminUrl = (chain: Chain) => `http://127.0.0.1:${chain.adminPort}`;

const CASES: readonly (readonly [ErrorCode, string, Ask])[] = [
  ['bad_authority', 'CONNECT', atDoor(`CONNECT ${CANARY}!:443 HTTP/1.1\r\nHost: a.test\r\n\r\n`)],
  ['bad_request', 'origin-form', atDoor(`GET /${CANARY} HTTP/1.1\r\nHost: a.test\r\n\r\n`)],
  ['bad_request', 'no HTTP', atDoor(`${CANARY}\r\n\r\n`)],
  ['bad_request', 'in a tunnel', inTunnel(H, `GET / HTTP/1.1\r\nX ${CANARY}`)],
  ['ambiguous_framing', 'in a tunnel', inTunnel(H, `POST / HTTP/1.1\r\nTransfer-Encoding: ${CANARY}, chunked`)],
  ['header_too_large', 'in a tunnel', inTunnel(H, `GET / HTTP/1.1\r\nX: ${CANARY.repeat(7_000)}`)],
  ['header_timeout', 'in a tunnel', async (chain) => whole(await secured(chain, H), `GET / HTTP/1.1\r\nX: ${CANARY}`)],
  ['route_denied', 'CONNECT', connectTo(`${HOSTS.denied}:443`)],
  ['route_denied', 'absolute-form', absolute(`http://${HOSTS.denied}/${CANARY}`)],
  ['no_route', 'CONNECT', connectTo('elsewhere.test:22')],
  ['address_denied', 'literal', connectTo('169.254.169.254:80')],
  ['address_denied', 'name', absolute(`http://localhost:80/${CANARY}`)],
  ['name_mismatch', 'in a tunnel', inTunnel(H, `GET https://${HOSTS.openai}/${CANARY} HTTP/1.1`)],
  ['dns_failed', 'CONNECT', connectTo(`${CANARY}.invalid:443`)],
  ['connect_failed', 'in a tunnel', inTunnel(HOSTS.dead, `GET /${CANARY} HTTP/1.1`)],
  ['origin_certificate', 'expired', inTunnel(HOSTS.expired, `GET /${CANARY} HTTP/1.1`)],
  ['origin_certificate', 'another name', inTunnel(HOSTS.stranger, `GET /${CANARY} HTTP/1.1`)],
  ['origin_protocol', 'rubbish', absolute(`http://${H}/rubbish`)],
  ['origin_protocol', 'a coding', absolute(`http://${H}/coding`)],
  ['origin_protocol', 'two lengths', absolute(`http://${H}/lengths`)],
  ['origin_reset', 'at once', absolute(`http://${H}/reset`)],
  ['origin_timeout', 'silent', absolute(`http://${H}/silent`)],
  ['request_timeout', 'half a body', inTunnel(H, `POST / HTTP/1.1\r\nContent-Length: 9`, 'half')],
  ['upgrade_refused', 'in a tunnel', inTunnel(H, 'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c, websocket')],
  [
    'too_many_exchanges',
    'one more than the limit',
    async (chain) => {
      const held = Array.from({ length: EXCHANGES }, () => absolute(`http://${H}/silent`)(chain));
      await until(async () => (await metric(chain.adminPort, 'judge_proxy_exchanges_active')) === EXCHANGES);
      const answer = await absolute(`http://${H}/silent`)(chain);
      await Promise.all(held);
      return answer;
    },
  ],
  [
    'too_many_tunnels',
    'one more than the limit',
    async (chain) => {
      const held = [];
      for (let i = 0; i < TUNNELS; i += 1)
        held.push((await connectThrough(chain.proxyPort, `${HOSTS.tunnel}:443`)).socket);
      const answer = await connectTo(`${HOSTS.tunnel}:443`)(chain);
      for (const socket of held) socket.destroy();
      return answer;
    },
  ],
];

describe('answers of ours', () => {
  let chain: Chain;
  let origin: StrictOrigin;
  beforeAll(async () => {
    origin = await StrictOrigin.start(null);
    origin.script = (socket) => {
      socket.once('data', (chunk: Buffer) => {
        const text = chunk.toString('latin1');
        if (text.includes('/rubbish')) socket.end(`${CANARY} is no HTTP\r\n\r\n`);
        else if (text.includes('/coding'))
          socket.end(`HTTP/1.1 200 ${CANARY}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`);
        else if (text.includes('/lengths'))
          socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx');
        else if (text.includes('/reset')) origin.reset(socket);
      });
      return true;
    };
    chain = await Chain.start({
      hop: 'h2',
      judgeHandler: null,
      config: {
        upstream: { connect_to: { [`${H}:80`]: `127.0.0.1:${origin.port}` } },
        limits: { headers: '1s', origin_headers: '1s', origin_idle: '1s', exchanges: EXCHANGES, tunnels: TUNNELS },
      },
    });
  });
  afterAll(async () => {
    await chain?.stop();
    await origin?.close();
  });

  it.each(CASES)('%s, %s: code and fixed text only', async (code, _what, ask) => {
    const text = await ask(chain);
    const at = text.indexOf('\r\n\r\n');
    const head = text.slice(0, at).split('\r\n');
    const body = JSON.parse(text.slice(at + 4)) as { error: Record<string, unknown> };
    expect(body).toEqual({
      error: {
        code,
        message: ERRORS[code].message,
        type: 'judge_proxy_error',
        param: null,
        request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        ...('route' in body.error ? { route: expect.stringMatching(/^(recorded|openai|denied|rest)$/) } : {}),
        // A word of a closed set: of ours, of llhttp, of OpenSSL.
        ...('reason' in body.error ? { reason: expect.stringMatching(/^[A-Za-z0-9_]{2,64}$/) } : {}),
      },
    });
    expect(head[0]).toMatch(new RegExp(`^HTTP/1.1 ${ERRORS[code].status} `));
    const names = head.slice(1).map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
    const known = [
      'content-type',
      'content-length',
      'x-judge-code',
      'x-judge-request-id',
      'retry-after',
      'connection',
      'keep-alive',
      'date',
    ];
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
    expect(text).not.toContain(CANARY);
    expect(text).not.toMatch(/127\.0\.0\.1|169\.254|::1|\/[a-z]+\/[a-z]|\.ts\b|node:/);
  });

  it('every code is provoked here, or where the list says', () => {
    const here = CASES.map(([code]) => code);
    expect([...new Set([...here, ...Object.keys(ELSEWHERE)])].sort()).toEqual(Object.keys(ERRORS).sort());
    expect(here.filter((code) => code in ELSEWHERE)).toEqual([]);
  });

  it.each(['/metrics', '/healthz', '/readyz', '/config_dump', '/stats', '/admin'])(
    '%s is a refusal at our own listener, in origin-form and as a target',
    async (path) => {
      const text = await atDoor(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)(chain);
      expect(text).toMatch(/^HTTP\/1\.1 400 .*x-judge-code: bad_request/s);
      for (const port of [chain.adminPort, chain.judgePort]) {
        const target = `http://127.0.0.1:${port}${path}`;
        const through = await atDoor(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`)(chain);
        expect(through).toMatch(/^HTTP\/1\.1 (403|508) .*x-judge-code: (no_route|address_denied|proxy_loop)/s);
      }
      expect(await absolute(`http://127.0.0.1:${chain.adminPort}${path}`)(chain)).toMatch(/^HTTP\/1\.1 (400|403|508) /);
    },
  );

  it('no line of the log is forged, and none holds what a client sent as credential', async () => {
    // Percent-encoded in a path; in a field only what HTTP lets stand there.
    const line = '{"level":"info","event":"forged"}';
    const path = encodeURIComponent(`\n${line}\u001b[2K\r\n${line}`);
    const forged = `\t${line}\x85\\n${line}`;
    await inTunnel(H, `GET /${path} HTTP/1.1\r\nUpgrade: websocket\r\nX-Request-Id: ${forged}`)(chain);
    await absolute(`http://${HOSTS.denied}/?q=${path}`, `X-Request-ID: ${forged}\r\nUser-Agent: ${forged}\r\n`)(chain);
    const answer = await connectThrough(chain.proxyPort, `${HOSTS.denied}:443`, [
      `User-Agent: ${forged}`,
      `X-Request-ID: ${forged}`,
    ]);
    answer.socket.destroy();
    await chain.proxy.event('refused', (written) => written.host === HOSTS.denied);
    expect(chain.proxy.lines.filter((written) => written.event === 'forged')).toEqual([]);
    // What is no line of the log is what the first start says.
    const { text } = chain.proxy;
    expect(`${text.join('\n')}\n`).toBe(
      firstUserNote({ name: 'admin', password: printedPassword(text) }, adminUrl(chain)),
    );
    expect(JSON.stringify(chain.proxy.lines)).not.toContain(`Bearer ${CANARY}`);
    const access = await readFile(join(chain.folder, 'envoy-access.log'), 'utf8');
    for (const written of access.trim().split('\n'))
      expect(JSON.parse(written)).toMatchObject({ tag: 'upstream_proxy_chaining' });
    expect(access).not.toContain(`Bearer ${CANARY}`);
  });
});
