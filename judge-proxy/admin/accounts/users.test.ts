/**
 * Contract: users are made, changed and given new passwords by administrators; each change is an act in the chain, with
 * before and after, without secrets; one administrator always stays.
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AdminSession, TEST_PASSWORD } from '../../../test/support/admin-session.ts';
import type { TokenRow } from '../../contract/responses.ts';
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

test('the first start makes one administrator, a second none', async () => {
  expect(rig.acts()[0]).toMatchObject({
    actor: { kind: 'system', name: 'first start' },
    action: 'user.create',
    object: 'admin',
    after: { role: 'admin' },
  });
  const { body } = await admin.call('GET', '/api/users');
  expect(body).toMatchObject([{ name: 'admin', role: 'admin', disabled_at: null, must_change_password: false }]);
});

test('made, changed, locked, unlocked: each is an act with before and after', async () => {
  const made = await admin.call('POST', '/api/users', { name: 'anna', role: 'viewer' });
  expect(made).toMatchObject({
    status: 201,
    body: { user: { name: 'anna', role: 'viewer', must_change_password: true } },
  });
  expect(made.headers.get('cache-control')).toBe('no-store');
  const { password } = made.body as { password: string };
  const patch = (body: object) => admin.call('PATCH', '/api/users/anna', body);
  expect(await patch({ role: 'reviewer' })).toMatchObject({ body: { role: 'reviewer' } });
  expect(await patch({ disabled: true })).toMatchObject({ body: { disabled_at: expect.any(String) } });
  expect(await patch({ disabled: true })).toMatchObject({ status: 200 }); // nothing changes, nothing is written
  expect(await patch({})).toMatchObject({ status: 200 });
  expect(await patch({ disabled: false })).toMatchObject({ body: { disabled_at: null } });
  await admin.call('POST', '/api/users/anna/password');
  const of = rig.acts().filter(({ object }) => object === 'anna');
  expect(of.map(({ action, before, after }) => [action, before, after])).toEqual([
    ['user.create', null, { role: 'viewer' }],
    ['user.update', { role: 'viewer', disabled: false }, { role: 'reviewer', disabled: false }],
    ['user.update', { role: 'reviewer', disabled: false }, { role: 'reviewer', disabled: true }],
    ['user.update', { role: 'reviewer', disabled: true }, { role: 'reviewer', disabled: false }],
    ['user.password', null, { by: 'reset' }],
  ]);
  expect(new Set(of.map(({ actor }) => actor.name))).toEqual(new Set(['admin']));
  expect(JSON.stringify(rig.acts())).not.toContain(password);
  expect(JSON.stringify(rig.acts())).not.toContain('argon2');
});

describe('a lock ends tokens for good', () => {
  const use = (token: string) =>
    fetch(`${rig.base}/api/users`, { headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status);
  const patch = (body: object) => admin.call('PATCH', '/api/users/anna', body);

  test('they stay revoked when the user is unlocked, and the act names them', async () => {
    await rig.user('anna', 'admin');
    const leaked = await rig.tokenOf('anna', 'admin', ['users:write']);
    const expired = await rig.tokenOf('anna', 'admin', ['users:write'], 1_000);
    const others = await rig.tokenOf('admin', 'admin', ['users:write']);
    rig.clock.ms += 2_000;
    expect(await use(leaked.token)).toBe(200);
    await patch({ disabled: true });
    expect(await use(leaked.token)).toBe(401);
    await patch({ disabled: false });
    expect(await use(leaked.token)).toBe(401);
    expect(await use(others.token)).toBe(200);
    const { body } = await admin.call('GET', '/api/tokens');
    const revoked = (body as TokenRow[]).filter(({ revoked_at }) => revoked_at !== null);
    expect(revoked.map(({ token_id }) => token_id)).toEqual([leaked.id]);
    const acts = rig.acts().filter(({ action }) => action === 'user.update');
    expect(acts.map(({ after }) => after)).toEqual([
      { role: 'admin', disabled: true, tokens_revoked: [leaked.id] },
      { role: 'admin', disabled: false },
    ]);
    expect(expired.id).not.toBe(leaked.id);
  });

  test('those of a user who was locked by an earlier version end when that user is unlocked', async () => {
    await rig.user('anna', 'admin');
    const { id, token } = await rig.tokenOf('anna', 'admin', ['users:write']);
    const at = new Date(rig.clock.ms).toISOString();
    await rig.ledger.append([], [['changeUser', 'admin', at, 'anna', 'admin', null, 'admin', at]]);
    await patch({ disabled: false });
    expect(await use(token)).toBe(401);
    expect(rig.acts().at(-1)).toMatchObject({ after: { disabled: false, tokens_revoked: [id] } });
  });

  test('another role leaves them: they may what their maker may', async () => {
    await rig.user('anna', 'admin');
    const { token } = await rig.tokenOf('anna', 'admin', ['users:write']);
    await patch({ role: 'reviewer' });
    expect(await use(token)).toBe(403);
  });
});

test('a name is taken once, has a form, and is looked for', async () => {
  await rig.user('anna', 'viewer');
  const make = (name: string) => admin.call('POST', '/api/users', { name, role: 'viewer' });
  expect(await make('anna')).toMatchObject({ status: 409, body: { code: 'conflict' } });
  for (const name of ['', 'Anna', '../x', 'a b', '-a', 'a\n', 'a'.repeat(64), '<b>']) {
    expect(await make(name)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  }
  expect(await admin.call('PATCH', '/api/users/nobody', { role: 'viewer' })).toMatchObject({ status: 404 });
  expect(await admin.call('POST', '/api/users/nobody/password')).toMatchObject({ status: 404 });
  expect(await admin.call('PATCH', '/api/users/anna', { role: 'root' })).toMatchObject({ status: 400 });
});

test.each([[{ role: 'viewer' }], [{ disabled: true }], [{ role: 'viewer', disabled: true }]])(
  'the last administrator stays: %j',
  async (change) => {
    await rig.user('other', 'admin');
    await admin.call('PATCH', '/api/users/other', { disabled: true }); // one that cannot sign in does not count
    const answer = await admin.call('PATCH', '/api/users/admin', change);
    expect(answer).toMatchObject({ status: 409, body: { code: 'last_admin' } });
    expect((await admin.call('GET', '/api/users')).status).toBe(200);
    await admin.call('PATCH', '/api/users/other', { disabled: false });
    expect(await admin.call('PATCH', '/api/users/admin', change)).toMatchObject({ status: 200 });
  },
);

test('two administrators who take each other’s role at one time: one stays', async () => {
  const other = await rig.user('other', 'admin');
  await Promise.all([
    admin.call('PATCH', '/api/users/other', { role: 'viewer' }),
    other.call('PATCH', '/api/users/admin', { role: 'viewer' }),
  ]);
  const users = await rig.ledger.rows<{ role: string }>('users');
  expect(users.filter(({ role }) => role === 'admin')).toHaveLength(1);
});

test('a new password is shown once, works once, and has to be changed', async () => {
  await rig.user('anna', 'viewer');
  const { body } = await admin.call('POST', '/api/users/anna/password');
  const { password } = body as { password: string };
  await expect(rig.sessionOf('anna', TEST_PASSWORD)).rejects.toThrow('401');
  expect(await rig.sessionOf('anna', password)).toBeTruthy();
  await expect(rig.sessionOf('anna', password)).rejects.toThrow('401');
});
