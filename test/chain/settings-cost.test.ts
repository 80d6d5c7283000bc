/**
 * Contract: cache, budgets and sampling do what docs/configuration.md says: who is answered by an earlier verdict, when
 * the model is no longer asked, and what the verdict says then. One judge proxy has a judge for each key.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScriptedJudge } from '../support/scripted-judge.ts';
import { type Difference, hostOf, judgesOf } from '../support/settings-judges.ts';
import { chatFrom, send } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { SettingsWorld } from '../support/settings-world.ts';

const CARD = '4111111111111111';
const model = new ScriptedJudge();
let world: SettingsWorld;
let running: RunningSettings;
let asked = 0;

/** One exchange with the host of this judge, and its verdict. */
async function judged(judge: string, text = 'hello') {
  const id = `${judge}-${++asked}`;
  const body = JSON.stringify({ model: 'gpt-5-mini', messages: [{ role: 'user', content: text }] });
  await send(running.port, { host: hostOf(judge), path: '/v1/chat/completions', body, id });
  return await running.verdict(id);
}

/** The same from another address than that of this machine. */
async function judgedFrom(address: string, judge: string, text = 'hello') {
  const id = `${judge}-${++asked}`;
  await chatFrom(address, running, world.certificates, { host: hostOf(judge), id, text });
  return await running.verdict(id);
}

/** Each question costs ten tokens, and eight millionths of a dollar by the prices below. */
const USAGE = { in: 6, out: 4 };
const NO_CACHE = { cache: { entries: 0 } };
const budget = (limits: object): Difference => ({ judge: { ...NO_CACHE, budget: limits } });

const DIFFERENT: Readonly<Record<string, Difference>> = {
  cached: {},
  uncached: { judge: NO_CACHE },
  one: { judge: { cache: { entries: 1 } } },
  brief: { judge: { cache: { ttl: '1ms' } } },
  shared: { judge: { cache: { scope: 'all_clients_dangerous' } } },
  unlimited: { judge: NO_CACHE },
  'day-tokens': budget({ day: { tokens: 10 } }),
  'day-usd': budget({ day: { usd: 0.000008 } }),
  'month-tokens': budget({ month: { tokens: 10 } }),
  'month-usd': budget({ month: { usd: 0.000008 } }),
  'client-day-tokens': budget({ client_day: { tokens: 10 } }),
  'client-day-usd': budget({ client_day: { usd: 0.000008 } }),
  'client-month-tokens': budget({ client_month: { tokens: 10 } }),
  'client-month-usd': budget({ client_month: { usd: 0.000008 } }),
  never: { judge: NO_CACHE, route: { sampling: 0 } },
  sometimes: { judge: NO_CACHE, route: { sampling: 0.5 } },
  always: { judge: NO_CACHE },
};

beforeAll(async () => {
  world = await SettingsWorld.make();
  world.judgement = model.handler;
  model.script = () => ({ usage: USAGE });
  const prices = { 'test-judge': { input: 0, output: 2 } };
  running = await world.start({ config: { ...judgesOf(world, DIFFERENT), prices } });
});
afterAll(async () => {
  await world?.close();
});

