/**
 * Origin pools against real origins:
 * - one client never gets the socket of another (CVE-2026-6733);
 * - SNI, checked name and address come from the authority, whatever Host says; an origin without the right certificate
 *   is refused with the reason, and nothing in the environment changes that;
 * - every new connection resolves and vets; a redirect is an answer;
 * - pools are bounded, busy ones stay, idle ones go by themselves.
 */

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttp, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeOriginCa, makeOriginCertificate, type TestCertificate } from '../../test/support/certificates.ts';
import { configSchema } from '../config/schema.ts';
import { createAddressGuard } from '../policy/address.ts';
import { parseAuthority } from '../policy/authority.ts';
import type { Authority } from '../policy/types.ts';
import { createUpstream, type PooledUpstream } from './create-upstream.ts';
import { classifyOriginError } from './errors.ts';
import { loadTrust } from './trust.ts';

let folder: string;
let ca: TestCertificate;
let named: TestCertificate;
let upstream: PooledUpstream;
let names: Record<string, readonly string[]>;
const servers: Server[] = [];
const sockets = new Set<Socket>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pools-'));
  ca = await makeOriginCa(folder);
  named = await makeOriginCertificate(ca, folder, 'named', ['DNS:origin.test', 'IP:127.0.0.1']);
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

beforeEach(() => {
  names = {};
  start({});
});

afterEach(async () => {
  await upstream.close();
  const gone = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  await Promise.all(gone); // closed from our side, with the pools
  await Promise.all(servers.splice(0).map((server) => (server.listening ? once(server.close(), 'close') : undefined)));
  expect(sockets.size).toBe(0);
});

function start(limits: Record<string, unknown>, allow = ['127.0.0.1/32']): void {
  const config = configSchema.parse({ routes: [{ name: 'a', hosts: ['*'], action: 'tunnel' }], limits });
  upstream = createUpstream({
    config: config.upstream,
    limits: config.limits,
    guard: createAddressGuard(allow),
    trust: loadTrust([ca.certFile]),
    lookup: async (name) => ({ addresses: names[name] ?? ['127.0.0.1'], ttlMs: 0 }),
  });
}

async function listen<T extends Server>(server: T): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** An origin that answers with its own view: which connection, which SNI, which Host. */
function telling(): { handler: RequestListener; connections: Map<Socket, number> } {
  const connections = new Map<Socket, number>();
  const handler: RequestListener = (request, response) => {
    const socket = request.socket as TLSSocket;
    if (!connections.has(socket)) connections.set(socket, connections.size + 1);
    response.end(
      JSON.stringify({
        connection: connections.get(socket),
        sni: socket.servername ?? null,
        host: request.headers.host,
      }),
    );
  };
  return { handler, connections };
}

function tlsOrigin(certificate: TestCertificate, handler: RequestListener): HttpServer {
  return createHttps({ cert: certificate.cert, key: certificate.key }, handler);
}

function authority(text: string): Authority {
  const parsed = parseAuthority(text);
  if (parsed === null) throw new Error(text);
  return parsed;
}

interface Asked {
  readonly secure?: boolean;
  readonly client?: string;
  readonly host?: string;
}

async function ask(target: string, { secure = true, client = 'address:10.0.0.1', host = 'origin.test' }: Asked = {}) {
  const pool = upstream.pool(authority(target), secure, client);
  const response = await pool.request({ method: 'GET', path: '/', headers: ['host', host] });
  return { status: response.statusCode, text: await response.body.text(), headers: response.headers };
}

/** The code and reason of a failure. */
async function failure(target: string, options: Asked = {}): Promise<string> {
  return await ask(target, options).then(
    (answer) => `answered ${answer.status}`,
    (error) => {
      const { code, reason } = classifyOriginError(error);
      return [code, reason].filter(Boolean).join(' ');
    },
  );
}

