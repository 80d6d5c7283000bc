/**
 * Contract: a policy goes from a draft to the next exchange without leaving the console: written with findings as one
 * writes, compared, tried on one exchange, replayed with its cost said first, published with a reason; rolled back the
 * same way. Two editors never overwrite each other unseen: both texts stand side by side until one of them decides.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PolicySummary } from '../../judge-proxy/contract/responses.ts';
import type { AuditRow, Page as PageOf } from '../../judge-proxy/ledger/read-model/rows.ts';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import { expectNoFaults, hasChromium } from '../support/browser.ts';
import { ROOT } from '../support/chain.ts';
import { MILD } from '../support/mild-rubric.ts';
import { requireChromium } from '../support/require-chromium.ts';
import { LEAK, ReviewWorld } from '../support/review-world.ts';

requireChromium();

/** Replaces the text of the editor, as somebody who pastes does. */
async function write(page: Page, text: string): Promise<void> {
  const editor = page.getByRole('textbox', { name: 'Rubric' });
  await editor.click();
  await page.keyboard.press('ControlOrMeta+a');
  // Chromium itself, writing over a selection, would give what it inserts a style attribute, which the policy refuses.
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
}

async function save(page: Page): Promise<void> {
  const saved = page.waitForResponse((response) => response.request().method() === 'PUT');
  await page.keyboard.press('ControlOrMeta+s');
  await saved;
}

