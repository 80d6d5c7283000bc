/**
 * Contract of pages that are seldom seen with something on them: an exchange of which metadata alone is kept, with its
 * sealed original, which comes as the file that `age` opens; one whose content was changed behind the ledger, which is
 * said and not shown; sinks that deliver and that fail, and a test event; a judge and its shadow; a replay that is
 * cancelled and goes on; exports of each subject; the erasure of a client from their page. Who may not act is offered no act.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ReplayEstimate, ReplayJob } from '../../judge-proxy/contract/responses.ts';
import { FORMATS } from '../../judge-proxy/exports/formats.ts';
import type { AuditRow, Page as PageOf, ShadowAgreement } from '../../judge-proxy/ledger/read-model/rows.ts';
import { Receiver } from '../../judge-proxy/sinks/testing/sink-rig.ts';
import { seriousOn } from '../support/axe.ts';
import { expectNoFaults, hasChromium } from '../support/browser.ts';
import { HOSTS } from '../support/chain.ts';
import { judgeModelHandler } from '../support/judge-model.ts';
import { MILD } from '../support/mild-rubric.ts';
import { Origin } from '../support/origin.ts';
import { requireChromium } from '../support/require-chromium.ts';
import { LEAK, ReviewWorld } from '../support/review-world.ts';

requireChromium();

const SUBJECTS = [
  ['exchanges', 'Exchanges'],
  ['connections', 'Connections'],
  ['shadow_verdicts', 'Shadow verdicts'],
  ['labels', 'Labels'],
  ['audit', 'Audit'],
  ['verdicts', 'Verdicts'],
] as const;

const SEALED_WORDS = 'Nobody but the owner of the key reads this';

describe.runIf(hasChromium)('screens that are seldom seen', () => {
  let world: ReviewWorld;
  let receiver: Receiver;
  /** Model of the second judge. */
  let second: Origin;
  let folder: string;
  let identity: string;

  beforeAll(async () => {
    receiver = await Receiver.start();
    receiver.answer = ({ url }) => ({ status: url === '/dead' ? 503 : 204 });
    identity = await generateIdentity();
    const at = new URL(receiver.url).origin;
    const sink = (name: string) => ({
      ...{ name, type: 'webhook', url: `${at}/${name}`, allow_addresses: ['127.0.0.0/8'] },
    });
    second = await Origin.start({ handler: judgeModelHandler() });
    folder = mkdtempSync(join(tmpdir(), 'mild-'));
    const rubric = join(folder, 'mild.yaml');
    writeFileSync(rubric, MILD);
    const model = {
      ...{ base_url: `http://127.0.0.1:${second.port}/v1`, api_key: 'test-judge-key', name: 'second-judge' },
      allow_addresses: ['127.0.0.1/32'],
    };
    world = await ReviewWorld.start({
      config: {
        sealing: { recipients: [await identityToRecipient(identity)] },
        sinks: [sink('siem'), sink('dead')],
        routes: [
          { name: 'openai', hosts: [HOSTS.openai], ports: [443], action: 'terminate', judge: 'default' },
          {
            ...{ name: 'sealed', hosts: [HOSTS.recorded], ports: [443], action: 'terminate', judge: 'default' },
            ...{ recording: 'metadata', seal: true },
          },
        ],
        judges: {
          default: { shadow: { judge: 'second' } },
          second: { rubric, model },
        },
      },
    });
  });
  afterEach(() => world?.closePages());
  afterAll(async () => {
    await world?.stop();
    await receiver?.close();
    await second?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const audited = async (action: string) => {
    await world.readable();
    return await world.ask<PageOf<AuditRow>>(world.admin, 'GET', `/api/audit?action=${action}&limit=50`);
  };

  it('an exchange of metadata alone says so; its sealed original comes as the file that age opens, and it is recorded', async () => {
    const { exchange_id } = await world.world.judged({
      ...{ model: 'gpt-sealed', host: HOSTS.recorded },
      messages: [{ role: 'user', content: SEALED_WORDS }],
    });
    const { page, faults } = await world.open(world.admin);
    await page.goto(`/exchanges/${exchange_id}`);
    await page.getByText('Metadata only', { exact: true }).first().waitFor();
    await page.getByText(/The route keeps no words of its exchanges/).waitFor();
    expect(await page.content()).not.toContain(SEALED_WORDS);
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Sealed original' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/\.age$/);
    const bytes = readFileSync(await download.path());
    expect(bytes.toString('latin1')).toMatch(/^age-encryption\.org\/v1\n/);
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    expect(await decrypter.decrypt(bytes, 'text')).toContain(SEALED_WORDS);
    const { items } = await audited('sealed.');
    expect(items).toMatchObject([{ action: 'sealed.download', object: exchange_id, actor: { name: 'admin' } }]);

    const rita = await world.open(await world.person('rita', 'reviewer'));
    await rita.page.goto(`/exchanges/${exchange_id}`);
    await rita.page.getByText(/The route keeps no words of its exchanges/).waitFor();
    expect(await rita.page.getByRole('button', { name: /Sealed|More/ }).count()).toBe(0);
    expectNoFaults(faults);
    expectNoFaults(rita.faults);
  });

  it('content that was changed behind the ledger is said to be so, and is not shown', async () => {
    const { exchange_id } = await world.says('The true words of spring');
    const db = new DatabaseSync(join(world.world.chain.folder, 'ledger.db'), { timeout: 60_000 });
    const changed = db.prepare(
      `UPDATE contents SET json = replace(json, 'true words', 'false words') WHERE json LIKE '%The true words of spring%'`,
    );
    expect(Number(changed.run().changes)).toBeGreaterThan(0);
    db.close();
    const { page, faults } = await world.open(world.admin);
    await page.goto(`/exchanges/${exchange_id}`);
    await page.getByText('This is not what was recorded').waitFor();
    await page.getByText(/somebody changed it\. It is not shown/).waitFor();
    expect(await page.content()).not.toMatch(/false words of spring/);
    await page.goto(`/exchanges/${exchange_id}?view=raw`);
    await page.getByRole('region', { name: 'Raw record' }).waitFor();
    expect(await page.content()).not.toMatch(/false words of spring/);
    expectNoFaults(faults);
  });

  it('sinks show what is delivered and what waits; a test event goes out at once', async () => {
    const { exchange_id } = await world.says(LEAK);
    await receiver.until(() =>
      receiver.requests.some(({ url, body }) => url === '/siem' && body.includes(exchange_id)),
    );
    await receiver.until(() => receiver.requests.some(({ url }) => url === '/dead'));
    const { page, faults } = await world.open(world.admin);
    await page.goto('/sinks');
    const siem = page.getByRole('article', { name: 'Sink siem' });
    await siem.getByText('Delivering').waitFor();
    // The receiver knows of it before the sink has counted it.
    await siem
      .locator('dl')
      .filter({ hasText: /Delivered\s*[1-9]/ })
      .waitFor();
    const dead = page.getByRole('article', { name: 'Sink dead' });
    await dead.getByText('Retrying').waitFor();
    await dead
      .locator('dl')
      .filter({ hasText: /Waiting\s*[1-9].*Delivered\s*0.*Failed attempts\s*[1-9]/ })
      .waitFor();
    await dead.getByText(/last error/).waitFor();
    const before = receiver.requests.filter(({ url }) => url === '/siem').length;
    await siem.getByRole('button', { name: 'Test siem' }).click();
    await siem.getByText('The test event was sent').waitFor();
    expect(receiver.requests.filter(({ url }) => url === '/siem').length).toBeGreaterThan(before);
    await dead.getByRole('button', { name: 'Test dead' }).click();
    await dead.getByText('The sink did not take it: http_503').waitFor();
    await siem.getByText('The test event was sent').waitFor();
    expectNoFaults(faults);
  });

  it('a judge and its shadow are compared label by label', async () => {
    await world.says(`${LEAK} In the shade.`);
    const { page, faults } = await world.open(world.admin);
    const panel = page.getByRole('region', { name: 'Shadow judges' });
    // The shadow judges when the judge has done, and the list is behind the ledger for a moment.
    for (;;) {
      const answered = page.waitForResponse(/\/api\/shadows/);
      await page.goto('/policies');
      const shadows = (await (await answered).json()) as readonly ShadowAgreement[];
      if (shadows.some(({ pairs }) => pairs.some(({ label }) => label === 'violation'))) break;
    }
    await panel.getByText(/default and second/).waitFor();
    // What the first found, the second did not.
    const row = panel.getByRole('row', { name: /^violation/ });
    expect(await row.getByRole('cell').allInnerTexts()).toEqual(['0', expect.stringMatching(/^[1-9]/), '0']);
    await panel.getByRole('columnheader', { name: 'shadow: undetermined' }).waitFor();
    expectNoFaults(faults);
  });

  it('a replay is cancelled and goes on; who may only read is offered neither', async () => {
    await world.says('One of some');
    const spec = { judge: 'default', policy: null, filter: { route: 'openai' }, most: 3 };
    const { admin } = world;
    const estimate = await world.ask<ReplayEstimate>(admin, 'POST', '/api/replays/estimate', spec);
    const held = Promise.withResolvers<void>();
    world.world.judge.script = () => ({ wait: held.promise });
    const { selection_hash } = estimate;
    const job = await world.ask<ReplayJob>(admin, 'POST', '/api/replays', { ...spec, selection_hash });
    const { page, faults } = await world.open(admin);
    await page.goto(`/replays/${job.job_id}`);
    await page.getByRole('button', { name: 'Cancel the replay' }).click();
    const dialog = page.getByRole('dialog', { name: 'Cancel replay' });
    await dialog.getByText('What was judged is kept, and it can go on later.').waitFor();
    await dialog.getByRole('button', { name: 'Cancel it' }).click();
    await page.getByText(/^Cancelled: \d of \d exchange/).waitFor();
    expect(await page.getByRole('button', { name: 'Cancel the replay' }).count()).toBe(0);

    const rita = await world.open(await world.person('rita', 'reviewer'));
    await rita.page.goto(`/replays/${job.job_id}`);
    await rita.page.getByText(/^Cancelled/).waitFor();
    expect(await rita.page.getByRole('button', { name: 'Go on' }).count()).toBe(0);

    held.resolve();
    world.world.judge.script = () => ({});
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText(new RegExp(`^Done: ${estimate.exchanges} of ${estimate.exchanges}`)).waitFor();
    const { items } = await audited('replay.');
    expect(items.map((row) => (row.kind === 'act' ? row.action : ''))).toEqual([
      ...['replay.resume', 'replay.cancel', 'replay.start'],
    ]);
    expectNoFaults(faults);
    expectNoFaults(rita.faults);
  });

  it('a replay whose bound is spent says so, and goes on with a higher one only', async () => {
    // More than are asked at one time, and than are under way when the bound is met.
    for (let i = 0; i < 10; i += 1) await world.says(`One of many, ${i}`);
    const { admin } = world;
    const spec = { judge: 'default', policy: null, filter: { route: 'openai' }, most: 10 };
    const { selection_hash, to_ask } = await world.ask<ReplayEstimate>(admin, 'POST', '/api/replays/estimate', spec);
    expect(to_ask).toBe(10);
    const started = { ...spec, selection_hash, max_tokens: 1 };
    const job = await world.ask<ReplayJob>(admin, 'POST', '/api/replays', started);
    const { page, faults } = await world.open(admin);
    await page.goto(`/replays/${job.job_id}`);
    await page.getByText('Its bound is spent').waitFor();
    expect(await seriousOn(page)).toEqual([]);
    await page.getByText(/, 1 token at most$/).waitFor();
    await page.getByRole('button', { name: 'Go on' }).click();
    const dialog = page.getByRole('dialog', { name: 'Go on with a higher bound' });
    const goOn = dialog.getByRole('button', { name: 'Go on' });
    await dialog.getByLabel('Stop at').fill('1');
    expect(await goOn.isDisabled()).toBe(true);
    await dialog.getByLabel('Stop at').fill('1000000');
    await goOn.click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText(/^Done: 10 of 10 exchanges.*, 1,000,000 tokens at most$/).waitFor();
    expect(await page.getByText('Its bound is spent').count()).toBe(0);
    expectNoFaults(faults);
  });

  it('exports offer of each subject the formats that the server has of it, and no filter that it would refuse', async () => {
    const { page, faults } = await world.open(world.admin);
    const status = async (search: string) => {
      const response = await fetch(`${world.world.url}/api/export?${search}`, {
        headers: { cookie: world.admin.cookie },
      });
      await response.text();
      return response.status;
    };
    await page.goto('/exports?subject=verdicts&format=otlp&route=openai&client=somebody&label=violation');
    const what = page.getByRole('combobox', { name: 'What' });
    const formats = page.getByRole('radiogroup', { name: 'Format' }).getByRole('radio');
    const download = page.getByRole('link', { name: 'Download' });
    expect(await status((await download.getAttribute('href'))?.split('?')[1] ?? '')).toBe(200);
    for (const [subject, name] of SUBJECTS) {
      await what.click();
      await page.getByRole('option', { name, exact: true }).click();
      await page.locator(`a[href*="subject=${subject}"]`).waitFor();
      // What was asked of the subject before goes as far as this one has it.
      expect(await status((await download.getAttribute('href'))?.split('?')[1] ?? ''), subject).toBe(200);
      const offered = await formats.evaluateAll((radios) => radios.map((radio) => radio.getAttribute('value')));
      const taken: string[] = [];
      for (const format of FORMATS)
        if ((await status(`subject=${subject}&format=${format}`)) === 200) taken.push(format);
      expect(offered, subject).toEqual(taken);
    }
    expectNoFaults(faults);
  });

  it('a client is erased from the page of exports, once its name was typed; others keep theirs', async () => {
    const forgotten = await world.world.judged({
      ...{ model: 'gpt-forgotten', from: 7 },
      messages: [{ role: 'user', content: 'Forget what I said' }],
    });
    const kept = await world.says('Keep what I said');
    expect(forgotten.client).not.toBe(kept.client);
    const { page, faults } = await world.open(world.admin);
    await page.goto('/exports');
    const panel = page.getByRole('region', { name: 'Erasure' });
    await panel.getByText('Client', { exact: true }).click();
    await panel.getByLabel('Name of the client').fill(String(forgotten.client));
    await panel.getByRole('button', { name: 'Erase…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Erase client' });
    const erase = dialog.getByRole('button', { name: 'Erase' });
    await dialog.getByLabel('Type the name to go on').fill('somebody else');
    expect(await erase.isDisabled()).toBe(true);
    await dialog.getByLabel('Type the name to go on').fill(String(forgotten.client));
    await erase.click();
    await panel.getByText(/^Erased: 1 exchange, \d+ records\./).waitFor();
    await page.goto(`/exchanges/${forgotten.exchange_id}`);
    await page.getByText('The words were erased').waitFor();
    expect(await page.content()).not.toContain('Forget what I said');
    await page.goto(`/exchanges/${kept.exchange_id}`);
    await page.getByText('Keep what I said').first().waitFor();
    expectNoFaults(faults);
  });
});
