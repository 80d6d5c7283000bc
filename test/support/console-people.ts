/** People of a console under test: the first user of a fresh ledger, and others that it makes. */

import assert from 'node:assert/strict';
import type { Me } from '../../judge-proxy/contract/responses.ts';
import type { Role } from '../../judge-proxy/contract/roles.ts';
import type { Chain } from './chain.ts';

/** Somebody who is signed in over the API. */
export interface Person {
  readonly name: string;
  readonly password: string;
  /** To be sent as `cookie`. */
  readonly cookie: string;
  readonly csrf: string;
}

/** Address under which a browser on this machine finds the console. */
export const consoleUrl = (chain: Chain) => `http://localhost:${chain.adminPort}`;

/** The password that the first start shows once. */
export async function firstPassword(chain: Chain): Promise<string> {
  await chain.proxy.said(/First start: sign in/);
  await chain.proxy.said(PASSWORD);
  const line = chain.proxy.text.find((text) => PASSWORD.test(text)) ?? '';
  return line.trim();
}
/** Stands alone on its line (firstUserNote of commands/banner.ts). */
const PASSWORD = /^\s+[A-Za-z0-9_-]{15,}\s*$/;

/** Signs in, and takes a password of one's own where that is asked. */
export async function signInByApi(base: string, name: string, password: string, own: string): Promise<Person> {
  const first = await post(base, '/api/session', { name, password });
  if (!first.me.must_change_password) return { name, password, cookie: first.cookie, csrf: first.me.csrf_token };
  const changed = await post(base, '/api/session/password', { current: password, password: own }, first);
  return { name, password: own, cookie: changed.cookie, csrf: changed.me.csrf_token };
}

/** A user with a role, made by `admin` and signed in. */
export async function makePerson(base: string, admin: Person, name: string, role: Role): Promise<Person> {
  const response = await fetch(`${base}/api/users`, {
    method: 'POST',
    headers: headersOf(base, admin),
    body: JSON.stringify({ name, role }),
  });
  assert.equal(response.status, 201, await response.clone().text());
  const { password } = (await response.json()) as { password: string };
  return await signInByApi(base, name, password, `a sentence of ${name} alone`);
}

/** Headers of a call that changes something. */
export function headersOf(base: string, { cookie, csrf }: Pick<Person, 'cookie' | 'csrf'>): Record<string, string> {
  return { 'content-type': 'application/json', origin: base, cookie, 'x-csrf-token': csrf };
}

interface SignedIn {
  readonly me: Me;
  readonly cookie: string;
}

async function post(base: string, path: string, body: object, as?: SignedIn): Promise<SignedIn> {
  const headers =
    as === undefined
      ? { 'content-type': 'application/json', origin: base }
      : headersOf(base, { cookie: as.cookie, csrf: as.me.csrf_token });
  const response = await fetch(`${base}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.equal(response.status, 200, await response.clone().text());
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  return { me: (await response.json()) as Me, cookie };
}
