/**
 * Contract: the working screens hold what traffic, a judge and people wrote as text alone, wherever it appears, and ask no
 * other server. axe finds nothing serious in the states that a page has only after something was done: an item with its
 * verdict, each tab of a policy, dialogs, a replay with changes, an audit record that is open. None scrolls sideways.
 */

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PolicyVersion, ReplayEstimate, ReplayJob } from '../../judge-proxy/contract/responses.ts';
import { seriousOn } from '../support/axe.ts';
import { expectNoFaults, hasChromium } from '../support/browser.ts';
import { HOSTILE } from '../support/console-world.ts';
import { requireChromium } from '../support/require-chromium.ts';
import { LEAK, ReviewWorld } from '../support/review-world.ts';

requireChromium();

/** Markup that would be an element if it were read as such; none is of the console's own making. */
const RUNNING = 'img[src="x"], iframe, svg[onload], script:not([src]), a[href*="evil"], a[href^="javascript"]';

/** A rubric that asks one question, with hostile words in it. */
const RUBRIC = `# ${'<script>alert(9)</script><img src=x onerror="alert(9)">'}
name: hostile
version: 1
criteria:
  - id: rude
    question: "Is <img src=x onerror=alert(9)> rude?"
    definition: Insults.
    violating: [an insult]
    allowed: [a joke]
    scale: binary
    threshold: 1
    weight: 1
    severity: high
`;

interface Place {
  readonly name: string;
  readonly path: string;
  /** What is done there before it is looked at. */
  readonly act?: (page: Page) => Promise<unknown>;
  /** Whether hostile words are to be seen there. */
  readonly shows?: boolean;
}

describe.runIf(hasChromium)('the working screens', () => {
  let world: ReviewWorld;
  let job: ReplayJob;
  let exchange: string;

  beforeAll(async () => {
    world = await ReviewWorld.start();
    world.world.judge.script = () => ({
      tamper: (answer) =>
        JSON.parse(JSON.stringify(answer).replaceAll('Marked as confidential.', JSON.stringify(HOSTILE).slice(1, -1))),
    });
    ({ exchange_id: exchange } = await world.says(`${LEAK} ${HOSTILE}`));
    await world.says(`${HOSTILE} and a question`);
    const { admin } = world;
    await world.ask(await world.person('lex', 'reviewer'), 'POST', '/api/labels', {
      ...{ exchange_ids: [exchange], label: 'clean', note: HOSTILE, queue: 'control', blind: false },
    });
    await world.ask(admin, 'POST', '/api/tokens', {
      ...{ name: HOSTILE.slice(0, 90), scopes: ['exchanges:read'] },
      expires_at: new Date(Date.now() + 86_400_000).toISOString(),
    });
    const draft = await world.ask<PolicyVersion>(admin, 'PUT', '/api/policies/default/draft', {
      ...{ yaml: RUBRIC, revision: 0 },
    });
    await world.ask(admin, 'POST', '/api/policies/default/publish', { revision: draft.revision, note: HOSTILE });
    await world.ask(admin, 'PUT', '/api/policies/default/draft', { yaml: `${RUBRIC}# more\n`, revision: 0 });
    const spec = { judge: 'default', policy: { version: 1 }, filter: {}, most: 100 };
    const { selection_hash } = await world.ask<ReplayEstimate>(admin, 'POST', '/api/replays/estimate', spec);
    job = await world.ask<ReplayJob>(admin, 'POST', '/api/replays', { ...spec, selection_hash });
  });
  afterEach(() => world?.closePages());
  afterAll(() => world?.stop());

  const places: readonly Place[] = [
    { name: 'an item with its verdict', path: '/queue?queue=severe', shows: true },
    { name: 'a blind item', path: '/queue?queue=control', shows: true },
    {
      name: 'similar ones',
      path: '/queue?queue=severe',
      act: async (page) => {
        await page.getByRole('article', { name: 'Exchange to be labelled' }).waitFor();
        await page.keyboard.press('s');
        await page.getByRole('checkbox').first().waitFor();
      },
      shows: true,
    },
    { name: 'figures of quality', path: '/quality', act: (page) => page.getByText('Confusion matrix').waitFor() },
    {
      name: 'the editor',
      path: '/policies/default',
      act: (page) => page.getByText(/It can be used/).waitFor(),
      shows: true,
    },
    {
      name: 'the difference',
      path: '/policies/default?tab=diff',
      act: (page) => page.getByRole('region', { name: 'Difference' }).waitFor(),
    },
    {
      name: 'a try',
      path: '/policies/default?tab=try&exchange=ID',
      act: async (page) => {
        await page.getByRole('button', { name: 'Try', exact: true }).click();
        await page.getByRole('region', { name: 'Before and after' }).waitFor();
      },
      shows: true,
    },
    {
      name: 'an estimate',
      path: '/policies/default?tab=replay',
      act: async (page) => {
        await page.getByRole('button', { name: 'Estimate' }).click();
        await page.getByRole('region', { name: 'Estimate' }).waitFor();
      },
    },
    {
      name: 'the versions',
      path: '/policies/default?tab=versions',
      act: (page) => page.getByRole('cell', { name: /alert/ }).first().waitFor(),
      shows: true,
    },
    {
      name: 'publishing',
      path: '/policies/default',
      act: async (page) => {
        await page.getByRole('button', { name: 'Publish…' }).click();
        await page.getByLabel('Why').waitFor();
      },
    },
    { name: 'a replay', path: '/replays/JOB', act: (page) => page.getByText(/^Done: 2 of 2/).waitFor() },
    { name: 'replays', path: '/replays', act: (page) => page.getByRole('button', { name: 'New replay' }).click() },
    { name: 'tokens', path: '/tokens', act: (page) => page.getByText(/alert/).first().waitFor(), shows: true },
    { name: 'a new token', path: '/tokens', act: (page) => page.getByRole('button', { name: 'New token' }).click() },
    { name: 'a new user', path: '/users', act: (page) => page.getByRole('button', { name: 'New user' }).click() },
    { name: 'exports', path: '/exports' },
    {
      name: 'an audit record',
      path: '/audit?action=policy.publish',
      act: async (page) => {
        await page
          .getByRole('button', { name: /Details of/ })
          .first()
          .click();
        await page.getByRole('region', { name: 'Difference' }).waitFor();
      },
      shows: true,
    },
  ];

  describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
    it.each(places)('$name: text alone, nothing serious, nothing sideways', async ({ path, act, shows = false }) => {
      const { page, faults } = await world.open(world.admin, { colorScheme });
      await page.goto(path.replace('ID', exchange).replace('JOB', job.job_id));
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
      await act?.(page);
      if (shows)
        await page
          .getByText(/alert\(\d\)/)
          .first()
          .waitFor();
      expect(await page.locator(RUNNING).count()).toBe(0);
      expect(await seriousOn(page)).toEqual([]);
      const over = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      expect(over).toBeLessThanOrEqual(0);
      expectNoFaults(faults);
    });
  });
});
