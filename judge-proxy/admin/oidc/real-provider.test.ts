/**
 * Contract: the sign-in works with a provider that others wrote and certified (npm oidc-provider): a login, a consent,
 * and back; what it is asked for and how the code is exchanged is what the standard says and not what our own test issuer
 * believes.
 */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RedirectBrowser, type Step } from '../../../test/support/redirect-browser.ts';
import { oidc } from '../../config/oidc.ts';
import { AdminRig } from '../testing/admin-rig.ts';

const CLIENT = { client_id: 'judge-console', client_secret: 'a secret of at least 32 characters, yes' };

let server: Server;
let rig: AdminRig;

beforeEach(async () => {
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const settings = { issuer, ...CLIENT, role_claim: 'groups', roles: { auditors: 'reviewer' } };
  rig = await AdminRig.start({ console: { oidc: oidc.parse({ ...settings, allow_addresses: ['127.0.0.0/8'] }) } });
  const provider = new Provider(issuer, {
    clients: [{ ...CLIENT, redirect_uris: [`${rig.base}/api/session/oidc/callback`] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['groups'] },
    conformIdTokenClaims: false, // claims of scopes in the ID token, as large providers have them
    cookies: { keys: ['a key of this test'] },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, email: `${sub}@example.test`, email_verified: true, groups: ['auditors'] }),
    }),
  });
  server.on('request', provider.callback());
});
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

test('login, consent, and back as the user and role that it says', async () => {
  const browser = new RedirectBrowser();
  const login = await follow(browser, `${rig.base}/api/session/oidc?next=/queue`);
  const consent = await submit(browser, login, { prompt: 'login', login: 'anna', password: 'any' });
  const end = await submit(browser, consent, { prompt: 'consent' });
  expect(end.at).toBe(`${rig.base}/queue`);
  const me = JSON.parse((await browser.visit(`${rig.base}/api/session`)).text) as object;
  expect(me).toMatchObject({ name: 'anna@example.test', role: 'reviewer' });
});

interface Page extends Step {
  readonly at: string;
}

/** Goes where redirects lead, up to a page of the provider or one of the console. */
async function follow(browser: RedirectBrowser, url: string, init: RequestInit = {}): Promise<Page> {
  const step = await browser.visit(url, init);
  if (step.location === '') return { ...step, at: url };
  // The console's own pages are not built here.
  if (step.location.startsWith(rig.base) && !step.location.includes('/api/')) return { ...step, at: step.location };
  return await follow(browser, step.location);
}

/** Sends the form of the page. */
async function submit(browser: RedirectBrowser, { at, text }: Page, fields: Record<string, string>): Promise<Page> {
  const action = /<form[^>]*action="([^"]+)"/.exec(text)?.[1] ?? '';
  return await follow(browser, new URL(action, at).href, { method: 'POST', body: new URLSearchParams(fields) });
}
