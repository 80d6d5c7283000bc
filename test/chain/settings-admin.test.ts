/**
 * Contract: each key of `listen.admin` and `console` does what docs/configuration.md says. The whole judge proxy runs with
 * the key changed, and beside it one that differs in that key and behaves otherwise.
 */

import { once } from 'node:events';
import { copyFile, readFile, rename } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AdminSession } from '../support/admin-session.ts';
import { freePorts } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { SettingsWorld } from '../support/settings-world.ts';

let world: SettingsWorld;
let usual: RunningSettings;

beforeAll(async () => {
  world = await SettingsWorld.make();
  usual = await world.start();
});
afterAll(async () => {
  await world?.close();
});

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly fingerprint: string;
}

/** Asks with any Host header, by HTTP or, with a CA, by HTTPS. */
async function ask(port: number, path: string, headers: http.OutgoingHttpHeaders = {}, ca?: string): Promise<Answer> {
  const options = { host: '127.0.0.1', port, path, headers, agent: false };
  const request = ca === undefined ? http.get(options) : https.get({ ...options, ca, servername: 'localhost' });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const fingerprint = ca === undefined ? '' : (response.socket as TLSSocket).getPeerX509Certificate()?.fingerprint256;
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode ?? 0, headers: response.headers, fingerprint: fingerprint ?? '' };
}

const admin = (settings: object) => world.start({ config: { listen: { admin: settings } } });

it('names: hosts that are answered beside those of loopback', async () => {
  const changed = await admin({ names: ['judge.internal'] });
  expect((await ask(changed.adminPort, '/healthz', { host: 'judge.internal' })).status).toBe(200);
  expect((await ask(usual.adminPort, '/healthz', { host: 'judge.internal' })).status).toBe(403);
  expect((await ask(changed.adminPort, '/healthz', { host: 'other.internal' })).status).toBe(403);
});

it('tls: HTTPS with that pair, taken up again when it is renewed', async () => {
  const { certificates: ours, others } = world;
  const [cert, key] = [join(world.folder, 'admin.crt'), join(world.folder, 'admin.key')];
  await copyFile(ours.serverCert, cert);
  await copyFile(ours.serverKey, key);
  const changed = await admin({ tls: { cert, key } });
  const both = `${await readFile(ours.caCert, 'utf8')}${await readFile(others.caCert, 'utf8')}`;
  const first = await ask(changed.adminPort, '/healthz', {}, both);
  expect(first.status).toBe(200);
  expect(first.headers['strict-transport-security']).toMatch(/^max-age=\d{8}/);
  expect((await ask(usual.adminPort, '/healthz')).headers['strict-transport-security']).toBeUndefined();
  await expect(ask(changed.adminPort, '/healthz')).rejects.toThrow();

  const taken = changed.next('certificates_changed');
  await copyFile(others.serverKey, `${key}.new`);
  await copyFile(others.serverCert, `${cert}.new`);
  await rename(`${key}.new`, key);
  await rename(`${cert}.new`, cert);
  await taken;
  const second = await ask(changed.adminPort, '/healthz', {}, both);
  expect(second.status).toBe(200);
  expect(second.fingerprint).not.toBe(first.fingerprint);
  await expect(admin({ tls: { cert, key: ours.serverKey } })).rejects.toThrow('listen.admin.tls');
  await expect(admin({ tls: { cert: join(world.folder, 'none.crt'), key } })).rejects.toThrow('none.crt');
});

it('host: beyond loopback only with tls, or behind a proxy that ends it', async () => {
  const { serverCert: cert, serverKey: key, caCert } = world.certificates;
  const [port = 0] = await freePorts(1);
  await expect(admin({ host: '0.0.0.0', port, open_metrics: false })).rejects.toThrow('listen.admin.tls is not set');
  const changed = await admin({ host: '0.0.0.0', open_metrics: false, tls: { cert, key } });
  const ca = await readFile(caCert, 'utf8');
  expect((await ask(changed.adminPort, '/healthz', {}, ca)).status).toBe(200);
  expect((await ask(changed.adminPort, '/metrics', {}, ca)).status).toBe(401);
});

it('behind_trusted_proxy and public_origin: its name, its origin, its cookies, and the address that it forwards', async () => {
  const proxied = { behind_trusted_proxy: true, public_origin: 'https://judge.example', open_metrics: false };
  const changed = await admin(proxied);
  await expect(admin({ ...proxied, public_origin: undefined })).rejects.toThrow('public_origin is not set');
  expect((await ask(changed.adminPort, '/healthz', { host: 'judge.example' })).status).toBe(200);
  expect((await ask(usual.adminPort, '/healthz', { host: 'judge.example' })).status).toBe(403);

  const { name, password } = changed.proxy?.firstUser ?? { name: '', password: '' };
  const session = new AdminSession(`http://127.0.0.1:${changed.adminPort}`);
  const signIn = (origin: string, forwarded: string, given: string) =>
    session.call('POST', '/api/session', { name, password: given }, { origin, 'x-forwarded-for': forwarded });
  expect((await signIn(session.base, '192.0.2.1', password)).status).toBe(403);
  const good = await signIn('https://judge.example', '192.0.2.1', password);
  expect(good.status).toBe(200);
  expect(good.headers.get('set-cookie')).toMatch(/^__Host-judge_session=[^;]+; Path=\/; .*SameSite=Strict; Secure$/);

  // What a client itself wrote into the header is not believed, only what the proxy added last.
  await signIn('https://judge.example', '198.51.100.1, 203.0.113.5', 'wrong');
  expect((await changed.event('sign_in_refused')).address).toBe('203.0.113.5');
  const direct = new AdminSession(`http://127.0.0.1:${usual.adminPort}`);
  await direct.call('POST', '/api/session', { name, password: 'wrong' }, { 'x-forwarded-for': '203.0.113.5' });
  expect((await usual.event('sign_in_refused')).address).toBe('127.0.0.1');
});

it('open_metrics: without a token, or nobody', async () => {
  const closed = await admin({ open_metrics: false });
  expect((await ask(usual.adminPort, '/metrics')).status).toBe(200);
  expect((await ask(closed.adminPort, '/metrics')).status).toBe(401);
  await expect(admin({ host: '0.0.0.0', open_metrics: true })).rejects.toThrow('listen.admin');
});

it('session_idle and session_lifetime: when a session ends, whichever is first', async () => {
  const lifeOf = async (settings: object) => {
    const running = await world.start({ config: { console: settings } });
    const { name, password } = running.proxy?.firstUser ?? { name: '', password: '' };
    const before = Date.now();
    const session = new AdminSession(`http://127.0.0.1:${running.adminPort}`);
    const { body, headers } = await session.call('POST', '/api/session', { name, password });
    const maxAge = Number(/Max-Age=(\d+)/.exec(headers.get('set-cookie') ?? '')?.[1]);
    const life = Date.parse((body as { expires_at: string }).expires_at) - before;
    expect(Math.abs(life / 1000 - maxAge)).toBeLessThan(5);
    return Math.round(life / 60_000);
  };
  expect(await lifeOf({})).toBe(60);
  expect(await lifeOf({ session_idle: '10m' })).toBe(10);
  expect(await lifeOf({ session_lifetime: '20m' })).toBe(20);
  expect(await lifeOf({ session_idle: '48h' })).toBe(12 * 60);
});
