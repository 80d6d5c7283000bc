/**
 * Calls to the judge model go through the same resolver, guard and checks as traffic: an endpoint inside is refused
 * unless the operator listed its address, and no redirect is followed.
 */

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeOriginCa, makeOriginCertificate, type TestCertificate } from '../../test/support/certificates.ts';
import { createAddressGuard } from '../policy/address.ts';
import { createJudgeFetch, type JudgeFetch, type JudgeFetchOptions } from './judge-fetch.ts';
import type { Lookup } from './resolve.ts';

let folder: string;
let ca: TestCertificate;
let certificate: TestCertificate;
let judge: JudgeFetch;
const servers: Server[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'judge-fetch-'));
  ca = await makeOriginCa(folder);
  certificate = await makeOriginCertificate(ca, folder, 'judge', ['DNS:judge.test']);
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

afterEach(async () => {
  await judge.close();
  await Promise.all(servers.splice(0).map((server) => once(server.close(), 'close')));
});

const LIMITS = { dns: 2_000, connect: 2_000, tls_handshake: 2_000 };
const toLoopback: Lookup = async () => ({ addresses: ['127.0.0.1'], ttlMs: 0 });

function start(allow: readonly string[], caFiles: readonly string[] = [], over: Partial<JudgeFetchOptions> = {}): void {
  const guard = createAddressGuard(allow);
  judge = createJudgeFetch({ caFiles, guard, limits: LIMITS, connections: 4, lookup: toLoopback, ...over });
}

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function failure(url: string): Promise<string> {
  return await judge.fetch(url).then(
    (response) => `answered ${response.status}`,
    ({ cause }) => `${cause.code} ${cause.reason}`,
  );
}

const hello: RequestListener = (_request, response) => response.end('{"hello":true}');

describe('a judge endpoint', () => {
  it.each([
    ['http://127.0.0.1:4443/v1', 'address_denied loopback'],
    ['http://169.254.169.254/latest/meta-data', 'address_denied metadata'],
    ['http://[::1]:4443/', 'address_denied loopback'],
    ['https://judge.test/v1', 'address_denied loopback'],
  ])('%s inside is refused: %s', async (url, expected) => {
    start([]);
    expect(await failure(url)).toBe(expected);
  });

  it('is reached when its address is listed; its neighbours are not', async () => {
    const port = await listen(createHttp(hello));
    start(['127.0.0.1/32']);
    expect(await (await judge.fetch(`http://judge.test:${port}/v1`)).json()).toEqual({ hello: true });
    expect(await failure(`http://127.0.0.2:${port}/v1`)).toBe('address_denied loopback');
  });

  it('needs a certificate of a trusted CA and the right name', async () => {
    const port = await listen(createHttps({ cert: certificate.cert, key: certificate.key }, hello));
    start(['127.0.0.1/32']);
    expect(await failure(`https://judge.test:${port}/`)).toBe('origin_certificate UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    await judge.close();
    start(['127.0.0.1/32'], [ca.certFile]);
    expect(await (await judge.fetch(`https://judge.test:${port}/`)).json()).toEqual({ hello: true });
    expect(await failure(`https://other.test:${port}/`)).toBe('origin_certificate ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('has to be resolved and secured, each in its own time and all in the time to connect', async () => {
    start([], [], { limits: { ...LIMITS, dns: 100 }, lookup: () => new Promise(() => undefined) });
    expect(await failure('https://judge.test/')).toBe('dns_failed timeout');
    await judge.close();
    const silent = createTcp((socket) => socket.on('error', () => undefined).resume());
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    start(['127.0.0.1/32'], [], { limits: { ...LIMITS, tls_handshake: 100 } });
    expect(await failure(`https://judge.test:${port}/`)).toBe('connect_timeout tls_handshake');
    await judge.close();
    start(['127.0.0.1/32'], [], { limits: { ...LIMITS, connect: 100 } });
    expect(await failure(`https://judge.test:${port}/`)).toBe('connect_timeout judge_connect');
    await judge.close();
    start([], [], { limits: { ...LIMITS, connect: 100 }, lookup: () => new Promise(() => undefined) });
    expect(await failure('https://judge.test/')).toBe('connect_timeout judge_connect');
    await once(silent.close(), 'close');
  });

  it('may redirect as it likes: nobody follows', async () => {
    const asked: string[] = [];
    const port = await listen(
      createHttp((request, response) => {
        asked.push(request.url ?? '');
        response.writeHead(307, { location: '/elsewhere' }).end();
      }),
    );
    start(['127.0.0.1/32']);
    const response = await judge.fetch(`http://judge.test:${port}/v1`, {
      method: 'POST',
      body: '{}',
      redirect: 'follow',
    });
    expect(response.ok).toBe(false);
    await response.text();
    expect(asked).toEqual(['/v1']);
  });
});

it('names a CA file that cannot be used', () => {
  start([]);
  const options = { guard: createAddressGuard([]), limits: LIMITS, connections: 1 };
  expect(() => createJudgeFetch({ ...options, caFiles: ['/nowhere/ca.pem'] })).toThrow('/nowhere/ca.pem');
  expect(() => createJudgeFetch({ ...options, caFiles: [ca.keyFile] })).toThrow('holds no certificate');
});
