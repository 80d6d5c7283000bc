/**
 * Contract: each limit on time ends what it is for, and not before. Two judge proxies run side by side, one with short
 * limits and one with those that ship; both get the same, and only the first gives up.
 */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProxyError } from '../../judge-proxy/errors.ts';
import { createAddressGuard } from '../../judge-proxy/policy/address.ts';
import { parseAuthority } from '../../judge-proxy/policy/authority.ts';
import { createUpstream } from '../../judge-proxy/upstream/create-upstream.ts';
import { loadTrust } from '../../judge-proxy/upstream/trust.ts';
import { connectThrough, readAll, readUntil, tlsThrough } from '../support/clients.ts';
import { send, tlsWire, wire } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { JUDGED, SettingsWorld, TUNNELLED } from '../support/settings-world.ts';
import { SilentListener, startStalled } from '../support/silent-listeners.ts';

const SHORT = '1500ms';
const STALLED = 'stalled.judged.test';
const SILENT = 'silent.judged.test';
const GET = `GET /v1/models HTTP/1.1\r\nHost: ${JUDGED.a}\r\n\r\n`;
const ABSOLUTE = `GET http://${JUDGED.a}/v1/models HTTP/1.1\r\nHost: ${JUDGED.a}\r\n\r\n`;

let world: SettingsWorld;
let short: RunningSettings;
let usual: RunningSettings;
let silent: SilentListener;
let stalled: Awaited<ReturnType<typeof startStalled>>;
let ca: string;

beforeAll(async () => {
  world = await SettingsWorld.make();
  silent = await SilentListener.start();
  stalled = await startStalled();
  const upstream = {
    connect_to: {
      ...world.leading(JUDGED.a, JUDGED.b, TUNNELLED),
      [`${STALLED}:80`]: `127.0.0.1:${stalled.port}`,
      [`${SILENT}:443`]: `127.0.0.1:${silent.port}`,
    },
  };
  usual = await world.start({ config: { upstream } });
  const times = ['headers', 'tls_handshake', 'first_byte', 'tunnel_idle', 'connect', 'origin_headers', 'origin_idle'];
  short = await world.start({
    config: { upstream, limits: Object.fromEntries(times.map((key) => [key, SHORT])) },
    limits: { keep_alive: 1_500 },
  });
  ca = await readFile(world.certificates.interceptionCaCert, 'utf8');
});
afterAll(async () => {
  await world?.close();
  await silent?.close();
  await stalled?.close();
});

/** A connection of HTTP/1.1 in each of the three places where we are the server. */
const DOORS: [where: string, open: (at: RunningSettings) => Promise<Socket>, request: string][] = [
  ['on the plain listener', (at) => wire(at.port), ABSOLUTE],
  ['on the mTLS listener', (at) => tlsDoor(at), ABSOLUTE],
  ['inside a tunnel', (at) => tlsThrough(at.port, `${JUDGED.a}:443`, ca), GET],
];

describe('clients', () => {
  it.each(DOORS)('headers: a head that does not come to its end %s', async (_where, open, request) => {
    const [late, patient] = await both(open);
    const half = request.length - 4;
    for (const socket of [late, patient]) socket.write(request.slice(0, half));
    expect((await readAll(late)).toString('latin1')).toContain('x-judge-code: header_timeout');
    patient.write(request.slice(half));
    expect(await readUntil(patient, '"list"')).toMatch(/^HTTP\/1.1 200/);
    patient.destroy();
  });

  it.each(DOORS)('keep_alive: a connection that is idle %s', async (_where, open, request) => {
    const [late, patient] = await both(open);
    for (const socket of [late, patient]) {
      socket.write(request);
      expect(await readUntil(socket, '"list"')).toMatch(/^HTTP\/1.1 200/);
    }
    await readAll(late);
    patient.write(request);
    expect(await readUntil(patient, '"list"')).toMatch(/^HTTP\/1.1 200/);
    patient.destroy();
  });

  it('tls_handshake: a client that begins none, on the mTLS listener', async () => {
    const [late, patient] = await both((at) => wire(at.tlsPort));
    await readAll(late);
    await short.event('handshake_failed', (line) => line.cause === 'ERR_TLS_HANDSHAKE_TIMEOUT');
    expect(patient.readableEnded).toBe(false);
    patient.destroy();
  });

  it('first_byte: a client that says nothing in its tunnel', async () => {
    const [late, patient] = await both(async (at) => (await connectThrough(at.port, `${JUDGED.a}:443`)).socket);
    await readAll(late);
    await short.event('tunnel_closed', (line) => line.reason === 'first_byte_timeout');
    await expectTls(patient, JUDGED.a, ca);
  });

  it('tls_handshake: a client that breaks off in the middle of it, in its tunnel', async () => {
    const [late, patient] = await both(async (at) => (await connectThrough(at.port, `${JUDGED.b}:443`)).socket);
    for (const socket of [late, patient]) socket.write(Buffer.from([0x16]));
    await readAll(late);
    await short.event('tunnel_closed', (line) => line.reason === 'handshake_timeout');
    expect(patient.readableEnded).toBe(false);
    patient.destroy();
  });

  it('tunnel_idle: a tunnel in which nobody says anything', async () => {
    const [late, patient] = await both(async (at) => (await connectThrough(at.port, `${TUNNELLED}:443`)).socket);
    await readAll(late);
    await short.event('tunnel_closed', (line) => line.reason === 'idle');
    await expectTls(patient, TUNNELLED, world.originCa.cert);
  });
});

