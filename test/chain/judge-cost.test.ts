/**
 * Contract: what judging costs has a number, by route and by model of the cascade, beside what the traffic costs; so have
 * hits of the cache, budgets that are spent, breakers that are open, and each state of a judgement. What was spent before
 * a restart is spent after it.
 */

import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ScriptedJudge } from '../support/scripted-judge.ts';
import { hostOf, judgesOf, judgeUrl } from '../support/settings-judges.ts';
import { send } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { type Section, SettingsWorld } from '../support/settings-world.ts';

const judgeModel = new ScriptedJudge();
let world: SettingsWorld;
let asked = 0;

async function judged(running: RunningSettings, judge: string, text = 'hello') {
  const id = `${judge}-${++asked}`;
  const body = JSON.stringify({ model: 'gpt-5-mini', messages: [{ role: 'user', content: text }] });
  await send(running.port, { host: hostOf(judge), path: '/v1/chat/completions', body, id });
  return await running.verdict(id);
}

/** The value of one series; undefined when there is none. */
async function metric(running: RunningSettings, name: string): Promise<number | undefined> {
  const page = await (await fetch(`http://127.0.0.1:${running.adminPort}/metrics`)).text();
  const line = page.split('\n').find((text) => text.startsWith(`judge_proxy_${name} `));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
}

beforeAll(async () => {
  world = await SettingsWorld.make();
  world.judgement = judgeModel.handler;
  judgeModel.script = () => ({ usage: { in: 60, out: 40 } });
});
afterAll(async () => {
  await world?.close();
});

it('counts calls, tokens and money by route and model, beside the traffic', async () => {
  const small = { ...world.model, name: 'small-judge', base_url: judgeUrl(world, 'small') };
  const config: Section = {
    ...judgesOf(world, { both: { judge: { small_model: small } } }),
    prices: {
      'test-judge': { input: 10, output: 10 },
      'small-judge': { input: 1, output: 1 },
      'gpt-*': { input: 1000, output: 1000 },
    },
  };
  const running = await world.start({ config });
  const calm = await judged(running, 'both');
  const grave = await judged(running, 'both', 'STRICTLY CONFIDENTIAL: the merger');
  await judged(running, 'both');
  expect([calm.judge_cost_usd, grave.judge_cost_usd]).toEqual([0.0001, 0.0011]);

  const of = (role: string) => `route="both",role="${role}"`;
  expect(await metric(running, `judge_calls_total{${of('small')}}`)).toBe(2);
  expect(await metric(running, `judge_calls_total{${of('large')}}`)).toBe(1);
  expect(await metric(running, `judge_tokens_total{${of('small')},direction="in"}`)).toBe(120);
  expect(await metric(running, `judge_tokens_total{${of('large')},direction="out"}`)).toBe(40);
  expect(await metric(running, `judge_cost_usd_total{${of('small')}}`)).toBeCloseTo(0.0002);
  expect(await metric(running, `judge_cost_usd_total{${of('large')}}`)).toBeCloseTo(0.001);
  const traffic = [calm, grave, calm].reduce((sum, { cost_usd }) => sum + (cost_usd ?? Number.NaN), 0);
  expect(await metric(running, 'traffic_cost_usd_total{route="both"}')).toBeCloseTo(traffic);
  expect(await metric(running, 'judge_cache_total{result="hit"}')).toBe(1);
  expect(await metric(running, 'judge_cache_total{result="miss"}')).toBe(2);
  expect(await metric(running, 'judgements_total{state="scored"}')).toBe(3);
});

it('a budget that was spent before a restart is spent after it, and counted', async () => {
  const config: Section = {
    ...judgesOf(world, { thrifty: { judge: { cache: { entries: 0 }, budget: { month: { tokens: 100 } } } } }),
    ledger: { url: `sqlite:${join(world.folder, 'thrifty.db')}` },
  };
  const before = await world.start({ config });
  expect(await judged(before, 'thrifty')).toMatchObject({ state: 'scored' });
  await before.close();
  const after = await world.start({ config });
  expect(await judged(after, 'thrifty')).toMatchObject({ state: 'budget_exhausted', decided_by: 'rule' });
  expect(await metric(after, 'judge_budget_exhausted_total{scope="month"}')).toBe(1);
  expect(await metric(after, 'judgements_total{state="budget_exhausted"}')).toBe(1);
  expect(await metric(after, 'not_judged_total{reason="budget_exhausted"}')).toBe(1);
  expect(judgeModel.to('thrifty')).toHaveLength(1);
});

it('an open breaker shows', async () => {
  judgeModel.script = () => ({ status: 401 });
  const config: Section = { ...judgesOf(world, { broken: {} }), limits: { judge_breaker_failures: 1 } };
  const running = await world.start({ config });
  const series = 'judge_breaker{model="test-judge"}';
  expect(await metric(running, series)).toBe(0);
  await judged(running, 'broken');
  expect(await metric(running, series)).toBe(2);
  expect(await judged(running, 'broken', 'another')).toMatchObject({ state: 'circuit_open' });
  expect(await metric(running, 'judgements_total{state="circuit_open"}')).toBe(1);
});