describe.runIf(hasChromium)('a policy', () => {
  let world: ReviewWorld;
  let leak: Verdict;

  beforeAll(async () => {
    world = await ReviewWorld.start();
    leak = await world.says(LEAK);
    await world.says('How do I sort a list?');
  });
  afterEach(() => world?.closePages());
  afterAll(() => world?.stop());

  it('goes from a draft through try and replay to the next exchange, and back', async () => {
    expect(leak.overall.label).toBe('violation');
    const { page, faults } = await world.open(await world.person('pia', 'policy_editor'));
    await page.goto('/policies');
    await page.getByRole('link', { name: 'default' }).first().click();
    await page.getByText('The rubric of the file is in force; there is no draft.').waitFor();

    // What is wrong is said while it is written, with its line, and it cannot be published.
    await write(page, MILD.replace('threshold: 1', 'threshold: 9'));
    await page.getByText(/Line 10: no score of the scale reaches this threshold/).waitFor();
    await write(page, MILD);
    await page.getByText(/It can be used/).waitFor();
    await save(page);
    await page.getByText(/draft 1, saved 1 time, last by pia/).waitFor();

    await page.getByRole('tab', { name: 'Difference' }).click();
    await page.getByRole('table', { name: 'Difference by criterion' }).getByText('data_leakage').waitFor();

    await page.getByRole('tab', { name: 'Try' }).click();
    await page.getByLabel('Id of an exchange').fill(leak.exchange_id);
    await page.getByRole('button', { name: 'Try', exact: true }).click();
    const outcome = page.getByRole('region', { name: 'Before and after' });
    await outcome.getByText('Newly passes').waitFor();

    await page.getByRole('tab', { name: 'Replay' }).click();
    await page.getByRole('button', { name: 'Estimate' }).click();
    const estimate = page.getByRole('region', { name: 'Estimate' });
    await estimate.getByText('Exchanges').waitFor();
    await estimate.getByRole('button', { name: 'Start the replay' }).click();
    await page.getByText(/Done: 2 of 2 exchanges/).waitFor();
    const changes = page.getByRole('region', { name: 'What would change' });
    await changes.getByRole('button', { name: /1\s*Newly passes/ }).waitFor();
    await changes
      .getByRole('row', { name: /Newly passes/ })
      .getByRole('link')
      .waitFor();
    // Nothing is in force yet.
    expect((await world.says(`${LEAK} Again.`)).overall.label).toBe('violation');

    await page.goto('/policies/default');
    await page.getByRole('button', { name: 'Publish…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Publish policy' });
    await dialog.getByText('default', { exact: true }).waitFor();
    await dialog.getByRole('button', { name: 'Publish' }).click();
    await dialog.getByText('A reason is needed').waitFor();
    await dialog.getByLabel('Why').fill('the old one was too strict');
    await dialog.getByRole('button', { name: 'Publish' }).click();
    await page.getByText('Version 1 is in force; there is no draft.').waitFor();
    const after = await world.says(`${LEAK} After.`);
    expect(after.overall.label).toBe('clean');
    expect(after.judge?.hash).not.toBe(leak.judge?.hash);

    await page.getByRole('tab', { name: 'Versions' }).click();
    await page.getByRole('button', { name: 'Roll back to the file' }).click();
    const back = page.getByRole('dialog', { name: 'Roll back policy' });
    await back.getByLabel('Why').fill('too mild');
    await back.getByRole('button', { name: 'Roll back' }).click();
    await page.getByText('Version 2 is in force; there is no draft.').waitFor();
    expect((await world.says(`${LEAK} Rolled back.`)).overall.label).toBe('violation');

    await world.readable();
    const audit = await world.ask<PageOf<AuditRow>>(world.admin, 'GET', '/api/audit?actor=pia&action=policy.');
    const acts = audit.items.flatMap((row) => (row.kind === 'act' ? [row.action] : []));
    expect(acts).toEqual(['policy.rollback', 'policy.publish', 'policy.draft']);
    expectNoFaults(faults);
  });

  it('that two people edit shows both texts, and overwrites nothing before it is decided', async () => {
    const file = readFileSync(join(ROOT, 'config/rubrics/default.yaml'), 'utf8');
    const [pia, quin] = [await world.person('pia', 'policy_editor'), await world.person('quin', 'policy_editor')];
    const [hers, his] = [await world.open(pia), await world.open(quin)];
    const saved: number[] = [];
    his.page.on('response', (response) => {
      if (response.request().method() === 'PUT') saved.push(response.status());
    });
    for (const { page } of [hers, his]) {
      await page.goto('/policies/default');
      await page.getByRole('textbox', { name: 'Rubric' }).waitFor();
    }
    await write(hers.page, file.replace('version: 2', 'version: 3'));
    await save(hers.page);
    await hers.page.getByText(/last by pia/).waitFor();

    await write(his.page, file.replace('version: 2', 'version: 4'));
    await save(his.page);
    const conflict = his.page.getByRole('alert').filter({ hasText: 'pia saved another draft meanwhile' });
    await conflict.waitFor();
    await conflict.getByText('Yours was not saved.').waitFor();
    const shown = conflict.getByRole('region', { name: 'Difference' });
    await shown.getByText('version: 3').first().waitFor();
    await shown.getByText('version: 4').first().waitFor();
    // Saving again does nothing before it is decided.
    await his.page.getByRole('textbox', { name: 'Rubric' }).click();
    await his.page.keyboard.press('ControlOrMeta+s');
    const policies = await world.ask<readonly PolicySummary[]>(pia, 'GET', '/api/policies');
    const draft = policies.find(({ state }) => state === 'draft');
    expect(draft).toMatchObject({ revision: 1, author: 'pia' });
    expect(saved).toEqual([409]);

    await conflict.getByRole('button', { name: 'Go on with mine' }).click();
    await his.page.getByRole('textbox', { name: 'Rubric' }).click();
    await save(his.page);
    await his.page.getByText(/saved 2 times, last by quin/).waitFor();
    const now = await world.ask<{ yaml: string }>(pia, 'GET', `/api/policies/default/versions/${draft?.version}`);
    expect(now.yaml).toContain('version: 4');
    expect(saved).toEqual([409, 200]);
    expectNoFaults(his.faults);
    expectNoFaults(hers.faults);
  });

  it('is completed from the schema, and a key says what it takes', async () => {
    const { page, faults } = await world.open(await world.person('rex', 'policy_editor'));
    await page.goto('/policies/default');
    await write(page, 'name: mild\nversion: 1\ncriteria:\n  - id: rude\n    thr');
    await page.keyboard.press('Control+Space');
    await page.getByRole('option', { name: /threshold/ }).click();
    await page.keyboard.insertText('1');
    await page.keyboard.press('Enter');
    await page.keyboard.insertText('severity: cri');
    await page.keyboard.press('Control+Space');
    await page.getByRole('option', { name: /critical/ }).click();
    expect(await page.getByRole('textbox', { name: 'Rubric' }).innerText()).toMatch(
      /threshold: 1\s+severity: critical/,
    );
    // Somebody who has no mouse gets out of the editor, however long it takes (WCAG 2.1.2, 2.2.1).
    await page.keyboard.press('Escape');
    await page.evaluate('{ const now = Date.now; Date.now = () => now() + 3_600_000; }');
    await page.keyboard.press('Tab');
    expect(
      await page.getByRole('textbox', { name: 'Rubric' }).evaluate((node) => node === node.ownerDocument.activeElement),
    ).toBe(false);
    expectNoFaults(faults);
  });

  it('is left only when one means to, while it is not saved', async () => {
    const { page } = await world.open(await world.person('rex', 'policy_editor'));
    await page.goto('/policies/default');
    await write(page, MILD);
    await page.getByText('Not saved').waitFor();
    await page.getByRole('link', { name: 'Quality' }).click();
    const dialog = page.getByRole('dialog', { name: 'Leave without saving' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Not saved').waitFor();
    await page.getByRole('link', { name: 'Quality' }).click();
    await dialog.getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('heading', { name: 'Quality', level: 1 }).waitFor();
  });

  it('shows a viewer neither save nor publish, and the server would refuse them', async () => {
    const viewer = await world.person('vic', 'viewer');
    const { page } = await world.open(viewer);
    await page.goto('/policies/default');
    await page.getByRole('tab', { name: 'Versions' }).waitFor();
    for (const name of ['Save draft', 'Publish…', 'Try', 'Replay'])
      expect(await page.getByRole('button', { name }).or(page.getByRole('tab', { name })).count(), name).toBe(0);
    const refused = world.ask(viewer, 'PUT', '/api/policies/default/draft', { yaml: MILD, revision: 0 });
    await expect(refused).rejects.toThrow('403');
  });
});