describe('origins', () => {
  it('connect: one that does not accept', async () => {
    const [late, patient] = await both((at) => wire(at.port));
    for (const socket of [late, patient])
      socket.write(`GET http://${STALLED}/ HTTP/1.1\r\nHost: ${STALLED}\r\nConnection: close\r\n\r\n`);
    expect((await readAll(late)).toString('latin1')).toContain('x-judge-code: connect_timeout');
    expect(patient.readableLength).toBe(0);
    expect(patient.readableEnded).toBe(false);
    patient.destroy();
  });

  it('tls_handshake: one that accepts and then says nothing', async () => {
    const [late, patient] = await both((at) => tlsThrough(at.port, `${SILENT}:443`, ca));
    for (const socket of [late, patient])
      socket.write(`GET / HTTP/1.1\r\nHost: ${SILENT}\r\nConnection: close\r\n\r\n`);
    const refused = (await readAll(late)).toString('latin1');
    expect(refused).toContain('x-judge-code: connect_timeout');
    expect(refused).toContain('"reason":"tls_handshake"');
    silent.hangUp();
    expect((await readAll(patient)).toString('latin1')).toMatch(
      /^HTTP\/1.1 502 [\s\S]*x-judge-code: (?!connect_timeout)/,
    );
  });

  it('origin_headers: one that does not answer', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    world.answer = async (_seen, response) => {
      await released;
      response.end('at last');
    };
    const patient = send(usual.port, { host: JUDGED.a });
    expect(await send(short.port, { host: JUDGED.a })).toMatchObject({ status: 504, code: 'origin_timeout' });
    release();
    expect(await patient).toMatchObject({ status: 200, body: 'at last' });
  });

  it('origin_idle: one that falls silent in the middle', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    world.answer = async (_seen, response) => {
      response.write('first ');
      await released;
      response.end('last');
    };
    const patient = send(usual.port, { host: JUDGED.b });
    await expect(send(short.port, { host: JUDGED.b })).rejects.toMatchObject({ code: 'ECONNRESET' });
    release();
    expect(await patient).toMatchObject({ status: 200, body: 'first last' });
    await short.event('exchange', (line) => line.code === 'origin_timeout' && line.host === JUDGED.b);
  });

  it('dns: a name server that does not answer', async () => {
    const { promise: answer, resolve } = Promise.withResolvers<{ addresses: string[]; ttlMs: number }>();
    const name = parseAuthority('slow.test:443');
    if (name === null) throw new Error('no authority');
    const upstreams = [world.parse(), world.parse({ limits: { dns: '100ms' } })].map(({ upstream, limits }) =>
      createUpstream({
        config: { connect_to: upstream.connect_to },
        limits,
        guard: createAddressGuard([]),
        trust: loadTrust([]),
        // The name server of this machine cannot be made silent: it is the one part that is not real.
        lookup: () => answer,
      }),
    );
    const [patient, late] = upstreams.map((upstream) => upstream.vet(name));
    const error: unknown = await late?.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProxyError);
    expect(error).toMatchObject({ code: 'dns_failed', reason: 'timeout' });
    resolve({ addresses: ['192.0.2.1', '93.184.215.14'], ttlMs: 0 });
    expect(await patient).toMatchObject({ addresses: [{ ip: '93.184.215.14', port: 443 }] });
    await Promise.all(upstreams.map((upstream) => upstream.close()));
  });
});

/** One connection to the proxy with short limits, and one to the other. */
async function both(open: (at: RunningSettings) => Promise<Socket>): Promise<[late: Socket, patient: Socket]> {
  const patient = await open(usual);
  return [await open(short), patient];
}

async function tlsDoor(at: RunningSettings): Promise<Socket> {
  const { clientCert, clientKey, caCert } = world.certificates;
  const [cert, key, ca] = await Promise.all([clientCert, clientKey, caCert].map((file) => readFile(file)));
  if (cert === undefined || key === undefined || ca === undefined) throw new Error('no certificates');
  return await tlsWire(at.tlsPort, { cert, key, ca, ALPNProtocols: ['http/1.1'] });
}

/** Whoever is at the other end still takes a handshake, and shows a certificate of this CA. */
async function expectTls(socket: Socket, servername: string, trusted: string): Promise<void> {
  const secured = tlsConnect({ socket, servername, ca: trusted });
  await once(secured, 'secureConnect');
  expect(secured.authorized).toBe(true);
  secured.destroy();
}
