/**
 * Contract: the limits of calls to judge endpoints bind. A breaker opens after so many failures in a row, lets nobody
 * through while it is open, tries with one call, and closes after so many successes.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScriptedJudge } from '../support/scripted-judge.ts';
import { type Difference, hostOf, judgesOf } from '../support/settings-judges.ts';
import { chat } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { SettingsWorld } from '../support/settings-world.ts';
import { startStalled } from '../support/silent-listeners.ts';

const model = new ScriptedJudge();
/** Failures that are not repeated: a key that is refused. */
const REFUSED = { status: 401 };
const NO_CACHE: Difference = { judge: { cache: { entries: 0 } } };
let world: SettingsWorld;
let asked = 0;

async function judged(running: RunningSettings, judge: string) {
  const id = `${judge}-${++asked}`;
  await chat(running.port, hostOf(judge), id);
  return await running.verdict(id);
}

const start = (judges: readonly string[], limits: Record<string, unknown>) => {
  const different = Object.fromEntries(judges.map((judge) => [judge, NO_CACHE]));
  return world.start({ config: { ...judgesOf(world, different), limits } });
};

beforeAll(async () => {
  world = await SettingsWorld.make();
  world.judgement = model.handler;
});
afterAll(async () => {
  await world?.close();
});

describe('the breaker of an endpoint', () => {
  it('judge_breaker_failures: so many in a row open it, for this endpoint alone', async () => {
    model.script = ({ judge }) => (judge === 'sound' ? {} : REFUSED);
    const [two, three] = [
      await start(['sound', 'broken'], { judge_breaker_failures: 2 }),
      await start(['sound', 'broken'], { judge_breaker_failures: 3 }),
    ];
    const states = async (running: RunningSettings) => {
      const found: string[] = [];
      for (let i = 0; i < 4; i += 1) found.push((await judged(running, 'broken')).state);
      return found;
    };
    expect(await states(two)).toEqual(['provider_error', 'provider_error', 'circuit_open', 'circuit_open']);
    expect(await states(three)).toEqual(['provider_error', 'provider_error', 'provider_error', 'circuit_open']);
    expect(model.to('broken')).toHaveLength(5);
    expect(await judged(two, 'sound')).toMatchObject({ state: 'scored' });
    expect(await judged(two, 'broken')).toMatchObject({
      coverage: { level: 'partial', reasons: ['model_failed'] },
      overall: { label: 'undetermined', severity: 'medium' },
      decided_by: 'fallback',
    });
  });

  it('judge_breaker_open: after it one call tries', async () => {
    model.script = () => REFUSED;
    const [brief, long] = [
      await start(['tried'], { judge_breaker_failures: 1, judge_breaker_open: '1ms' }),
      await start(['untried'], { judge_breaker_failures: 1, judge_breaker_open: '1h' }),
    ];
    for (const [running, judge, states] of [
      [brief, 'tried', ['provider_error', 'provider_error']],
      [long, 'untried', ['provider_error', 'circuit_open']],
    ] as const) {
      for (const state of states) expect(await judged(running, judge)).toMatchObject({ state });
    }
  });

  it.each([
    [1, 'scored'],
    [2, 'circuit_open'],
  ])(
    'judge_breaker_successes: after %i of them calls go side by side again',
    async (judge_breaker_successes, state) => {
      const judge = `healed-${judge_breaker_successes}`;
      model.script = () => REFUSED;
      const running = await start([judge], {
        judge_breaker_failures: 1,
        judge_breaker_open: '1ms',
        judge_breaker_successes,
      });
      await judged(running, judge);
      model.script = () => ({});
      expect(await judged(running, judge)).toMatchObject({ state: 'scored' });
      // One is on its way, and holds the place of the probe while the breaker is half open.
      const { promise: wait, resolve: answer } = Promise.withResolvers<void>();
      model.script = () => ({ wait });
      const first = judged(running, judge);
      await model.asked(judge, 3);
      model.script = () => ({});
      expect(await judged(running, judge)).toMatchObject({ state });
      answer();
      expect(await first).toMatchObject({ state: 'scored' });
    },
  );
});

it('judge_connect: an endpoint that does not accept is given up after it', async () => {
  const stalled = await startStalled();
  try {
    const at = { base_url: `http://127.0.0.1:${stalled.port}/v1`, timeout: '1h' };
    const config = judgesOf(world, { hasty: { model: at } });
    // Nobody waits an hour here: the verdict comes because connecting ended, and not the call.
    const running = await world.start({ config: { ...config, limits: { judge_connect: '200ms' } } });
    const answer = await chat(running.port, hostOf('hasty'), 'hasty');
    expect(answer.status).toBe(200);
    expect(await running.verdict('hasty')).toMatchObject({
      state: 'provider_error',
      llm_error: { source: 'judge', class: 'transient' },
    });
  } finally {
    await stalled.close();
  }
});
