/**
 * Contract: a token has scopes of its maker, a year at most, one secret at any time, and stops at once: also over a
 * connection that is open, and in every process that reads the same ledger.
 */

import { Agent, request } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AdminSession } from '../../../test/support/admin-session.ts';
import { ROLE_PERMISSIONS } from '../../contract/roles.ts';
import { AdminRig } from '../testing/admin-rig.ts';
import { MOST_TOKEN_LIFE_MS } from './token-handlers.ts';

let rig: AdminRig;
let admin: AdminSession;

beforeEach(async () => {
  rig = await AdminRig.start();
  admin = await rig.administrator();
});
afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

const inMs = (ms: number) => new Date(rig.clock.ms + ms).toISOString();
const make = (session: AdminSession, scopes: readonly string[], expires_at = inMs(60_000)) =>
  session.call('POST', '/api/tokens', { name: 'of a test', scopes, expires_at });
const use = (token: string) =>
  new AdminSession(rig.base).call('GET', '/api/users', undefined, { authorization: `Bearer ${token}` });

test('shown once; the list and the table have no secret', async () => {
  const made = await make(admin, ['users:write', 'users:write']);
  expect(made.status).toBe(201);
  const { token, row } = made.body as { token: string; row: { token_id: string } };
  expect(token).toMatch(/^jp_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
  expect(row).toMatchObject({ scopes: ['users:write'], created_by: 'admin', revoked_at: null, used_at: null });
  expect((await use(token)).status).toBe(200);
  const secret = token.slice(20);
  const { body } = await admin.call('GET', '/api/tokens');
  expect(body).toMatchObject([{ token_id: row.token_id, used_at: expect.any(String) }]);
  expect(JSON.stringify(body)).not.toContain(secret);
  expect(JSON.stringify(body)).not.toContain('hash');
  const [stored] = await rig.ledger.rows<{ token_hash: string }>('token', row.token_id);
  expect(stored?.token_hash).toMatch(/^[0-9a-f]{64}$/);
  expect(JSON.stringify(stored)).not.toContain(secret);
});

test('scopes are some of the maker’s, and an end within a year', async () => {
  const viewer = await rig.user('anna', 'viewer');
  expect(await make(viewer, ['users:write', 'exchanges:read'])).toMatchObject({ status: 403 });
  expect(await make(viewer, ['metrics:read'])).toMatchObject({ status: 403 });
  expect(await make(viewer, ['exchanges:read'])).toMatchObject({ status: 201 });
  for (const scopes of [[], ['everything'], ['session'], ['public']]) {
    expect(await make(admin, scopes)).toMatchObject({ status: 400 });
  }
  for (const [ms, status] of [
    [-1, 400],
    [0, 400],
    [1, 201],
    [MOST_TOKEN_LIFE_MS, 201],
    [MOST_TOKEN_LIFE_MS + 1, 400],
  ] as const) {
    expect((await make(admin, ['users:write'], inMs(ms))).status, `${ms}`).toBe(status);
  }
  expect(await make(admin, ['users:write'], 'tomorrow')).toMatchObject({ status: 400 });
});

test('everybody sees the own tokens; those of others nobody without tokens:write, and nobody may speak for them', async () => {
  const [anna, ben] = [await rig.user('anna', 'viewer'), await rig.user('ben', 'reviewer')];
  const { id } = await rig.tokenOf('anna', 'viewer', ['exchanges:read']);
  expect(await anna.call('GET', '/api/tokens')).toMatchObject({ body: [{ token_id: id }] });
  expect(await ben.call('GET', '/api/tokens')).toMatchObject({ body: [] });
  expect(await ben.call('DELETE', `/api/tokens/${id}`)).toMatchObject({ status: 404 });
  expect(await ben.call('POST', `/api/tokens/${id}/rotate`)).toMatchObject({ status: 404 });
  expect(await admin.call('GET', '/api/tokens')).toMatchObject({ body: [{ token_id: id }] });
  expect(await admin.call('POST', `/api/tokens/${id}/rotate`)).toMatchObject({ status: 403 });
  expect(await admin.call('DELETE', `/api/tokens/${id}`)).toMatchObject({ status: 204 });
  expect(await anna.call('POST', `/api/tokens/${id}/rotate`)).toMatchObject({ status: 422 });
  expect(await anna.call('DELETE', `/api/tokens/${id}`)).toMatchObject({ status: 204 }); // it is as it should be
});

test('rotation: the new secret works, the old one does not, and never both', async () => {
  const { id, token } = await rig.tokenOf('admin', 'admin', ['users:write']);
  const before = token;
  const { body } = await admin.call('POST', `/api/tokens/${id}/rotate`);
  const after = (body as { token: string }).token;
  expect(after).not.toBe(before);
  expect((await use(before)).status).toBe(401);
  expect((await use(after)).status).toBe(200);
  const answers = await Promise.all(Array.from({ length: 5 }, () => admin.call('POST', `/api/tokens/${id}/rotate`)));
  const secrets = answers
    .filter(({ status }) => status === 200)
    .map(({ body: made }) => (made as { token: string }).token);
  const works = await Promise.all([before, after, ...secrets].map(async (one) => (await use(one)).status));
  expect(works.filter((status) => status === 200)).toHaveLength(1);
});

test('revoked: the next request of the same open connection is refused, in another process’ server, too', async () => {
  await using other = await rig.second();
  const { id, token } = await rig.tokenOf('admin', 'admin', ['users:write']);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<unknown>();
  const ask = (base: string) =>
    new Promise<number>((done, fail) => {
      const headers = { authorization: `Bearer ${token}` };
      const call = request(`${base}/api/users`, { agent, headers }, (response) => {
        response.resume().once('end', () => done(response.statusCode ?? 0));
      });
      call.once('socket', (socket) => sockets.add(socket));
      call.once('error', fail);
      call.end();
    });
  expect([await ask(rig.base), await ask(rig.base), await ask(other.url)]).toEqual([200, 200, 200]);
  await admin.call('DELETE', `/api/tokens/${id}`);
  expect([await ask(rig.base), await ask(other.url)]).toEqual([401, 401]);
  expect(sockets.size).toBe(2);
  agent.destroy();
});

test('a token makes nobody who may more than itself, and takes over no such user', async () => {
  await rig.user('anna', 'viewer');
  await rig.user('chief', 'admin');
  const { token } = await rig.tokenOf('admin', 'admin', ['users:write', ...ROLE_PERMISSIONS.viewer]);
  const call = (method: string, path: string, body: unknown) =>
    fetch(`${rig.base}/api/users${path}`, {
      ...{ method, body: JSON.stringify(body) },
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
  const before = rig.acts().length;
  for (const answer of [
    await call('POST', '', { name: 'mallory', role: 'admin' }),
    await call('POST', '', { name: 'mallory', role: 'reviewer' }),
    await call('PATCH', '/anna', { role: 'admin' }),
    await call('PATCH', '/chief', { disabled: true }),
    await call('PATCH', '/chief', { role: 'viewer' }),
    await call('POST', '/chief/password', {}),
  ]) {
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ code: 'not_permitted' });
  }
  expect(rig.acts()).toHaveLength(before);
  expect((await call('POST', '', { name: 'otto', role: 'viewer' })).status).toBe(201);
  expect((await call('PATCH', '/otto', { disabled: true })).status).toBe(200);
  expect((await call('POST', '/otto/password', {})).status).toBe(200);
});

test('every change of a token is an act of the person who made it', async () => {
  const { body } = await make(admin, ['users:write']);
  const { token_id: id } = (body as { row: { token_id: string } }).row;
  await admin.call('POST', `/api/tokens/${id}/rotate`);
  await admin.call('DELETE', `/api/tokens/${id}`);
  expect(rig.acts().filter(({ object }) => object === id)).toMatchObject([
    { action: 'token.create', before: null, after: { name: 'of a test', scopes: ['users:write'] } },
    { action: 'token.rotate' },
    { action: 'token.revoke', before: { revoked_at: null }, after: { revoked_at: expect.any(String) } },
  ]);
});

test('a list has a bound, the newest first', async () => {
  const rows = Array.from({ length: 1_100 }, (_, index) => {
    const id = `jp_${String(index).padStart(16, '0')}`;
    const made = new Date(Date.UTC(2026, 0, 1) + index * 1_000).toISOString();
    return ['insertToken', id, 'many', `hash of ${index}`, '[]', made, inMs(60_000), 'admin', 'admin'] as const;
  });
  await rig.ledger.append([], rows);
  const { body } = await admin.call('GET', '/api/tokens');
  const ids = (body as { token_id: string }[]).map(({ token_id }) => token_id);
  expect(ids).toHaveLength(1_000);
  expect(ids[0]).toBe('jp_0000000000001099');
});
