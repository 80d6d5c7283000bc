/**
 * Contract: where a provider is configured, the sign-in page has a button for it; the browser goes there and comes back
 * to the page that was wanted, signed in, although the provider is another site and the cookie of the session is strict.
 * A refusal is told in words of ours.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { builtConsole, ConsoleBrowser, expectNoFaults, hasChromium } from '../support/browser.ts';
import { Chain } from '../support/chain.ts';
import { consoleUrl } from '../support/console-people.ts';
import { OidcIssuer } from '../support/oidc-issuer.ts';
import { requireChromium } from '../support/require-chromium.ts';

requireChromium();

describe.runIf(hasChromium)('signing in with the accounts of a provider', () => {
  let issuer: OidcIssuer;
  let chain: Chain;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    await builtConsole();
    issuer = await OidcIssuer.start();
    const config = { console: { oidc: { ...issuer.config, name: 'Example accounts' } } };
    [chain, browser] = await Promise.all([
      Chain.start({ hop: 'plain', judgeHandler: null, config }),
      ConsoleBrowser.start(),
    ]);
  });
  afterEach(() => browser?.closePages());
  afterAll(async () => {
    await browser?.close();
    await chain?.stop();
    await issuer?.[Symbol.asyncDispose]();
  });

  it('leads there and back to the page that was wanted, signed in', async () => {
    const { page, faults } = await browser.open(consoleUrl(chain)); // localhost; the provider is 127.0.0.1
    await page.goto('/connections');
    await page.getByRole('link', { name: 'Sign in with Example accounts' }).click();
    await page.getByRole('heading', { name: 'Connections' }).waitFor();
    await page.getByRole('button', { name: 'Account of anna@example.test' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Connections' }).waitFor();
    // The way through the provider, and nobody else was asked.
    expect(new Set(faults.foreign.map((url) => new URL(url).origin))).toEqual(new Set([issuer.url]));
    expectNoFaults({ ...faults, foreign: [] });
  });

  it('tells a refusal in words, and keeps the page that was wanted', async () => {
    issuer.claims = { groups: ['guests'] };
    const { page, faults } = await browser.open(consoleUrl(chain));
    await page.goto('/connections');
    const button = page.getByRole('link', { name: 'Sign in with Example accounts' });
    await button.click();
    const alert = page.getByRole('alert');
    expect(await alert.textContent()).toBe('Your account has no role here. Ask an administrator for one.');
    issuer.claims = {};
    await button.click();
    await page.getByRole('heading', { name: 'Connections' }).waitFor();
    expectNoFaults({ ...faults, foreign: [] });
  });

  it('has no words of others: an unknown code in the address says nothing', async () => {
    const { page, faults } = await browser.open(consoleUrl(chain));
    await page.goto('/sign-in?refused=Call%20us%20now');
    await page.getByRole('link', { name: 'Sign in with Example accounts' }).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    expectNoFaults(faults);
  });
});
