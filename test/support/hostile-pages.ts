/** Every page that shows something of traffic, or sums it up: where it is, and when it is there. */

import type { Page } from 'playwright-core';
import { markOf, type Place } from './hostile-fields.ts';
import type { HostileWorld } from './hostile-world.ts';

export interface Shown {
  readonly name: string;
  readonly path: (world: HostileWorld) => string;
  /** Resolves when the page has what it is about. */
  readonly there: (page: Page, world: HostileWorld) => Promise<unknown>;
  /** As fields name it; null for a page that shows nothing that traffic controls. */
  readonly place: Place | null;
  /** What stands behind a dialog belongs to another place. */
  readonly inDialog?: true;
}

const exchange = (of: keyof HostileWorld['ids']): Shown[] => [
  {
    ...{ name: `exchange: ${of}`, place: of, path: ({ ids }) => `/exchanges/${ids[of]}` },
    there: async (page) => {
      await page.getByRole('region', { name: 'In the ledger' }).waitFor();
      await page.getByRole('article').first().waitFor();
    },
  },
  {
    ...{ name: `exchange, raw: ${of}`, place: `raw ${of}`, path: ({ ids }) => `/exchanges/${ids[of]}?view=raw` },
    there: (page) => page.getByRole('region', { name: 'Raw record' }).waitFor(),
  },
];

export const SHOWN: readonly Shown[] = [
  ...(['chat', 'responses', 'origin error', 'judge error', 'websocket', 'unread'] as const).flatMap(exchange),
  {
    ...{ name: 'exchanges', place: 'exchanges', path: () => '/exchanges' },
    there: (page, { ids }) => page.locator(`a[href="/exchanges/${ids.chat}"]`).waitFor(),
  },
  {
    ...{ name: 'a search', place: 'search', path: () => `/exchanges?q=${markOf('system_message')}` },
    there: (page) => page.locator('mark[data-kind="search"]').first().waitFor(),
  },
  {
    ...{ name: 'connections', place: 'connections', path: () => '/connections' },
    there: (page) => page.getByText('Denied', { exact: true }).waitFor(),
  },
  {
    ...{ name: 'a queue', place: 'queue', path: () => '/queue?queue=severe' },
    there: async (page, { ids }) => {
      await page.locator(`[data-exchange="${ids.chat}"]`).getByRole('article').first().waitFor();
      await page.getByRole('region', { name: 'Verdict' }).getByText('Below their thresholds').waitFor();
    },
  },
  {
    ...{ name: 'similar ones', place: 'similar', path: () => '/queue?queue=severe', inDialog: true },
    there: async (page, { ids }) => {
      await page.locator(`[data-exchange="${ids.chat}"]`).getByRole('article').first().waitFor();
      await page.keyboard.press('s');
      await page.getByRole('checkbox', { name: ids.chat }).waitFor();
    },
  },
  {
    ...{ name: 'a try', place: 'try', path: ({ ids }) => `/policies/default?tab=try&exchange=${ids.chat}` },
    there: async (page) => {
      await page.getByRole('button', { name: markOf('user_message') }).waitFor();
      await page.getByRole('button', { name: 'Try', exact: true }).click();
      await page.getByRole('region', { name: 'Before and after' }).waitFor();
    },
  },
  {
    ...{ name: 'the overview', place: null, path: () => '/' },
    there: (page) => page.getByRole('link', { name: 'All exchanges of this period' }).waitFor(),
  },
  {
    ...{ name: 'clients', place: null, path: () => '/clients' },
    there: (page) => page.getByRole('link', { name: '127.0.0.1' }).waitFor(),
  },
  {
    ...{ name: 'a replay', place: null, path: ({ replay }) => `/replays/${replay}` },
    there: async (page, { ids }) => {
      await page.getByText(/^Done: (\d+) of \1/).waitFor();
      await page.locator(`a[href="/exchanges/${ids.chat}"]`).waitFor();
    },
  },
  {
    ...{ name: 'a judge and its shadow', place: null, path: () => '/policies' },
    there: (page) =>
      page
        .getByRole('region', { name: 'Shadow judges' })
        .getByText(/default and second/)
        .waitFor(),
  },
  {
    ...{ name: 'the audit', place: null, path: () => '/audit' },
    there: async (page) => {
      await page.getByRole('button', { name: /^Details of replay.start/ }).click();
      await page.getByRole('region', { name: 'Difference' }).waitFor();
    },
  },
];

/** What is an element or leads somewhere and is not of the console: none, whoever wrote it. */
export const FOREIGN = [
  ...['script:not([src^="/"])', 'img:not([src^="/"])', 'a[href]:not([href^="/"]):not([href^="#"])', '[src^="//"]'],
  ...['[href^="//"]', 'iframe', 'object', 'embed', 'base', 'meta[http-equiv]', 'form[action]', '[onload]', '[onerror]'],
].join(', ');

/** Attributes that hold a mark or the hostile address, but for the value of a field that somebody typed into. */
export async function attributesOfTraffic(page: Page): Promise<readonly string[]> {
  return await page
    .locator('*')
    .evaluateAll((elements) =>
      elements.flatMap((element) =>
        [...element.attributes]
          .filter(({ name, value }) => name !== 'value' && /xss-|evil\.test|alert\(/.test(name + value))
          .map(({ name, value }) => `${element.tagName} ${name}=${value}`),
      ),
    );
}
