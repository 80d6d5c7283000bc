/**
 * Contract: nothing works without its permission. The table of endpoints and the table of roles are the fixture: every
 * endpoint is called by every kind of caller, and the answer follows from the two tables alone. Handlers stand still here
 * and say that they were reached; a new endpoint is in the matrix without another line.
 *
 * Who may: a role that has the permission, or a token with that scope whose maker still has it, and with the one that is
 * needed beside it where there is one. `session` is for
 * whoever is signed in, and no token. Everybody else gets 401 when unknown and 403 when known.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AdminSession } from '../../test/support/admin-session.ts';
import type { Endpoint } from '../contract/endpoint.ts';
import { ENDPOINTS, type EndpointName } from '../contract/endpoints.ts';
import { PERMISSIONS, type Permission, ROLE_PERMISSIONS, ROLES, type Role } from '../contract/roles.ts';
import { type Handlers, SESSION_ENDPOINTS } from './handlers.ts';
import { AdminRig } from './testing/admin-rig.ts';

const NAMES = Object.keys(ENDPOINTS) as EndpointName[];
const ALL = NAMES.map((name): [EndpointName, Endpoint] => [name, ENDPOINTS[name]]);
/** With a permission of their own. */
const GUARDED = ALL.filter(([, { permission }]) => permission !== 'public' && permission !== 'session');
const OF_A_SESSION = ALL.filter(([, { permission }]) => permission === 'session');

/** A handler that says that it was reached: what it was given has passed every check. */
const reached = async () => ({ reached: true });
async function* noEvents(): AsyncGenerator<never> {}
const HANDLERS = Object.fromEntries(
  ALL.filter(([name]) => !SESSION_ENDPOINTS.some((own) => own === name)).map(([name, { answer }]) => {
    if (answer === 'file') return [name, async () => ({ type: 'text/plain', name: 'x', body: noEvents() })];
    return [name, answer === 'events' ? async () => noEvents() : reached];
  }),
) as unknown as Handlers;

let rig: AdminRig;
const users = new Map<Role, AdminSession>();
/** Tokens of the administrator: with one scope, and with all but one. */
const only = new Map<Permission, string>();
const without = new Map<Permission, string>();

beforeAll(async () => {
  rig = await AdminRig.start({ handlers: HANDLERS });
  users.set('admin', await rig.administrator());
  for (const role of ROLES) if (role !== 'admin') users.set(role, await rig.user(role, role));
  for (const permission of PERMISSIONS) {
    only.set(permission, (await rig.tokenOf('admin', 'admin', [permission])).token);
    const others = PERMISSIONS.filter((other) => other !== permission);
    without.set(permission, (await rig.tokenOf('admin', 'admin', others)).token);
  }
});
afterAll(async () => {
  await rig?.[Symbol.asyncDispose]();
});

/** A call that nothing but its permission can stop: whatever the schema then says of it, it was permitted. */
async function call(session: AdminSession, [, endpoint]: [string, Endpoint], headers: Record<string, string> = {}) {
  const path = endpoint.path.replaceAll(/:[a-z_]+/g, '1');
  const body = endpoint.method === 'GET' || endpoint.method === 'DELETE' ? undefined : {};
  return await session.call(endpoint.method, path, body, headers);
}

const stranger = () => new AdminSession(rig.base);
const withToken = (token: string) => ({ authorization: `Bearer ${token}` });

/** Whether the call got past authentication, permission and CSRF: to a handler, or to the schema that comes after. */
function permitted({ status, body }: { status: number; body: unknown }): boolean {
  const code = (body as { code?: string } | null)?.code;
  if (status < 300) return true;
  return (status === 400 && code === 'invalid_request') || (status === 404 && code === 'not_found');
}

test('every endpoint is in the matrix, with a handler that the server answers by', async () => {
  const PUBLIC = ['sign_in', 'sign_in_ways', 'start_oidc', 'finish_oidc'];
  expect(GUARDED.length + OF_A_SESSION.length + PUBLIC.length).toBe(NAMES.length);
  expect(ALL.filter(([, { permission }]) => permission === 'public').map(([name]) => name)).toEqual(PUBLIC);
});

describe.each(GUARDED)('%s', (name, endpoint) => {
  const permission = endpoint.permission as Permission;
  const { also } = endpoint;
  const needed: readonly Permission[] = also === undefined ? [permission] : [permission, also];
  const entry: [string, Endpoint] = [name, endpoint];

  test('nobody: 401', async () => {
    expect(await call(stranger(), entry)).toMatchObject({ status: 401, body: { code: 'not_signed_in' } });
  });

  test.each(ROLES)('%s', async (role) => {
    const session = users.get(role) ?? stranger();
    const may = needed.every((one) => ROLE_PERMISSIONS[role].includes(one));
    const answer = await call(session, entry);
    expect(permitted(answer), JSON.stringify(answer.body)).toBe(may);
    if (!may) expect(answer).toMatchObject({ status: 403, body: { code: 'not_permitted' } });
  });

  test('a token with that scope only', async () => {
    const { token } = await rig.tokenOf('admin', 'admin', needed);
    const answer = await call(stranger(), entry, withToken(token));
    expect(permitted(answer), JSON.stringify(answer.body)).toBe(true);
  });

  test('a token with every other scope, one without what is needed beside it, and one for metrics alone', async () => {
    const half = needed.length > 1 ? [only.get(permission)] : [];
    for (const wrong of [...needed.map((one) => without.get(one)), ...half, only.get('metrics:read')]) {
      const answer = await call(stranger(), entry, withToken(wrong ?? ''));
      expect(answer).toMatchObject({ status: 403, body: { code: 'not_permitted' } });
    }
  });
});