describe('connections', () => {
  it('are reused by one client, and never shared by two', async () => {
    const { handler, connections } = telling();
    const port = await listen(tlsOrigin(named, handler));
    const seen = { one: new Set<number>(), two: new Set<number>() };
    const call = async (client: 'one' | 'two') => {
      seen[client].add(JSON.parse((await ask(`origin.test:${port}`, { client })).text).connection);
    };
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([call('one'), call('two'), call('two'), call('one')]);
      await Promise.all([call('two'), call('two'), call('one'), call('one')]);
    }
    expect(connections.size).toBeLessThanOrEqual(8);
    expect([...seen.one].filter((connection) => seen.two.has(connection))).toEqual([]);
  });

  it('to one origin for one client have a bound', async () => {
    await upstream.close();
    start({ connections_per_origin: 2 });
    const { handler, connections } = telling();
    const port = await listen(createHttp(handler));
    await Promise.all(Array.from({ length: 20 }, () => ask(`origin.test:${port}`, { secure: false })));
    expect(connections.size).toBe(2);
  });

  it('resolve and vet each time: a name that moves inside is refused on the next one', async () => {
    const port = await listen(
      createHttp((_request, response) => {
        response.setHeader('connection', 'close');
        response.end('ok');
      }),
    );
    expect((await ask(`origin.test:${port}`, { secure: false })).text).toBe('ok');
    names['origin.test'] = ['127.0.0.2'];
    expect(await failure(`origin.test:${port}`, { secure: false })).toBe('address_denied loopback');
  });

  it('leave redirects to the caller: a 302 inside is returned, not followed', async () => {
    const port = await listen(
      createHttp((_request, response) => response.writeHead(302, { location: 'http://127.0.0.2/' }).end()),
    );
    expect((await ask(`origin.test:${port}`, { secure: false })).headers.location).toBe('http://127.0.0.2/');
  });
});

describe('names', () => {
  it('in SNI and certificate check are those of the authority, not of the Host header', async () => {
    const { handler } = telling();
    const port = await listen(tlsOrigin(named, handler));
    const { text } = await ask(`origin.test:${port}`, { host: 'foreign.test' });
    expect(JSON.parse(text)).toMatchObject({ sni: 'origin.test', host: 'foreign.test' });
    expect(await failure(`foreign.test:${port}`, { host: 'origin.test' })).toBe(
      'origin_certificate ERR_TLS_CERT_ALTNAME_INVALID',
    );
  });

  it('of an IP literal: no SNI, and the address is checked', async () => {
    const { handler } = telling();
    const port = await listen(tlsOrigin(named, handler));
    const { text } = await ask(`127.0.0.1:${port}`, { host: '127.0.0.1' });
    expect(JSON.parse(text).sni).toBe(false);
    const other = await makeOriginCertificate(ca, folder, 'other', ['DNS:origin.test']);
    const otherPort = await listen(tlsOrigin(other, handler));
    expect(await failure(`127.0.0.1:${otherPort}`)).toBe('origin_certificate ERR_TLS_CERT_ALTNAME_INVALID');
  });
});