describe('the cache', () => {
  it('entries: an equal exchange is not asked about again, unless none are kept', async () => {
    const first = await judged('cached');
    const second = await judged('cached');
    expect(model.to('cached')).toHaveLength(1);
    expect(first).toMatchObject({ state: 'scored', judge: { cache_hit: false } });
    expect(second).toMatchObject({ state: 'scored', judge: { cache_hit: true, model: first.judge?.model } });
    expect({ criteria: second.criteria, overall: second.overall }).toEqual({
      criteria: first.criteria,
      overall: first.overall,
    });
    expect([second.judge_tokens, second.judge_cost_usd]).toEqual([null, null]);
    for (const _ of [1, 2]) expect(await judged('uncached')).toMatchObject({ judge: { cache_hit: false } });
    expect(model.to('uncached')).toHaveLength(2);
  });

  it('entries: the one used longest ago goes first', async () => {
    for (const text of ['first', 'second', 'second', 'first']) await judged('one', text);
    expect(model.to('one')).toHaveLength(3);
    for (const text of ['first', 'second', 'second', 'first']) await judged('cached', text);
    expect(model.to('cached')).toHaveLength(3);
  });

  it('ttl: what is older is asked about again', async () => {
    for (const _ of [1, 2]) expect(await judged('brief')).toMatchObject({ judge: { cache_hit: false } });
    expect(model.to('brief')).toHaveLength(2);
  });

  it('scope: nobody is answered by what another client asked, unless that is wanted', async () => {
    const hits = async (judge: string) => [
      (await judgedFrom('10.0.0.1', judge, 'whose is it')).judge?.cache_hit,
      (await judgedFrom('10.0.0.2', judge, 'whose is it')).judge?.cache_hit,
      (await judgedFrom('10.0.0.1', judge, 'whose is it')).judge?.cache_hit,
    ];
    expect(await hits('cached')).toEqual([false, false, true]);
    expect(await hits('shared')).toEqual([false, true, true]);
  });
});

describe('a budget', () => {
  const SPENT = {
    state: 'budget_exhausted',
    coverage: { level: 'partial', reasons: ['budget_exhausted'] },
  };

  it.each(['day-tokens', 'day-usd', 'month-tokens', 'month-usd'])(
    '%s: once it is spent rules alone judge, for every client',
    async (judge) => {
      expect(await judgedFrom('10.0.0.1', judge)).toMatchObject({
        state: 'scored',
        judge_tokens: USAGE,
        judge_cost_usd: 0.000008,
      });
      expect(await judgedFrom('10.0.0.1', judge)).toMatchObject({ state: 'budget_exhausted' });
      expect(await judgedFrom('10.0.0.2', judge, `pay with ${CARD}`)).toMatchObject({
        ...SPENT,
        overall: { label: 'violation' },
        decided_by: 'rule',
      });
      expect(model.to(judge)).toHaveLength(1);
    },
  );

  it.each(['client-day-tokens', 'client-day-usd', 'client-month-tokens', 'client-month-usd'])(
    '%s: once a client has spent it rules alone judge this client',
    async (judge) => {
      expect(await judgedFrom('10.0.0.1', judge)).toMatchObject({ state: 'scored' });
      expect(await judgedFrom('10.0.0.1', judge)).toMatchObject({ ...SPENT, overall: { label: 'undetermined' } });
      expect(await judgedFrom('10.0.0.2', judge)).toMatchObject({ state: 'scored' });
      expect(model.to(judge)).toHaveLength(2);
    },
  );

  it('that is not set ends nothing', async () => {
    for (const _ of [1, 2, 3]) expect(await judged('unlimited')).toMatchObject({ state: 'scored' });
  });
});

describe('sampling', () => {
  it('sampling: so many exchanges the model is asked about, and always about one that a rule hits', async () => {
    expect(await judged('always')).toMatchObject({ state: 'scored', sampling_probability: 1 });
    expect(await judged('never')).toMatchObject({
      state: 'sampled_out',
      sampling_probability: 0,
      coverage: { level: 'partial', reasons: ['sampled_out'] },
      overall: { label: 'undetermined' },
      action: 'allowed',
    });
    expect(model.to('never')).toEqual([]);
    expect(await judged('never', `pay with ${CARD}`)).toMatchObject({ state: 'scored', sampling_probability: 1 });
    expect(model.to('never')).toHaveLength(1);
  });

  it('draws each exchange for itself', async () => {
    const states = new Set<string>();
    // Of fifty fair draws all are equal once in 2^49 runs.
    for (let i = 0; i < 50 && states.size < 2; i += 1) {
      const { state, sampling_probability } = await judged('sometimes');
      expect(sampling_probability).toBe(0.5);
      states.add(state);
    }
    expect([...states].sort()).toEqual(['sampled_out', 'scored']);
  });
});
