/**
 * Contract: by OpenID Connect nobody gets in but whom the provider vouches for, now, to us, in this browser, with a role.
 * An issuer that forges one field at a time stands at the other end; the server, its ledger and its sockets are real.
 * Each refusal sends the browser to the sign-in page with a word of the closed list, makes no session and no user, and
 * repeats nothing that the provider said. A user with a password, or of another subject, is never taken over. All in one
 * file, since every case is one field changed in the same sign-in.
 */

import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AdminSession, TEST_PASSWORD } from '../../../test/support/admin-session.ts';
import { foreignKey, jwt, OidcIssuer } from '../../../test/support/oidc-issuer.ts';
import { RedirectBrowser, type Step } from '../../../test/support/redirect-browser.ts';
import { oidc } from '../../config/oidc.ts';
import type { OidcRefusal } from '../../contract/sign-in.ts';
import type { StoredSecret } from '../auth/account-rows.ts';
import { AdminRig } from '../testing/admin-rig.ts';
import { Provider } from './provider.ts';

const NAME = 'anna@example.test';

let issuer: OidcIssuer;
let rig: AdminRig;

beforeEach(async () => {
  issuer = await OidcIssuer.start();
  rig = await rigOf();
});
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]();
  await issuer?.[Symbol.asyncDispose]();
});

const rigOf = async (changes: object = {}) =>
  await AdminRig.start({ console: { oidc: oidc.parse({ ...issuer.config, ...changes }) } });

const CROSS_SITE = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

/** Up to the answer of the provider: the address that its redirect names. */
async function leave(browser: RedirectBrowser, next = ''): Promise<string> {
  const query = next === '' ? '' : `?next=${encodeURIComponent(next)}`;
  const start = await browser.visit(`${rig.base}/api/session/oidc${query}`, {
    headers: { 'sec-fetch-site': 'same-origin' },
  });
  expect(start.status).toBe(303);
  return (await browser.visit(start.location)).location;
}
const back = (browser: RedirectBrowser, to: string): Promise<Step> => browser.visit(to, { headers: CROSS_SITE });

/** The whole way. */
async function signIn(browser = new RedirectBrowser(), next = ''): Promise<Step> {
  return await back(browser, await leave(browser, next));
}

async function expectRefused(step: Step, code: OidcRefusal, browser?: RedirectBrowser): Promise<void> {
  expect(step.status).toBe(303);
  const { pathname, searchParams, origin } = new URL(step.location);
  expect([origin, pathname, searchParams.get('refused')]).toEqual([rig.base, '/sign-in', code]);
  expect(browser?.cookies.has('judge_session') ?? false).toBe(false);
}

const rowOf = async (name = NAME): Promise<StoredSecret | undefined> =>
  (await rig.ledger.rows<StoredSecret>('userSecret', name))[0];

async function me(browser: RedirectBrowser): Promise<{ status: number; body: unknown }> {
  const answer = await browser.visit(`${rig.base}/api/session`);
  return { status: answer.status, body: JSON.parse(answer.text) };
}

