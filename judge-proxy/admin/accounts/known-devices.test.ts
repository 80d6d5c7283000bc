/**
 * Contract: whoever fails on purpose on somebody's name, from however many addresses, keeps nobody out who signed in by
 * the same browser before. That is known by a cookie which is worth nothing for another name, after a new password, or
 * alone: it takes the place of no password, and has ten attempts of its own.
 */

import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TEST_PASSWORD } from '../../../test/support/admin-session.ts';
import { AdminRig } from '../testing/admin-rig.ts';

let rig: AdminRig;

beforeEach(async () => {
  rig = await AdminRig.start();
  await rig.administrator();
});
afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

interface Tried {
  readonly status: number | undefined;
  /** The cookie of the browser, as it sends it back; empty when none was set. */
  readonly device: string;
}

async function signIn(from: string, name: string, password: string, cookie = ''): Promise<Tried> {
  const headers = { 'content-type': 'application/json', ...(cookie === '' ? {} : { cookie }) };
  const call = request(`${rig.base}/api/session`, { method: 'POST', localAddress: from, headers, agent: false });
  call.end(JSON.stringify({ name, password }));
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  response.resume();
  const [device = ''] = (response.headers['set-cookie'] ?? []).filter((one) => one.startsWith('judge_session_device='));
  return { status: response.statusCode, device: device.split(';')[0] ?? '' };
}

/** From three addresses of a network of its own: until nobody may try that name any more. */
async function attack(name: string, network = '127.0.0'): Promise<void> {
  for (let attempt = 0; attempt < 30; attempt += 1) await signIn(`${network}.${2 + (attempt % 3)}`, name, 'wrong');
}

test('the known browser gets in, from the address of an attacker, too; an unknown one waits', async () => {
  const { status, device } = await signIn('127.0.0.1', 'admin', TEST_PASSWORD);
  expect(status).toBe(200);
  expect(device).toMatch(/^judge_session_device=[A-Za-z0-9_-]{43}$/);
  await attack('admin');
  expect(await signIn('127.0.0.9', 'admin', TEST_PASSWORD)).toEqual({ status: 429, device: '' });
  expect(await signIn('127.0.0.9', 'admin', TEST_PASSWORD, device)).toMatchObject({ status: 200 });
  expect(await signIn('127.0.0.2', 'admin', TEST_PASSWORD, device)).toMatchObject({ status: 200 });
});

test('the cookie is no password, and has an end', async () => {
  const { device } = await signIn('127.0.0.1', 'admin', TEST_PASSWORD);
  await attack('admin');
  for (let attempt = 0; attempt < 10; attempt += 1) {
    expect(await signIn('127.0.0.9', 'admin', 'wrong', device)).toEqual({ status: 401, device: '' });
  }
  expect(await signIn('127.0.0.9', 'admin', TEST_PASSWORD, device)).toMatchObject({ status: 429 });
});

test('that of another user, one that was made up, and that of an earlier password are worth nothing', async () => {
  const anna = await rig.user('anna', 'viewer');
  const { device: hers } = await signIn('127.0.0.1', 'anna', TEST_PASSWORD);
  const { device: mine } = await signIn('127.0.0.1', 'admin', TEST_PASSWORD);
  const [, value = ''] = mine.split('=');
  await attack('admin');
  for (const wrong of [hers, `judge_session_device=${'A'.repeat(43)}`, `${mine}; judge_session_device=${value}`]) {
    expect(await signIn('127.0.0.9', 'admin', TEST_PASSWORD, wrong)).toMatchObject({ status: 429 });
  }
  const password = 'another long password of hers';
  const changed = await anna.call('POST', '/api/session/password', { current: TEST_PASSWORD, password });
  const [, next = ''] = changed.headers.getSetCookie();
  expect(next).toMatch(
    /^judge_session_device=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=15552000; HttpOnly; SameSite=Strict$/,
  );
  await attack('anna', '127.0.1');
  expect(await signIn('127.0.0.9', 'anna', password, hers)).toMatchObject({ status: 429 });
  expect(await signIn('127.0.0.9', 'anna', password, next.split(';')[0])).toMatchObject({ status: 200 });
});

test('a user who is locked is not let in by it, and is not told apart', async () => {
  const anna = await rig.user('anna', 'viewer');
  const { device } = await signIn('127.0.0.1', 'anna', TEST_PASSWORD);
  const given = { params: { name: 'anna' }, query: {}, body: { disabled: true } };
  await rig.accounts.change_user(given, rig.context('admin', 'admin'));
  expect(await signIn('127.0.0.1', 'anna', TEST_PASSWORD, device)).toEqual({ status: 401, device: '' });
  expect(await anna.call('GET', '/api/session')).toMatchObject({ status: 401 });
});
