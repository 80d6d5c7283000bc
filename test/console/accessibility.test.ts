/**
 * Contract: axe finds nothing serious or critical on any page, light and dark. Each page fits 1280 and 1920 without
 * scrolling sideways. Everything that can be clicked in the navigation and the list can be reached and done by key, and
 * what has the focus can be seen.
 */

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { seriousOn } from '../support/axe.ts';
import { expectNoFaults, hasChromium } from '../support/browser.ts';
import { ConsoleWorld, HOSTS } from '../support/console-world.ts';
import { requireChromium } from '../support/require-chromium.ts';

requireChromium();

const ask = (content: string) => [{ role: 'user', content }];

const PAGES = [
  ...['/', '/exchanges', '/exchanges?label=violation&client=nobody', '/exchanges/ID', '/exchanges/ID?view=raw'],
  '/exchanges/01990000-0000-7000-8000-000000000000',
  ...[
    '/connections',
    '/clients',
    '/queue',
    '/quality',
    '/policies',
    '/policies/default',
    '/replays',
    '/users',
    '/tokens',
  ],
  ...['/exports', '/sinks', '/audit', '/settings'],
] as const;

describe.runIf(hasChromium)('accessibility', () => {
  let world: ConsoleWorld;
  let id: string;

  beforeAll(async () => {
    world = await ConsoleWorld.start();
    ({ exchange_id: id } = await world.judged({
      model: 'gpt-5-mini',
      messages: [
        { role: 'system', content: 'Be brief.' },
        ...ask('STRICTLY CONFIDENTIAL: the merger. \u202eHidden\u202c'),
      ],
    }));
    await world.judged({ model: 'gpt-harmless', messages: ask('Where does the sun rise?') });
    world.judge.script = () => ({ status: 400 });
    await world.judged({ model: 'gpt-failed', messages: ask('And where does it set?') });
    await world.send({ model: 'none', host: HOSTS.tunnel, messages: ask('unread') });
  });
  afterEach(() => world?.browser.closePages());
  afterAll(async () => {
    await world?.close();
  });

  const show = async (page: Page, path: string) => {
    await page.goto(path.replace('ID', id));
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
  };

  describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
    it.each(PAGES)('axe finds nothing serious on %s', async (path) => {
      const { page, faults } = await world.open({ colorScheme });
      await show(page, path);
      expect(await seriousOn(page)).toEqual([]);
      expectNoFaults(faults);
    });

    it('axe finds nothing serious at the sign-in', async () => {
      const { page } = await world.browser.open(world.url, { colorScheme });
      await show(page, '/sign-in');
      expect(await seriousOn(page)).toEqual([]);
    });
  });

  it.each([1280, 1920])('no page scrolls sideways at %i', async (width) => {
    const { page, faults } = await world.open({ width });
    const tooWide: string[] = [];
    for (const path of PAGES) {
      await show(page, path);
      const over = (await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      )) as number;
      if (over > 0) tooWide.push(`${path}: ${over} px`);
    }
    expect(tooWide).toEqual([]);
    expectNoFaults(faults);
  });

  it('is reached by key alone: past the navigation, into the list, to an exchange and its findings', async () => {
    const { page, faults } = await world.open();
    await show(page, '/exchanges');
    await page.getByRole('row').nth(1).waitFor();
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await tabTo(page, /^\d\d:\d\d:\d\d$/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /^Exchange / }).waitFor();
    await show(page, `/exchanges/${id}`);
    await page.getByRole('button', { name: /STRICTLY CONFIDENTIAL/ }).waitFor();
    await tabTo(page, /STRICTLY CONFIDENTIAL/);
    await page.keyboard.press('Enter');
    await page.locator('mark[data-chosen]').first().waitFor();
    expectNoFaults(faults);
  });
});

async function focused(page: Page): Promise<string> {
  return ((await page.evaluate('document.activeElement?.textContent ?? ""')) as string).trim();
}

/** Presses Tab until something with these words has the focus, which can be seen there. */
async function tabTo(page: Page, words: RegExp): Promise<void> {
  const seen: string[] = [];
  while (seen.length < 120) {
    await page.keyboard.press('Tab');
    const text = await focused(page);
    seen.push(text.slice(0, 40));
    if (words.test(text)) return;
  }
  throw new Error(`not reached by Tab: ${words.source}; the focus was on ${seen.join(' | ')}`);
}