describe('somebody whom the provider vouches for', () => {
  test('is signed in, as the user of the claim, of the role of the claim, without a password', async () => {
    const browser = new RedirectBrowser();
    const end = await signIn(browser, '/exchanges?label=violation');
    expect(end.location).toBe(`${rig.base}/exchanges?label=violation`);
    expect(await me(browser)).toMatchObject({
      status: 200,
      body: { name: NAME, role: 'viewer', must_change_password: false },
    });
    const row = await rowOf();
    expect(row?.password_hash).toMatch(/^oidc\$[0-9a-f]{64}$/);
    const session = new AdminSession(rig.base);
    for (const password of ['oidc', row?.password_hash ?? '']) {
      expect(await session.call('POST', '/api/session', { name: NAME, password })).toMatchObject({ status: 401 });
    }
    const acts = await rig.acts();
    expect(acts.slice(-2).map(({ actor, action, object }) => [actor.kind, action, object])).toEqual([
      ['system', 'user.create', NAME],
      ['user', 'session.start', NAME],
    ]);
  });

  test('cookies: that of the way is Lax and ends, that of the session is Strict', async () => {
    const browser = new RedirectBrowser();
    const start = await browser.visit(`${rig.base}/api/session/oidc`);
    expect(start.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^judge_session_oidc=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/),
    ]);
    const end = await back(browser, (await browser.visit(start.location)).location);
    expect(end.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^judge_session_oidc=; Path=\/; Max-Age=0; /),
      expect.stringMatching(/^judge_session=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/),
    ]);
    expect([...browser.cookies.keys()]).toEqual(['judge_session']);
  });

  test('what the provider is asked for: a code, with PKCE, state and nonce, that are others each time', async () => {
    const asked = async () => new URL((await new RedirectBrowser().visit(`${rig.base}/api/session/oidc`)).location);
    const [one, other] = [(await asked()).searchParams, (await asked()).searchParams];
    expect(Object.fromEntries(one)).toMatchObject({
      response_type: 'code',
      client_id: 'judge-console',
      redirect_uri: `${rig.base}/api/session/oidc/callback`,
      scope: 'openid profile email',
      code_challenge_method: 'S256',
    });
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(one.get(name)).toMatch(/^[\w-]{43}$/);
      expect(one.get(name)).not.toBe(other.get(name));
    }
  });

  test('has the role of the day, and the sessions of the role before end', async () => {
    const [first, second] = [new RedirectBrowser(), new RedirectBrowser()];
    await signIn(first);
    issuer.claims = { groups: ['staff', 'owners', 'nonsense', 7] };
    await signIn(second);
    expect(await me(second)).toMatchObject({ body: { role: 'admin' } });
    expect((await me(first)).status).toBe(401);
    expect((await rig.acts()).find(({ action }) => action === 'user.update')).toMatchObject({
      actor: { kind: 'system' },
      before: { role: 'viewer' },
      after: { role: 'admin' },
    });
    issuer.claims = { groups: 'staff' };
    await signIn(first);
    expect(await me(first)).toMatchObject({ body: { role: 'viewer' } });
  });

  test('gets another session each time, and the one before ends', async () => {
    const browser = new RedirectBrowser();
    await signIn(browser);
    const before = browser.cookies.get('judge_session') ?? '';
    await signIn(browser);
    expect(browser.cookies.get('judge_session')).not.toBe(before);
    const old = new RedirectBrowser();
    old.cookies.set('judge_session', before);
    expect((await me(old)).status).toBe(401);
  });
});

describe('a forged answer', () => {
  const now = () => Math.floor(Date.now() / 1000);
  const FORGERIES: Readonly<Record<string, () => void>> = {
    'another issuer': () => (issuer.claims = { iss: 'https://evil.example' }),
    'no issuer': () => (issuer.claims = { iss: undefined }),
    'another audience': () => (issuer.claims = { aud: 'another-client' }),
    'no audience': () => (issuer.claims = { aud: undefined }),
    'two audiences, and nobody says which': () => (issuer.claims = { aud: ['judge-console', 'another-client'] }),
    'another authorized party': () => (issuer.claims = { azp: 'another-client' }),
    'two audiences, for the other': () =>
      (issuer.claims = { aud: ['judge-console', 'another-client'], azp: 'another-client' }),
    'another nonce': () => (issuer.claims = { nonce: 'A'.repeat(43) }),
    'no nonce': () => (issuer.claims = { nonce: undefined }),
    expired: () => (issuer.claims = { iat: now() - 600, exp: now() - 300 }),
    'no expiry': () => (issuer.claims = { exp: undefined }),
    'not yet valid': () => (issuer.claims = { nbf: now() + 300 }),
    'no subject': () => (issuer.claims = { sub: undefined }),
    'signed by another key': () => {
      issuer.signed = (claims) => jwt({ alg: 'RS256', kid: 'one' }, claims, foreignKey);
    },
    'signed by a key that is not there': () => {
      issuer.signed = (claims) => jwt({ alg: 'RS256', kid: 'other' }, claims, foreignKey);
    },
    'alg none': () => (issuer.signed = (claims) => jwt({ alg: 'none' }, claims, null)),
    'alg none, and the provider says that it does that': () => {
      issuer.metadata = { id_token_signing_alg_values_supported: ['none', 'RS256'] };
      issuer.signed = (claims) => jwt({ alg: 'none' }, claims, null);
    },
    'the public key as a secret': () => {
      const { publicKey } = issuer;
      issuer.metadata = { id_token_signing_alg_values_supported: ['RS256', 'HS256'] };
      issuer.signed = (claims) => hs256(claims, publicKey);
    },
    'changed after it was signed': () => {
      const { signed } = issuer;
      issuer.signed = (claims) => {
        const [head, , signature] = signed(claims).split('.');
        const body = Buffer.from(JSON.stringify({ ...claims, groups: ['owners'] })).toString('base64url');
        return `${head}.${body}.${signature}`;
      };
    },
    'no token at all': () => (issuer.signed = () => ''),
    'answer of another issuer': () => (issuer.answer = { iss: 'https://evil.example' }),
    'answer of no issuer': () => (issuer.answer = { iss: '' }),
    'an unknown code': () => (issuer.answer = { code: 'guessed' }),
    'an error with words': () => (issuer.answer = { error: 'server_error', error_description: '<b>words</b>' }),
  };

  test.each(Object.keys(FORGERIES))('%s', async (what) => {
    FORGERIES[what]?.();
    const browser = new RedirectBrowser();
    const end = await signIn(browser);
    await expectRefused(end, 'bad_answer', browser);
    expect(await rowOf()).toBeUndefined();
    expect(JSON.stringify(rig.log.lines)).not.toMatch(/words|evil|the secret of the client/);
    expect(end.location).not.toMatch(/words|evil/);
  });

  test('the same without a forgery is none', async () => {
    const browser = new RedirectBrowser();
    await signIn(browser);
    expect((await me(browser)).status).toBe(200);
  });
});