describe.each(OF_A_SESSION)('%s, for whoever is signed in', (name, endpoint) => {
  const entry: [string, Endpoint] = [name, endpoint];

  test('nobody: 401; a token with every scope: 403', async () => {
    expect(await call(stranger(), entry)).toMatchObject({ status: 401, body: { code: 'not_signed_in' } });
    const { token } = await rig.tokenOf('admin', 'admin', PERMISSIONS);
    expect(await call(stranger(), entry, withToken(token))).toMatchObject({
      status: 403,
      body: { code: 'not_permitted' },
    });
  });

  test.each(ROLES)('%s', async (role) => {
    // A session of its own: some of these end it.
    const session = await rig.sessionOf(role);
    const answer = await call(session, entry);
    expect(permitted(answer), JSON.stringify(answer.body)).toBe(true);
  });
});

describe('CSRF', () => {
  const changing = [...GUARDED, ...OF_A_SESSION].filter(([, { method }]) => method !== 'GET');

  test.each(changing)('%s refuses a request of another site, and one without the token', async (name, endpoint) => {
    const session = users.get('admin') ?? stranger();
    const entry: [string, Endpoint] = [name, endpoint];
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://127.0.0.1:${rig.port + 1}` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      expect(await call(session, entry, headers)).toMatchObject({ status: 403, body: { code: 'foreign_origin' } });
    }
    for (const csrf of ['', 'x', `${session.csrf}x`]) {
      const answer = await call(session, entry, { 'x-csrf-token': csrf });
      expect(answer).toMatchObject({ status: 403, body: { code: 'csrf' } });
    }
  });
});

test('a role that is taken away is gone at the next request, from tokens, too', async () => {
  const person = await rig.user('falls', 'admin');
  const { token } = await rig.tokenOf('falls', 'admin', ['users:write', 'exchanges:read']);
  const listUsers: [string, Endpoint] = ['list_users', ENDPOINTS.list_users];
  const listExchanges: [string, Endpoint] = ['list_exchanges', ENDPOINTS.list_exchanges];
  expect(permitted(await call(stranger(), listUsers, withToken(token)))).toBe(true);
  const given = { params: { name: 'falls' }, query: {}, body: { role: 'viewer' as const } };
  await rig.accounts.change_user(given, rig.context('admin', 'admin'));
  expect(await call(stranger(), listUsers, withToken(token))).toMatchObject({ status: 403 });
  expect(permitted(await call(stranger(), listExchanges, withToken(token)))).toBe(true);
  expect(await call(person, listUsers)).toMatchObject({ status: 401 });
  const again = await rig.sessionOf('falls');
  expect(await call(again, listUsers)).toMatchObject({ status: 403, body: { code: 'not_permitted' } });
});

describe('credentials that do not work any more, at every endpoint', () => {
  /** Makes one, and ends it. */
  const WORTHLESS: Readonly<Record<string, () => Promise<[AdminSession, Record<string, string>]>>> = {
    'revoked token': async () => {
      const { id, token } = await rig.tokenOf('admin', 'admin', PERMISSIONS);
      await rig.accounts.revoke_token({ params: { id }, query: {}, body: {} }, rig.context('admin', 'admin'));
      return [stranger(), withToken(token)];
    },
    'token of a user who is locked': async () => {
      await rig.user('locked', 'admin');
      const { token } = await rig.tokenOf('locked', 'admin', PERMISSIONS);
      await lock('locked');
      return [stranger(), withToken(token)];
    },
    'session of a user who is locked': async () => {
      const session = await rig.user('locked-too', 'admin');
      await lock('locked-too');
      return [session, {}];
    },
    'session that was signed out': async () => {
      const session = await rig.sessionOf('admin');
      const { cookie } = session;
      await session.call('DELETE', '/api/session');
      session.cookie = cookie;
      return [session, {}];
    },
    'token with another secret': async () => {
      const { id } = await rig.tokenOf('admin', 'admin', PERMISSIONS);
      return [stranger(), withToken(`${id}_${'A'.repeat(43)}`)];
    },
    'no token at all, but another scheme': async () => [stranger(), { authorization: 'Basic YWRtaW46YWRtaW4=' }],
    'expired token': async () => {
      const { token } = await rig.tokenOf('admin', 'admin', PERMISSIONS, 1_000);
      rig.clock.ms += 1_000;
      return [stranger(), withToken(token)];
    },
    'session that was not used for an hour': async () => {
      const session = await rig.sessionOf('admin');
      rig.clock.ms += 3_600_000;
      return [session, {}];
    },
  };

  test.each(Object.keys(WORTHLESS))('%s: 401', async (what) => {
    const [session, headers] = (await WORTHLESS[what]?.()) ?? [stranger(), {}];
    for (const entry of [...GUARDED, ...OF_A_SESSION]) {
      const answer = await call(session, entry, headers);
      expect(answer, `${entry[0]}`).toMatchObject({ status: 401, body: { code: 'not_signed_in' } });
    }
  });

  async function lock(name: string): Promise<void> {
    const given = { params: { name }, query: {}, body: { disabled: true } };
    await rig.accounts.change_user(given, rig.context('admin', 'admin'));
  }
});
