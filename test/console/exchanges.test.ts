/**
 * Contract: the filters of the list stand in the address: a reload and the way back show the same list. A search marks its
 * words. Whoever watches sees what the real proxy carries, without a reload; nothing moves under a pointer, while paused,
 * or further down the page: there new exchanges are counted. Numbers of the overview lead to what they count.
 */

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectNoFaults, hasChromium } from '../support/browser.ts';
import { ConsoleWorld } from '../support/console-world.ts';
import { requireChromium } from '../support/require-chromium.ts';

requireChromium();

const ask = (content: string) => [{ role: 'user', content }];
const row = (page: Page, words: string) => page.getByRole('row').filter({ hasText: words });

describe.runIf(hasChromium)('the list of exchanges', () => {
  let world: ConsoleWorld;

  beforeAll(async () => {
    world = await ConsoleWorld.start();
    await world.judged({ model: 'gpt-plain', from: 21, messages: ask('Where does the sun rise?') });
    await world.judged({
      model: 'gpt-leak',
      from: 22,
      messages: ask('Send STRICTLY CONFIDENTIAL: plan B to the press.'),
    });
  });
  afterEach(() => world?.browser.closePages());
  afterAll(async () => {
    await world?.close();
  });

  it('keeps its filters in the address, over a reload and back', async () => {
    const { page, faults } = await world.open();
    await page.goto('/exchanges');
    await row(page, 'Where does the sun rise?').waitFor();
    await page.getByRole('combobox', { name: 'Verdict' }).click();
    await page.getByRole('option', { name: 'Violation' }).click();
    await row(page, 'Where does the sun rise?').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Client' }).click();
    await page.getByRole('textbox', { name: 'Client' }).fill('address:127.0.0.22');
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await page.getByRole('list', { name: 'Filters that are set' }).getByText('Client: address:127.0.0.22').waitFor();
    const address = new URL(page.url());
    expect(Object.fromEntries(address.searchParams)).toEqual({ label: 'violation', client: 'address:127.0.0.22' });

    await page.reload();
    await row(page, 'plan B').waitFor();
    expect(await page.getByRole('row').count()).toBe(2);
    expect(await page.getByRole('combobox', { name: 'Verdict' }).inputValue()).toBe('Violation');

    await row(page, 'plan B').getByRole('link').click();
    await page.getByRole('heading', { name: /^Exchange / }).waitFor();
    await page.goBack();
    await row(page, 'plan B').waitFor();
    expect(new URL(page.url()).search).toBe(address.search);
    const client = page.getByText('Client: address:127.0.0.22');
    await page.getByRole('button', { name: 'Take away Client: address:127.0.0.22' }).click();
    await client.waitFor({ state: 'detached' });
    await page.goBack();
    await client.waitFor();
    expectNoFaults(faults);
  });

  it('drops what no filter takes from an address', async () => {
    const { page, faults } = await world.open();
    await page.goto('/exchanges?label=surely&coverage=full&nonsense=1');
    await row(page, 'Where does the sun rise?').waitFor();
    expect(await page.getByRole('combobox', { name: 'Coverage' }).inputValue()).toBe('Judged in full');
    expectNoFaults(faults);
  });

  it('marks the words of a search', async () => {
    const { page, faults } = await world.open();
    await page.goto('/exchanges');
    await row(page, 'Where does the sun rise?').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('sun rise');
    await page.keyboard.press('Enter');
    for (const word of ['sun', 'rise'])
      await page.getByRole('row').locator('mark').getByText(word, { exact: true }).first().waitFor();
    expect(await row(page, 'plan B').count()).toBe(0);
    expect(new URL(page.url()).searchParams.get('q')).toBe('sun rise');
    await page.getByText('Not live').waitFor();
    expectNoFaults(faults);
  });

  it('shows an exchange that the proxy carries now, and its verdict when it comes', async () => {
    const { page, faults } = await world.open();
    await page.goto('/exchanges');
    await page.getByText('Live', { exact: true }).waitFor();
    const verdict = Promise.withResolvers<void>();
    world.judge.script = ({ parts }) =>
      parts.some(({ text }) => text.includes('right now')) ? { wait: verdict.promise } : {};
    await world.send({ model: 'gpt-now', messages: ask('What happens right now?') });
    const fresh = row(page, 'gpt-now');
    await fresh.waitFor();
    expect(await fresh.textContent()).not.toContain('Clean');
    verdict.resolve();
    await fresh.getByText('Clean').waitFor();
    world.judge.script = () => ({});
    expectNoFaults(faults);
  });

  it('counts what is new while it is paused, pointed at or scrolled, and shows it when asked', async () => {
    const { page, faults } = await world.open();
    await page.goto('/exchanges');
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await world.judged({ model: 'gpt-paused', messages: ask('Said while paused') });
    await page.getByRole('button', { name: '1 new' }).waitFor();
    expect(await row(page, 'Said while paused').count()).toBe(0);
    await page.getByRole('button', { name: 'Follow' }).click();
    await row(page, 'Said while paused').waitFor();

    await page.getByRole('table', { name: 'Exchanges' }).hover();
    await world.judged({ model: 'gpt-pointed', messages: ask('Said under a pointer') });
    await page.getByRole('button', { name: '1 new' }).waitFor();
    expect(await row(page, 'Said under a pointer').count()).toBe(0);
    await page.keyboard.press('l');
    await row(page, 'Said under a pointer').waitFor();
    expectNoFaults(faults);
  });

  it('is walked by key', async () => {
    const { page, faults } = await world.open();
    await page.goto('/exchanges?label=violation');
    await row(page, 'plan B').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('o');
    await page.getByRole('heading', { name: /^Exchange / }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('Next finding in the conversation').waitFor();
    expectNoFaults(faults);
  });

  it('is where the numbers of the overview lead', async () => {
    const { page, faults } = await world.open();
    await page.goto('/');
    const violations = page.getByRole('region', { name: 'Violations' }).getByRole('link');
    const counted = Number(await violations.textContent());
    await violations.click();
    await row(page, 'plan B').waitFor();
    expect(await page.getByRole('row').count()).toBe(counted + 1);
    expectNoFaults(faults);
  });

  it('is where the severities of the overview lead, in the words of its filter', async () => {
    const { page, faults } = await world.open();
    await page.goto('/');
    const links = page.getByRole('list', { name: 'Verdicts by severity' }).getByRole('link');
    await links.first().waitFor();
    const shown = await links.evaluateAll((found) =>
      found.map((link) =>
        Array.from(link.children as Iterable<{ textContent: string | null }>, (part) => part.textContent ?? ''),
      ),
    );
    const counts = shown.map(([name = '', _bar, count]) => [name, Number(count)] as const);
    expect(counts.map(([name]) => name)).toEqual(['Critical', 'High and above', 'Medium and above', 'Low and above']);
    expect(counts.at(-1)?.[1]).toBe(1);
    for (const [index, [name, count]] of counts.entries()) {
      await page.goto('/');
      await links.nth(index).click();
      await (count === 0 ? page.getByText('No exchange fits these filters') : row(page, 'plan B')).waitFor();
      expect(await page.getByRole('row').count()).toBe(count === 0 ? 0 : count + 1);
      expect(await page.getByRole('combobox', { name: 'Severity' }).inputValue()).toBe(name);
    }
    expectNoFaults(faults);
  });

  it('has the chart of the overview as a table, too', async () => {
    const { page, faults } = await world.open();
    await page.goto('/?last=1h');
    await page.getByRole('radiogroup', { name: 'Show as' }).getByText('Table').click();
    const numbers = page.getByRole('region', { name: 'Numbers over time' });
    await numbers.waitFor();
    const exchanges = await numbers.getByRole('row').locator('td:nth-child(2)').allTextContents();
    const total = exchanges.reduce((sum, text) => sum + Number(text), 0);
    const shown = await page.getByRole('region', { name: 'Exchanges', exact: true }).getByRole('link').textContent();
    expect(total).toBe(Number(shown));
    expectNoFaults(faults);
  });
});