describe('an answer that nobody waits for', () => {
  test('used before', async () => {
    const browser = new RedirectBrowser();
    const start = await browser.visit(`${rig.base}/api/session/oidc`);
    const cookie = browser.cookies.get('judge_session_oidc') ?? '';
    const answer = (await browser.visit(start.location)).location;
    expect((await back(browser, answer)).location).toBe(`${rig.base}/`);
    const thief = new RedirectBrowser();
    thief.cookies.set('judge_session_oidc', cookie);
    await expectRefused(await back(thief, answer), 'not_begun', thief);
  });

  test('of another browser, and of one that began a sign-in of its own', async () => {
    const victim = new RedirectBrowser();
    const answer = await leave(new RedirectBrowser());
    await expectRefused(await back(victim, answer), 'not_begun', victim);
    await leave(victim);
    await expectRefused(await back(victim, answer), 'not_begun', victim);
    expect(issuer.asked).not.toContain('/token');
  });

  test('with another state, after which the right one does not work, either', async () => {
    const browser = new RedirectBrowser();
    const answer = new URL(await leave(browser));
    const right = answer.href;
    const cookie = browser.cookies.get('judge_session_oidc') ?? '';
    answer.searchParams.set('state', 'A'.repeat(43));
    await expectRefused(await back(browser, answer.href), 'not_begun', browser);
    browser.cookies.set('judge_session_oidc', cookie);
    await expectRefused(await back(browser, right), 'not_begun', browser);
  });

  test('too late', async () => {
    const browser = new RedirectBrowser();
    const answer = await leave(browser);
    rig.clock.ms += 600_000;
    await expectRefused(await back(browser, answer), 'not_begun', browser);
  });

  test('with two states', async () => {
    const browser = new RedirectBrowser();
    const end = await back(browser, `${await leave(browser)}&state=${'A'.repeat(43)}`);
    expect(end.status).toBe(400);
    expect(browser.cookies.has('judge_session')).toBe(false);
  });
});

