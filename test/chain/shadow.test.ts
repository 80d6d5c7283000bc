/**
 * Contract: the keys of `judges.*.shadow` do what they say: a second judge is asked about what the first has judged, about
 * that share of it, behind traffic; its verdicts stand apart in ledger, API, metrics, log and exports, and change nothing.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ShadowAgreement } from '../../judge-proxy/ledger/read-model/rows.ts';
import { openReader } from '../../judge-proxy/ledger/reader.ts';
import { AdminSession } from '../support/admin-session.ts';
import { ROOT } from '../support/chain.ts';
import { run } from '../support/clients.ts';
import { MILD } from '../support/mild-rubric.ts';
import { ScriptedJudge } from '../support/scripted-judge.ts';
import { hostOf, judgesOf } from '../support/settings-judges.ts';
import { chat } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { type Section, SettingsWorld } from '../support/settings-world.ts';

const model = new ScriptedJudge();
let world: SettingsWorld;
let asked = 0;

beforeAll(async () => {
  world = await SettingsWorld.make();
  world.judgement = model.handler;
});
afterAll(() => world?.close());

function start(shadow: Section, over: Section = {}, second: Section = {}): Promise<RunningSettings> {
  model.questions.length = 0;
  const judges = judgesOf(world, { first: { judge: { shadow } }, second: { judge: second }, third: {} });
  return world.start({ config: { ...judges, ...over } });
}

async function judged(running: RunningSettings, judge = 'first', text = 'hello') {
  const id = `${judge}-${++asked}`;
  await chat(running.port, hostOf(judge), id, text);
  return running.verdict(id);
}

const about = (running: RunningSettings, exchangeId: string) =>
  running.event('shadow_verdict', (line) => line.exchange_id === exchangeId);

describe('judges.*.shadow', () => {
  it('judge: is asked about what the first has judged, and about nothing else', async () => {
    const running = await start({ judge: 'second' });
    const verdict = await judged(running);
    expect(await about(running, verdict.exchange_id)).toMatchObject({ judge: 'second', outcome: 'agreed' });
    const other = await judged(running, 'third');
    const again = await judged(running);
    await about(running, again.exchange_id);
    expect(model.questions.map(({ judge }) => judge)).toEqual(['first', 'second', 'third', 'first', 'second']);
    expect(other.judge?.name).toBe('third');
  });

  it('sampling: about that share of the verdicts', async () => {
    const none = await start({ judge: 'second', sampling: 0 });
    await judged(none);
    await none.close();
    expect(model.questions.map(({ judge }) => judge)).toEqual(['first']);
  });

  it('stands apart: in the ledger, the API, the metrics and the exports', async () => {
    const rubric = join(world.folder, 'mild.yaml');
    await writeFile(rubric, MILD);
    const running = await start({ judge: 'second' }, {}, { rubric });
    const verdict = await judged(running, 'first', 'STRICTLY CONFIDENTIAL: the merger of spring.');
    await about(running, verdict.exchange_id);
    const reader = openReader(running.ledgerUrl);
    const view = await reader.exchange(verdict.exchange_id);
    await reader.close();
    expect(view?.verdicts.map(({ verdict_id }) => verdict_id)).toEqual([verdict.verdict_id]);
    await running.measured('shadow_verdicts_total{judge="first",result="differed"}', 1);
    await running.measured('judgements_total{state="scored"}', 1);

    const since = new Date(Date.now() - 3_600_000).toISOString();
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const { proxy } = running;
    const admin = await AdminSession.start(proxy?.consoleUrl ?? '', 'admin', proxy?.firstUser?.password ?? '');
    let agreement: readonly ShadowAgreement[] = [];
    while (agreement.length === 0) {
      agreement = (await admin.call('GET', `/api/shadows?since=${since}&until=${until}`)).body as ShadowAgreement[];
    }
    expect(agreement).toMatchObject([
      { judge: 'first', shadow: 'second', pairs: [{ label: 'violation', shadow_label: 'clean', count: 1 }] },
    ]);
    const { body } = await admin.call('GET', '/api/judges');
    expect(body).toContainEqual(
      expect.objectContaining({ name: 'first', shadow: { judge: 'second', sampling: 1 }, policy_version: 0 }),
    );
    const cli = [join(ROOT, 'judge-proxy/cli.ts'), 'export', '--ledger', running.ledgerUrl];
    const exported = await run(process.execPath, [...cli, '--format', 'jsonl'], {}, ROOT);
    expect(exported.stdout).toContain(verdict.verdict_id);
    expect(exported.stdout).not.toContain('shadow');
    expect(exported.stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  it('never delays traffic: a shadow judge that hangs leaves every answer and verdict as it was', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    model.script = ({ judge }) => (judge === 'second' ? { wait: promise } : {});
    const running = await start({ judge: 'second' }, { limits: { judge_concurrency: 2 } });
    for (let i = 0; i < 4; i++) expect((await judged(running)).state).toBe('scored');
    expect(model.questions.filter(({ judge }) => judge === 'second')).toHaveLength(1);
    resolve();
    model.script = () => ({});
  });

  it.each([
    ['itself', { judge: 'first' }, {}, /cannot be its own shadow/],
    ['nobody', { judge: 'nobody' }, {}, /there is no judge of this name/],
    ['one with a shadow', { judge: 'second' }, { second: { judge: { shadow: { judge: 'third' } } } }, /no chain/],
  ])('is refused: %s', (_, shadow, more, message) => {
    const judges = judgesOf(world, { first: { judge: { shadow } }, second: {}, third: {}, ...more });
    expect(() => world.parse(judges)).toThrow(message);
  });
});
