/**
 * Contract: when the judge fails, each mode does what `on_judge_failure` says: of the route, else of the mode, else the
 * default. Shown for each layer through a running proxy, for answers and for held requests.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScriptedJudge } from '../support/scripted-judge.ts';
import { type Difference, hostOf, judgesOf } from '../support/settings-judges.ts';
import { chat } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { SettingsWorld } from '../support/settings-world.ts';

const MODES = ['observe', 'window', 'hold'] as const;
const POLICIES = ['allow', 'review', 'block'] as const;
type Mode = (typeof MODES)[number];
type Policy = (typeof POLICIES)[number];

const model = new ScriptedJudge();
let world: SettingsWorld;
let asked = 0;

const routes = (policy: Policy | null): Record<string, Difference> =>
  Object.fromEntries([
    ...MODES.map((mode) => [mode, { route: { mode, ...(policy === null ? {} : { on_judge_failure: policy }) } }]),
    ['request', { route: { hold_request: true, ...(policy === null ? {} : { on_judge_failure: policy }) } }],
  ]);

const start = (policy: Policy | null, top: Partial<Record<Mode, Policy>>) =>
  world.start({
    config: { ...judgesOf(world, routes(policy)), on_judge_failure: top, limits: { judge_breaker_failures: 1_000 } },
  });

/** What the client got, and the first verdict on it. */
async function outcome(running: RunningSettings, route: string) {
  const id = `${route}-${++asked}`;
  const { status, code } = await chat(running.port, hostOf(route), id);
  const { action, overall, state } = await running.verdict(id);
  return { status, code, state, action, severity: overall.severity };
}

const failed = (action: string, severity: string) => ({ state: 'nonce_mismatch', action, severity });
const delivered = { status: 200, code: undefined };
const STOPPED = { status: 403, code: 'judge_unavailable', ...failed('blocked', 'medium') };

function expected(route: string, policy: Policy): object {
  const severity = policy === 'allow' ? 'none' : 'medium';
  if (policy !== 'block') return { ...delivered, ...failed('allowed', severity) };
  return route === 'observe' ? { ...delivered, ...failed('would_block', severity) } : STOPPED;
}

beforeAll(async () => {
  world = await SettingsWorld.make();
  model.script = () => ({ tamper: (answer) => ({ ...answer, nonce: 'wrong' }) });
  world.judgement = model.handler;
});
afterAll(async () => {
  await world?.close();
});

describe('on_judge_failure', () => {
  it('on_judge_failure: unset, what watches asks for a person and what holds stops', async () => {
    const running = await start(null, {});
    for (const [route, policy] of [
      ['observe', 'review'],
      ['window', 'block'],
      ['hold', 'block'],
      ['request', 'block'],
    ] as const)
      expect(await outcome(running, route), route).toEqual(expected(route, policy));
  });

  it.each(POLICIES)('on_judge_failure: %s of the mode holds for routes that say nothing', async (policy) => {
    for (const mode of MODES) {
      const running = await start(null, { [mode]: policy });
      expect(await outcome(running, mode), mode).toEqual(expected(mode, policy));
      if (mode === 'hold') expect(await outcome(running, 'request')).toEqual(expected('request', policy));
      await running.close();
    }
  });

  it.each(POLICIES)('on_judge_failure: %s of the route holds against all else', async (policy) => {
    const other = policy === 'allow' ? 'block' : 'allow';
    const running = await start(policy, { observe: other, window: other, hold: other });
    for (const route of [...MODES, 'request'])
      expect(await outcome(running, route), route).toEqual(expected(route, policy));
  });

  it('on_judge_failure: a judge that is dead stops what is held, at each layer that says so', async () => {
    const dead = { model: { base_url: 'http://127.0.0.1:1/v1' } };
    const held = (own: object): Record<string, Difference> => ({
      window: { ...dead, route: { mode: 'window', ...own } },
      hold: { ...dead, route: { mode: 'hold', ...own } },
      request: { ...dead, route: { hold_request: true, ...own } },
    });
    const open = { window: 'allow', hold: 'allow' };
    const closed = { window: 'block', hold: 'block' };
    for (const [route, top, code] of [
      [{}, {}, 'judge_unavailable'],
      [{}, closed, 'judge_unavailable'],
      [{ on_judge_failure: 'block' }, open, 'judge_unavailable'],
      [{}, open, undefined],
      [{ on_judge_failure: 'allow' }, closed, undefined],
    ] as const) {
      const running = await world.start({ config: { ...judgesOf(world, held(route)), on_judge_failure: top } });
      for (const name of ['window', 'hold', 'request']) {
        const reached = world.plainOrigin.seen.length;
        const answer = await chat(running.port, hostOf(name), `dead-${++asked}`);
        expect(answer, `${name} ${JSON.stringify([route, top])}`).toMatchObject({ status: code ? 403 : 200, code });
        // A held request that is stopped never got there; answers that are stopped came from there.
        expect(world.plainOrigin.seen.length - reached).toBe(name === 'request' && code !== undefined ? 0 : 1);
      }
      await running.close();
    }
  });
});