describe('a person who may not', () => {
  const PEOPLE: Readonly<Record<string, readonly [object, OidcRefusal]>> = {
    'address that nobody verified': [{ email_verified: false }, 'unverified_email'],
    'address of which nothing is said': [{ email_verified: undefined }, 'unverified_email'],
    'address verified by a text': [{ email_verified: 'true' }, 'unverified_email'],
    'no name': [{ email: undefined }, 'no_name'],
    'a name that is none': [{ email: 'anna <anna@example.test>' }, 'no_name'],
    'a name in two alphabets': [{ email: 'аnna@example.test' }, 'no_name'],
    'a name that is a list': [{ email: [NAME] }, 'no_name'],
    'no group': [{ groups: undefined }, 'no_role'],
    'groups of others': [{ groups: ['guests', 'Owners', 'owners ', 'constructor', '__proto__'] }, 'no_role'],
    'a group within a group': [{ groups: [['owners']] }, 'no_role'],
  };

  test.each(Object.keys(PEOPLE))('%s', async (what) => {
    const [claims, code] = PEOPLE[what] ?? [{}, 'bad_answer'];
    issuer.claims = { ...claims };
    const browser = new RedirectBrowser();
    await expectRefused(await signIn(browser), code, browser);
    expect(await rig.ledger.rows('users')).toHaveLength(1);
  });

  test('did not agree', async () => {
    issuer.answer = { error: 'access_denied', code: '' };
    await expectRefused(await signIn(), 'cancelled');
  });

  test('has the name of a user with a password: refused, and that user stays as it was', async () => {
    await rig.user(NAME, 'reviewer');
    const before = await rowOf();
    issuer.claims = { groups: ['owners'] };
    await expectRefused(await signIn(), 'name_taken');
    expect(await rowOf()).toEqual(before);
    const session = new AdminSession(rig.base);
    expect((await session.call('POST', '/api/session', { name: NAME, password: TEST_PASSWORD })).status).toBe(200);
  });

  test('has the name of another person of the provider: an address that was given to somebody else', async () => {
    await signIn();
    issuer.claims = { sub: 'subject-2', groups: ['owners'] };
    await expectRefused(await signIn(), 'name_taken');
    expect((await rowOf())?.role).toBe('viewer');
  });

  test('is locked here, whatever the provider says', async () => {
    const browser = new RedirectBrowser();
    await signIn(browser);
    const lock = { params: { name: NAME }, query: {}, body: { disabled: true } };
    await rig.accounts.change_user(lock, rig.context('admin', 'admin'));
    issuer.claims = { groups: ['owners'] };
    await expectRefused(await signIn(), 'locked');
    expect((await me(browser)).status).toBe(401);
    expect((await rowOf())?.disabled_at).not.toBeNull();
  });

  test('was the last administrator', async () => {
    issuer.claims = { groups: ['owners'] };
    await signIn();
    const lock = { params: { name: 'admin' }, query: {}, body: { disabled: true } };
    await rig.accounts.change_user(lock, rig.context(NAME, 'admin'));
    issuer.claims = { groups: ['staff'] };
    await expectRefused(await signIn(), 'last_admin');
    expect((await rowOf())?.role).toBe('admin');
  });

  test('gets no password by a reset', async () => {
    await signIn();
    const given = { params: { name: NAME }, query: {}, body: {} };
    await expect(rig.accounts.reset_password(given, rig.context('admin', 'admin'))).rejects.toMatchObject({
      code: 'not_possible',
    });
  });
});

describe('the way there', () => {
  test('begins on our own page, and leads back to none but ours', async () => {
    const browser = new RedirectBrowser();
    const start = `${rig.base}/api/session/oidc`;
    expect((await browser.visit(start, { headers: CROSS_SITE })).status).toBe(403);
    for (const next of ['//evil.example', '/\\evil.example', 'https://evil.example', '/a\nb', 'x']) {
      const step = await browser.visit(`${start}?next=${encodeURIComponent(next)}`);
      expect(step.status, next).toBe(400);
    }
    expect(browser.cookies.size).toBe(0);
  });

  test('has a bound for one address, and passwords are not held up by it', async () => {
    const codes: (string | null)[] = [];
    for (let attempt = 0; attempt < 11; attempt += 1) {
      const step = await new RedirectBrowser().visit(`${rig.base}/api/session/oidc`);
      codes.push(new URL(step.location).searchParams.get('refused'));
    }
    expect(codes).toEqual([...Array.from({ length: 10 }, () => null), 'too_many_requests']);
    const session = new AdminSession(rig.base);
    expect((await session.call('POST', '/api/session', { name: 'admin', password: rig.firstPassword })).status).toBe(
      200,
    );
  });

  test('behind a proxy that ends TLS: its origin is named to the provider, and the cookie is of that host alone', async () => {
    const listen = { behind_trusted_proxy: true, public_origin: 'https://judge.example' };
    await using proxied = await AdminRig.start({ listen, console: { oidc: oidc.parse(issuer.config) } });
    const step = await new RedirectBrowser().visit(`http://127.0.0.1:${proxied.port}/api/session/oidc`);
    const asked = new URL(step.location).searchParams.get('redirect_uri');
    expect(asked).toBe('https://judge.example/api/session/oidc/callback');
    expect(step.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-judge_session_oidc=[\w-]{43}; Path=\/; .*SameSite=Lax; Secure$/),
    ]);
  });

  test('is not there without a provider', async () => {
    await using plain = await AdminRig.start();
    const ask = async (path: string) => (await fetch(`${plain.base}/api/session/${path}`)).status;
    expect([await ask('oidc'), await ask('oidc/callback')]).toEqual([404, 404]);
    expect(await (await fetch(`${plain.base}/api/session/ways`)).json()).toEqual({ oidc: null });
    expect(await (await fetch(`${rig.base}/api/session/ways`)).json()).toEqual({ oidc: { name: 'single sign-on' } });
  });
});

