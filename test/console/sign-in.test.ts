/**
 * Contract: nobody sees a page of the console without having signed in, and each leads to the sign-in and from there back.
 * A wrong password and an unknown name get the same words; many attempts are held up. Whoever has a password that somebody
 * else made takes one of their own before anything else. Signing out ends it, and so does the end of the session.
 */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { builtConsole, ConsoleBrowser, expectNoFaults, hasChromium } from '../support/browser.ts';
import { Chain, ROOT } from '../support/chain.ts';
import { consoleUrl, firstPassword } from '../support/console-people.ts';
import { requireChromium } from '../support/require-chromium.ts';

requireChromium();

const OWN_PASSWORD = 'a sentence that only I know';
/** Every page there is, as the screens themselves name their addresses. */
const SCREENS = join(ROOT, 'judge-proxy/console/src/screens');
const PAGES = globSync('*/route.ts', { cwd: SCREENS })
  .flatMap((file) => [...readFileSync(join(SCREENS, file), 'utf8').matchAll(/\bpath: '([^']+)'/g)])
  .map(([, path = '']) => path.replaceAll(/\$\w+/g, 'some-name'))
  .filter((path) => path !== '/sign-in' && path !== '/first-password');

describe.runIf(hasChromium)('signing in', () => {
  let chain: Chain;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    await builtConsole();
    [chain, browser] = await Promise.all([Chain.start({ hop: 'plain', judgeHandler: null }), ConsoleBrowser.start()]);
  });
  afterEach(() => browser?.closePages());
  afterAll(async () => {
    await browser?.close();
    await chain?.stop();
  });

  it('is asked of everybody on each page', async () => {
    expect(PAGES.length).toBeGreaterThan(15);
    const { page, faults } = await browser.open(consoleUrl(chain));
    for (const path of PAGES) {
      await page.goto(path);
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      expect(new URL(page.url()).searchParams.get('next')).toBe(path);
    }
    expectNoFaults(faults);
  });

  it('tells a wrong password and an unknown name in the same words', async () => {
    const { page, faults } = await browser.open(consoleUrl(chain));
    const answers: (string | null)[] = [];
    for (const name of ['admin', 'nobody']) {
      await page.goto('/sign-in');
      await page.getByLabel('Name').fill(name);
      await page.getByRole('textbox', { name: 'Password' }).fill('surely not this one');
      await page.getByRole('button', { name: 'Sign in' }).click();
      answers.push(await page.getByRole('alert').textContent());
    }
    expect(answers).toEqual(['Name or password is wrong.', 'Name or password is wrong.']);
    expectNoFaults(faults);
  });

  it('asks the first user for a password of their own, leads to the page that was wanted, and ends with the sign-out', async () => {
    const { page, faults } = await browser.open(consoleUrl(chain));
    await page.goto('/connections');
    await page.getByLabel('Name').fill('admin');
    await page.getByRole('textbox', { name: 'Password' }).fill(await firstPassword(chain));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Choose a password of your own' }).waitFor();

    // Nothing else works before that: another page leads back here.
    await page.goto('/exchanges');
    await page.getByRole('heading', { name: 'Choose a password of your own' }).waitFor();
    await page.getByRole('textbox', { name: 'Password now' }).fill(await firstPassword(chain));
    await page.getByRole('textbox', { name: 'New password', exact: true }).fill(OWN_PASSWORD);
    await page.getByRole('textbox', { name: 'New password again' }).fill(OWN_PASSWORD);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByRole('heading', { name: 'Exchanges', level: 1 }).waitFor();

    await page.getByRole('button', { name: 'Account of admin' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.goto('/exchanges');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expectNoFaults(faults);
  });

  it('leads nowhere but to pages of this console', async () => {
    const { page, faults } = await browser.open(consoleUrl(chain));
    await page.goto(`/sign-in?next=${encodeURIComponent('//evil.test/')}`);
    await page.getByLabel('Name').fill('admin');
    await page.getByRole('textbox', { name: 'Password' }).fill(OWN_PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(page.url().startsWith(consoleUrl(chain))).toBe(true);
    expectNoFaults(faults);
  });

  it('is over when the server no longer knows the session', async () => {
    const { page, faults } = await browser.open(consoleUrl(chain));
    await page.goto('/connections');
    await page.getByLabel('Name').fill('admin');
    await page.getByRole('textbox', { name: 'Password' }).fill(OWN_PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Connections' }).waitFor();
    await page.context().clearCookies();
    await page.getByRole('link', { name: 'Clients' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(new URL(page.url()).searchParams.get('next')).toMatch(/^\/clients/);
    expectNoFaults(faults);
  });

  it('is held up after many attempts', async () => {
    const { page, faults } = await browser.open(consoleUrl(chain));
    await page.goto('/sign-in');
    await page.getByLabel('Name').fill('somebody');
    const alert = page.getByRole('alert');
    const heldUp = async (attempts: number): Promise<string | null> => {
      await page.getByRole('textbox', { name: 'Password' }).fill(`guess ${attempts}`);
      const answered = page.waitForResponse(/\/api\/session$/);
      await page.getByRole('button', { name: 'Sign in' }).click();
      const { status } = { status: (await answered).status() };
      if (status === 429) return await alert.filter({ hasText: 'Too many' }).textContent();
      return attempts > 40 ? null : await heldUp(attempts + 1);
    };
    expect(await heldUp(1)).toMatch(/^Too many attempts\. Try again in \d+ seconds\.$/);
    expectNoFaults(faults);
  });
});