describe('an origin is refused when it', () => {
  it('has an expired certificate, one of an unknown CA, or that of an authority', async () => {
    const { handler } = telling();
    const expired = await makeOriginCertificate(ca, folder, 'expired', ['DNS:origin.test'], -1);
    const stranger = await makeOriginCa(join(folder, 'stranger'));
    const unknown = await makeOriginCertificate(stranger, join(folder, 'stranger'), 'unknown', ['DNS:origin.test']);
    const cases: [TestCertificate, string][] = [
      [expired, 'origin_certificate CERT_HAS_EXPIRED'],
      [unknown, 'origin_certificate UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      [stranger, 'origin_certificate INVALID_PURPOSE'], // that of an authority
    ];
    for (const [certificate, expected] of cases) {
      const port = await listen(tlsOrigin(certificate, handler));
      expect(await failure(`origin.test:${port}`)).toBe(expected);
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
      expect(await failure(`origin.test:${port}`)).toBe(expected);
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
  });

  it('speaks no TLS, speaks none in time, or hangs up in the handshake', async () => {
    const plain = await listen(createHttp((_request, response) => response.end()));
    expect(await failure(`origin.test:${plain}`)).toMatch(/^origin_protocol ERR_SSL_[A-Z_]+$/);
    const hangup = await listen(createTcp((socket) => socket.once('data', () => socket.resetAndDestroy())));
    expect(await failure(`origin.test:${hangup}`)).toBe('origin_reset ECONNRESET');
    await upstream.close();
    start({ tls_handshake: '100ms' });
    const silent = await listen(createTcp((socket) => socket.resume()));
    expect(await failure(`origin.test:${silent}`)).toBe('connect_timeout tls_handshake');
  });

  it('speaks TLS 1.1 at most', async () => {
    const options = {
      cert: named.cert,
      key: named.key,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL:@SECLEVEL=0',
    } as const;
    const port = await listen(createHttps(options));
    expect(await failure(`origin.test:${port}`)).toMatch(/^origin_protocol ERR_SSL_/);
  });

  it('answers with rubbish, too large a head, too late or not at all', async () => {
    const rubbish = await listen(createTcp((socket) => socket.once('data', () => socket.end('rubbish\r\n\r\n'))));
    expect(await failure(`origin.test:${rubbish}`, { secure: false })).toBe('origin_protocol http');
    const reset = await listen(createTcp((socket) => socket.once('data', () => socket.destroy())));
    expect(await failure(`origin.test:${reset}`, { secure: false })).toBe('origin_reset UND_ERR_SOCKET');
    const large = await listen(
      createTcp((socket) =>
        socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\na: ${'a'.repeat(70_000)}\r\n\r\n`)),
      ),
    );
    expect(await failure(`origin.test:${large}`, { secure: false })).toBe('origin_protocol UND_ERR_HEADERS_OVERFLOW');
    await upstream.close();
    start({ origin_headers: '200ms' });
    const late = await listen(createTcp((socket) => socket.resume()));
    expect(await failure(`origin.test:${late}`, { secure: false })).toBe('origin_timeout UND_ERR_HEADERS_TIMEOUT');
  });

  it('is not there', async () => {
    const gone = createTcp((socket) => socket.resume());
    const port = await listen(gone);
    gone.close();
    expect(await failure(`origin.test:${port}`)).toBe('connect_failed ECONNREFUSED');
  });
});

describe('pools', () => {
  it('are bounded over many origins and clients, and a busy one is not closed', async () => {
    await upstream.close();
    start({ pools: 10 });
    let answer: () => void = () => undefined;
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const port = await listen(
      createHttp((request, response) => {
        if (request.url !== '/slow') {
          response.end();
          return;
        }
        answer = () => response.end('slow answer');
        resolve();
      }),
    );
    const pool = upstream.pool(authority(`slow.test:${port}`), false, 'a');
    const slow = pool.request({ method: 'GET', path: '/slow' });
    await asked;
    for (let i = 0; i < 300; i += 1) {
      await ask(`host-${i}.test:${port}`, { secure: false, client: `client-${i % 3}` });
      expect(upstream.pools.size).toBeLessThanOrEqual(10);
    }
    expect(upstream.pool(authority(`slow.test:${port}`), false, 'a')).toBe(pool);
    answer();
    expect(await (await slow).body.text()).toBe('slow answer');
  });

  it('that were only asked for are bounded too', () => {
    for (let i = 0; i < 10_000; i += 1) upstream.pool(authority(`host-${i}.test:443`), true, 'a');
    expect(upstream.pools.size).toBe(1_000);
  });

  it('go when their last connection has gone, or none came about', async () => {
    const port = await listen(
      createHttp((_request, response) => {
        response.setHeader('connection', 'close');
        response.end();
      }),
    );
    const disconnected = once(upstream.pool(authority(`origin.test:${port}`), false, 'address:10.0.0.1'), 'disconnect');
    await ask(`origin.test:${port}`, { secure: false });
    await disconnected;
    names['inside.test'] = ['10.0.0.1'];
    await failure(`inside.test:${port}`, { secure: false });
    await new Promise((resolve) => setImmediate(resolve));
    expect(upstream.pools.size).toBe(0);
  });

  it('fail what is in flight with shutting_down when they are closed', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const port = await listen(createHttp(() => resolve()));
    const pending = failure(`origin.test:${port}`, { secure: false });
    await asked;
    await upstream.close();
    expect(await pending).toBe('shutting_down UND_ERR_DESTROYED');
  });
});
