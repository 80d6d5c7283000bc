/**
 * Contract: each key of `console.oidc` does what docs/configuration.md says. The whole judge proxy runs with the key
 * changed; the provider beside it is one that signs everybody in.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeOriginCertificate } from '../support/certificates.ts';
import { OidcIssuer } from '../support/oidc-issuer.ts';
import { RedirectBrowser } from '../support/redirect-browser.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { SettingsWorld } from '../support/settings-world.ts';

let world: SettingsWorld;
let issuer: OidcIssuer;

beforeAll(async () => {
  world = await SettingsWorld.make();
  issuer = await OidcIssuer.start();
});
afterAll(async () => {
  await issuer?.[Symbol.asyncDispose]();
  await world?.close();
});

const start = (changes: object = {}) =>
  world.start({ config: { console: { oidc: { ...issuer.config, ...changes } } } });
const base = ({ adminPort }: RunningSettings) => `http://127.0.0.1:${adminPort}`;
const begin = (running: RunningSettings) => new RedirectBrowser().visit(`${base(running)}/api/session/oidc`);

/** Who is signed in at the end; else why not. */
async function signedIn(changes: object = {}): Promise<unknown> {
  const running = await start(changes);
  const browser = new RedirectBrowser();
  const leaving = await browser.visit(`${base(running)}/api/session/oidc`);
  const end = await browser.visit((await browser.visit(leaving.location)).location);
  const refused = new URL(end.location).searchParams.get('refused');
  return refused ?? JSON.parse((await browser.visit(`${base(running)}/api/session`)).text);
}

it('issuer, client_id and client_secret: who is asked, as whom, and with which secret', async () => {
  expect(await signedIn()).toMatchObject({ name: 'anna@example.test', role: 'viewer' });
  expect(await signedIn({ client_secret: 'another' })).toBe('bad_answer');
  expect(await signedIn({ client_id: 'another' })).toBe('bad_answer');
  await using other = await OidcIssuer.start();
  const { location } = await begin(await start({ issuer: other.url }));
  expect(new URL(location).origin).toBe(other.url);
  await expect(start({ issuer: 'http://idp.example' })).rejects.toThrow('console.oidc.issuer');
});

it('name: what the button says', async () => {
  const named = await start({ name: 'Example & Co' });
  expect(await (await fetch(`${base(named)}/api/session/ways`)).json()).toEqual({ oidc: { name: 'Example & Co' } });
});

it('scopes: what the provider is asked for', async () => {
  const { location } = await begin(await start({ scopes: ['openid', 'groups'] }));
  expect(new URL(location).searchParams.get('scope')).toBe('openid groups');
  await expect(start({ scopes: ['profile'] })).rejects.toThrow('console.oidc.scopes');
});

it('user_claim, role_claim and roles: who it is, and what they may', async () => {
  issuer.claims = { nickname: 'anna', email_verified: false, team: 'blue' };
  expect(await signedIn({ user_claim: 'nickname' })).toMatchObject({ name: 'anna', role: 'viewer' });
  expect(await signedIn()).toBe('unverified_email');
  const teams = { user_claim: 'nickname', role_claim: 'team' };
  expect(await signedIn(teams)).toBe('no_role');
  expect(await signedIn({ ...teams, roles: { blue: 'policy_editor' } })).toMatchObject({ role: 'policy_editor' });
  issuer.claims = {};
});

it('ca_files and allow_addresses: whose certificate is believed, and where it may live', async () => {
  const pair = await makeOriginCertificate(world.originCa, join(world.folder, 'idp'), 'idp', ['IP:127.0.0.1']);
  const [cert, key] = await Promise.all([readFile(pair.certFile), readFile(pair.keyFile)]);
  await using secure = await OidcIssuer.start({ cert, key });
  const leaves = async (changes: object) => {
    const { location } = await begin(await start({ issuer: secure.url, ...changes }));
    return new URL(location).searchParams.get('refused') ?? new URL(location).origin;
  };
  const ca_files = [world.originCa.certFile];
  expect(await leaves({ ca_files })).toBe(secure.url);
  expect(await leaves({})).toBe('unavailable');
  expect(await leaves({ ca_files, allow_addresses: [] })).toBe('unavailable');
  await expect(start({ allow_addresses: ['10.0.0.1/8'] })).rejects.toThrow('console.oidc.allow_addresses');
});
