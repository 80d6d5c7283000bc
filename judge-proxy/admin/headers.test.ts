/**
 * Contract: every answer of the admin API has the headers that keep a browser from doing what nobody asked for, whatever
 * the answer is: of each endpoint, to somebody unknown, somebody who may, a request of another site, and a body that does
 * not fit; as JSON, as a file, as events, and as an error.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { AdminSession } from '../../test/support/admin-session.ts';
import type { Endpoint } from '../contract/endpoint.ts';
import { ENDPOINTS, type EndpointName } from '../contract/endpoints.ts';
import { type Handlers, SESSION_ENDPOINTS } from './handlers.ts';
import { AdminRig } from './testing/admin-rig.ts';

const ALL = Object.entries<Endpoint>(ENDPOINTS);
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

async function* nothing(): AsyncGenerator<never> {}
const HANDLERS = Object.fromEntries(
  ALL.filter(([name]) => !SESSION_ENDPOINTS.some((own) => own === name)).map(([name, { answer }]) => {
    if (answer === 'file') return [name, async () => ({ type: 'text/html', name: 'x.html', body: nothing() })];
    return [name, async () => (answer === 'events' ? nothing() : {})];
  }),
) as unknown as Handlers;

let rig: AdminRig;
let admin: AdminSession;

beforeAll(async () => {
  rig = await AdminRig.start({ handlers: HANDLERS });
  admin = await rig.administrator();
});
afterAll(() => rig?.[Symbol.asyncDispose]());

test.each(ALL)('%s', async (name, { method, path }) => {
  const at = path.replaceAll(/:[a-z_]+/g, 'some-name');
  const body = method === 'GET' || method === 'DELETE' ? undefined : {};
  const session = (name as EndpointName) === 'sign_out' ? await rig.sessionOf('admin') : admin;
  for (const answer of [
    await new AdminSession(rig.base).call(method, at, body),
    await session.call(method, at, body, { origin: 'https://evil.example' }),
    await session.call(method, `${at}?no_such_key=1`, body),
    await session.call(method, at, body),
  ]) {
    expect(Object.fromEntries(answer.headers), `${answer.status}`).toMatchObject(HEADERS);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; frame-ancestors 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain('unsafe-');
  }
});