describe('a provider that is not well', () => {
  const begin = () => new RedirectBrowser().visit(`${rig.base}/api/session/oidc`);

  test('down at the start, and asked again the next time', async () => {
    issuer.instead = (_request, response) => response.writeHead(503).end('words of the provider');
    for (let attempt = 0; attempt < 12; attempt += 1) await expectRefused(await begin(), 'unavailable');
    issuer.instead = null;
    expect((await signIn()).location).toBe(`${rig.base}/`);
  });

  test('hangs up', async () => {
    issuer.instead = (request) => request.socket.destroy();
    await expectRefused(await begin(), 'unavailable');
  });

  test('down when the code is to be exchanged', async () => {
    const browser = new RedirectBrowser();
    const answer = await leave(browser);
    issuer.instead = (_request, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('words');
    await expectRefused(await back(browser, answer), 'unavailable', browser);
  });

  test('sends without end', async () => {
    issuer.instead = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(Buffer.alloc(2 * 1024 * 1024, 0x20));
    };
    await expectRefused(await begin(), 'unavailable');
  });

  test('does not answer', async () => {
    issuer.instead = () => {};
    const settings = oidc.parse(issuer.config);
    const waitingFor = (timeoutMs: number) =>
      new Provider({ oidc: settings, fetch: globalThis.fetch, clock: rig.clock, timeoutMs });
    const refused = { code: 'unavailable', reason: 'timeout' };
    await expect(waitingFor(50).begin(`${rig.base}/`)).rejects.toMatchObject(refused);
    issuer.instead = null;
    // Long enough for what does answer here, on a machine that is busy.
    const provider = waitingFor(3_000);
    const { url, ...pending } = await provider.begin(`${rig.base}/callback`);
    const { location } = await new RedirectBrowser().visit(url.href);
    issuer.instead = () => {};
    const waiting = { ...pending, redirectUri: `${rig.base}/callback`, next: undefined, cookieSha256: null };
    await expect(provider.finish(waiting, new URL(location).search)).rejects.toMatchObject(refused);
  });

  const DISCOVERY: Readonly<Record<string, () => object>> = {
    'of another issuer': () => ({ issuer: 'https://evil.example' }),
    'without an address for browsers': () => ({ authorization_endpoint: undefined }),
    'whose address for browsers is none': () => ({ authorization_endpoint: 7 }),
    'that sends browsers to a script': () => ({ authorization_endpoint: 'javascript:alert(1)' }),
  };
  test.each(Object.keys(DISCOVERY))('discovery %s', async (what) => {
    issuer.metadata = { ...DISCOVERY[what]?.() };
    await expectRefused(await begin(), 'unavailable');
  });

  // 127.0.0.0/8 alone is allowed here.
  test.each(['token_endpoint', 'jwks_uri'])('discovery whose %s points inside', async (endpoint) => {
    issuer.metadata = { [endpoint]: 'http://169.254.169.254/latest' };
    const browser = new RedirectBrowser();
    await expectRefused(await signIn(browser), 'unavailable', browser);
    expect(JSON.stringify(rig.log.lines)).toContain('oidc_unavailable: address_denied');
  });

  test('inside, where the operator did not say that it lives there', async () => {
    await rig[Symbol.asyncDispose]();
    rig = await rigOf({ allow_addresses: [] });
    await expectRefused(await begin(), 'unavailable');
    expect(issuer.asked).toEqual([]);
  });
});

function hs256(claims: Record<string, unknown>, secret: string): string {
  const [head = ''] = [jwt({ alg: 'HS256' }, claims, null)];
  const unsigned = head.replace(/\.$/, '');
  return `${unsigned}.${createHmac('sha256', secret).update(unsigned).digest('base64url')}`;
}
