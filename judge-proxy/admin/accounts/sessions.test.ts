/**
 * Contract: a session begins with a right password alone, ends when it was not used, when it is old, at sign-out, and with
 * every change of password, role or lock; its id is never stored, and is another one after each sign-in.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AdminSession, TEST_PASSWORD } from '../../../test/support/admin-session.ts';
import { AdminRig } from '../testing/admin-rig.ts';

let rig: AdminRig;
let admin: AdminSession;

beforeEach(async () => {
  rig = await AdminRig.start();
  admin = await rig.administrator();
});
afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

const HOUR = 3_600_000;
const me = (session: AdminSession) => session.call('GET', '/api/session');
const signIn = async (name: string, password: string, headers: Record<string, string> = {}) =>
  await new AdminSession(rig.base).call('POST', '/api/session', { name, password }, headers);

describe('signing in', () => {
  test('says who it is, and what that person may do', async () => {
    const { status, body, headers } = await signIn('admin', TEST_PASSWORD);
    expect(status).toBe(200);
    expect(body).toMatchObject({ name: 'admin', role: 'admin', must_change_password: false });
    const [cookie = ''] = headers.getSetCookie();
    expect(cookie).toMatch(/^judge_session=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
    expect(JSON.stringify(body)).not.toContain(cookie.slice('judge_session='.length, 43));
  });

  test('a wrong password, an unknown name and a locked user get the same answer', async () => {
    await rig.user('locked', 'viewer');
    await admin.call('PATCH', '/api/users/locked', { disabled: true });
    const answers = await Promise.all([
      signIn('admin', 'wrong'),
      signIn('nobody', TEST_PASSWORD),
      signIn('locked', TEST_PASSWORD),
    ]);
    const bodies = answers.map(({ status, body }) => ({ status, ...(body as object), request_id: null }));
    expect(bodies[0]).toMatchObject({ status: 401, code: 'wrong_credentials' });
    expect(bodies[1]).toEqual(bodies[0]);
    expect(bodies[2]).toEqual(bodies[0]);
  });

  test.each([
    [{}],
    [{ name: 'admin' }],
    [{ name: 'admin', password: '' }],
    [{ name: ['admin'], password: 'x' }],
    [{ name: 'admin', password: 'x', role: 'admin' }],
    [{ name: 'admin', password: 'x'.repeat(1_025) }],
    [[]],
    ['admin'],
    [null],
  ])('%j does not fit its schema', async (body) => {
    const answer = await admin.call('POST', '/api/session', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(JSON.stringify(answer.body)).not.toContain('xxx');
  });

  test('a body of another type, too large, or with a poisoned prototype', async () => {
    const post = async (type: string, body: string) => {
      const response = await fetch(`${rig.base}/api/session`, {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      });
      return [response.status, ((await response.json()) as { code: string }).code];
    };
    const form = 'name=admin&password=x';
    expect(await post('application/x-www-form-urlencoded', form)).toEqual([415, 'unsupported_media_type']);
    expect(await post('text/plain', '{"name":"admin","password":"x"}')).toEqual([415, 'unsupported_media_type']);
    expect(await post('application/json', 'x'.repeat(20_000))).toEqual([413, 'too_large']);
    expect(await post('application/json', '{"__proto__":{"name":"admin"}}')).toEqual([400, 'invalid_request']);
    expect(await post('application/json', '{')).toEqual([400, 'invalid_request']);
  });

  test('a page of another site cannot sign somebody in', async () => {
    expect(await signIn('admin', TEST_PASSWORD, { origin: 'https://evil.example' })).toMatchObject({
      status: 403,
      body: { code: 'foreign_origin' },
    });
  });

  test('after ten failures the address waits, told for how long, and a right password waits, too', async () => {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      expect((await signIn(`name${attempt}`, 'wrong')).status).toBe(401);
    }
    const answer = await signIn('admin', TEST_PASSWORD);
    expect(answer).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(800);
    expect((await me(admin)).status).toBe(200); // who is signed in stays
    const reasons = rig.log.lines.filter(({ event }) => event === 'sign_in_refused').map(({ fields }) => fields.reason);
    expect(reasons).toEqual([...Array.from({ length: 10 }, () => 'wrong_credentials'), 'too_many_requests']);
  });

  test('a new sign-in ends the session that the browser had, and has another id', async () => {
    const before = admin.cookie;
    await admin.call('POST', '/api/session', { name: 'admin', password: TEST_PASSWORD });
    expect(admin.cookie).not.toBe(before);
    expect((await me(admin)).status).toBe(200);
    admin.cookie = before;
    expect((await me(admin)).status).toBe(401);
  });
});

describe('a session ends', () => {
  test('at sign-out, and the cookie with it', async () => {
    const { cookie } = admin;
    const answer = await admin.call('DELETE', '/api/session');
    expect(answer.status).toBe(204);
    expect(answer.headers.getSetCookie()[0]).toMatch(/^judge_session=; Path=\/; Max-Age=0/);
    admin.cookie = cookie;
    expect((await me(admin)).status).toBe(401);
  });

  test('when it was not used for an hour; use moves the end, to twelve hours at most', async () => {
    for (let hours = 0; hours < 11.5; hours += 0.5) {
      rig.clock.ms += HOUR / 2;
      expect((await me(admin)).status, `${hours}`).toBe(200);
    }
    rig.clock.ms += HOUR / 2;
    expect((await me(admin)).status).toBe(401);
    const other = await rig.sessionOf('admin');
    rig.clock.ms += HOUR - 1;
    expect((await me(other)).status).toBe(200);
    rig.clock.ms += HOUR;
    expect((await me(other)).status).toBe(401);
  });

  test('with a change of the password: all others of that user, and its own id', async () => {
    const [mine, other] = [await rig.user('anna', 'viewer'), await rig.sessionOf('anna')];
    const before = mine.cookie;
    const changed = await mine.call('POST', '/api/session/password', {
      current: TEST_PASSWORD,
      password: 'another long password',
    });
    expect(changed.status).toBe(200);
    expect((await me(mine)).status).toBe(200);
    expect((await me(other)).status).toBe(401);
    mine.cookie = before;
    expect((await me(mine)).status).toBe(401);
    expect((await signIn('anna', TEST_PASSWORD)).status).toBe(401);
    expect((await signIn('anna', 'another long password')).status).toBe(200);
  });

  test.each([
    ['PATCH', '/api/users/anna', { role: 'reviewer' }],
    ['PATCH', '/api/users/anna', { disabled: true }],
    ['POST', '/api/users/anna/password', undefined],
  ])('with %s %s %j', async (method, path, body) => {
    const anna = await rig.user('anna', 'viewer');
    expect((await me(anna)).status).toBe(200);
    expect((await admin.call(method, path, body)).status).toBe(200);
    expect((await me(anna)).status).toBe(401);
  });
});

describe('the own password', () => {
  const change = async (current: string, password: string) =>
    await admin.call('POST', '/api/session/password', { current, password });

  test('needs the current one, has fifteen characters, and is another one', async () => {
    expect(await change('wrong', 'a new long password')).toMatchObject({ body: { code: 'wrong_credentials' } });
    expect(await change(TEST_PASSWORD, 'fourteen chars')).toMatchObject({ body: { code: 'invalid_request' } });
    expect(await change(TEST_PASSWORD, TEST_PASSWORD)).toMatchObject({ body: { code: 'invalid_request' } });
    expect((await me(admin)).status).toBe(200);
  });

  test('has to be changed when somebody else made it: nothing else works before', async () => {
    const { body } = await admin.call('POST', '/api/users', { name: 'new', role: 'admin' });
    const { password } = body as { password: string };
    const session = new AdminSession(rig.base);
    const signedIn = await session.call('POST', '/api/session', { name: 'new', password });
    expect(signedIn.body).toMatchObject({ must_change_password: true });
    for (const path of ['/api/users', '/api/tokens']) {
      const answer = await session.call('GET', path);
      expect(answer).toMatchObject({ status: 403, body: { code: 'password_must_change' } });
    }
    expect((await me(session)).status).toBe(200);
    await session.call('POST', '/api/session/password', { current: password, password: TEST_PASSWORD });
    expect((await session.call('GET', '/api/users')).status).toBe(200);
  });
});

describe('cookie and token together', () => {
  const both = async (session: AdminSession, token: string) =>
    await session.call('GET', '/api/users', undefined, { authorization: `Bearer ${token}` });

  test('of two people: 400, never the stronger one', async () => {
    const viewer = await rig.user('anna', 'viewer');
    const ofAdmin = await rig.tokenOf('admin', 'admin', ['users:write']);
    const ofViewer = await rig.tokenOf('anna', 'viewer', ['exchanges:read']);
    for (const [session, { token }] of [
      [viewer, ofAdmin],
      [admin, ofViewer],
    ] as const) {
      expect(await both(session, token)).toMatchObject({ status: 400, body: { code: 'contradicting_credentials' } });
    }
  });

  test('of one person: what the token may, no more', async () => {
    expect(await both(admin, (await rig.tokenOf('admin', 'admin', ['exchanges:read'])).token)).toMatchObject({
      status: 403,
    });
    expect(await both(admin, (await rig.tokenOf('admin', 'admin', ['users:write'])).token)).toMatchObject({
      status: 200,
    });
  });

  test('one that does not work is not passed over for the other', async () => {
    const { id, token } = await rig.tokenOf('admin', 'admin', ['users:write']);
    expect(await both(admin, `${id}_${'A'.repeat(43)}`)).toMatchObject({ status: 401 });
    expect(await both(admin, 'nonsense')).toMatchObject({ status: 401 });
    admin.cookie = `judge_session=${'A'.repeat(43)}`;
    expect(await both(admin, token)).toMatchObject({ status: 401 });
    admin.cookie = '';
    expect(await both(admin, token)).toMatchObject({ status: 200 });
  });
});

test('password, session id and token are in no file and no log line', async () => {
  const { token } = await rig.tokenOf('admin', 'admin', ['users:write']);
  const [, id = ''] = admin.cookie.split('=');
  await rig.admin.close();
  const file = join(rig.folder, 'ledger.db');
  const db = new DatabaseSync(file);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  const bytes = readFileSync(file).toString('latin1');
  const logged = JSON.stringify(rig.log.lines);
  for (const secret of [rig.firstPassword, TEST_PASSWORD, id, token, token.slice(20), admin.csrf]) {
    expect(secret.length).toBeGreaterThan(10);
    expect(bytes).not.toContain(secret);
    expect(logged).not.toContain(secret);
  }
});
