/**
 * Contract: what is held back for a verdict is bounded, for one exchange and for all together. What is more is stopped,
 * or let go unjudged and said to be, by `on_judge_failure`.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openAiHandler } from '../support/openai-origin.ts';
import { ScriptedJudge } from '../support/scripted-judge.ts';
import { type Difference, hostOf, judgesOf } from '../support/settings-judges.ts';
import { chat } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { SettingsWorld } from '../support/settings-world.ts';

const LONG = 'long '.repeat(1_000);
const HELD = (on_judge_failure: string, other: object = {}): Difference => ({
  judge: { cache: { entries: 0 } },
  route: { mode: 'hold', on_judge_failure, ...other },
});
const DIFFERENT: Readonly<Record<string, Difference>> = {
  open: HELD('allow'),
  closed: HELD('block'),
  request: HELD('block', { mode: 'observe', hold_request: true }),
};

const model = new ScriptedJudge();
let world: SettingsWorld;
let usual: RunningSettings;
/** Holds a few words of one answer. */
let brief: RunningSettings;
/** Has room for one answer of a few words at a time. */
let small: RunningSettings;
let asked = 0;

async function judged(running: RunningSettings, route: string, text = 'hello') {
  const id = `${route}-${++asked}`;
  const answer = await chat(running.port, hostOf(route), id, text);
  return { answer, verdict: await running.verdict(id) };
}

beforeAll(async () => {
  world = await SettingsWorld.make();
  world.judgement = model.handler;
  usual = await world.start({ config: judgesOf(world, DIFFERENT) });
  brief = await world.start({ config: { ...judgesOf(world, DIFFERENT), limits: { held_copy: '2KiB' } } });
  small = await world.start({ config: { ...judgesOf(world, DIFFERENT), limits: { held: '2KiB', held_copy: '2KiB' } } });
});
afterAll(async () => {
  await world?.close();
});
beforeEach(() => {
  model.script = () => ({});
});

describe('what is held', () => {
  it('held_copy: of an answer that is longer not all is held: it is stopped, or passes unjudged', async () => {
    world.answer = openAiHandler({ script: () => ({ kind: 'reply', text: LONG }) });
    for (const route of ['open', 'closed']) {
      const { answer, verdict } = await judged(usual, route);
      expect(answer).toMatchObject({ status: 200, code: undefined });
      expect(verdict).toMatchObject({ state: 'scored', coverage: { level: 'full' } });
    }
    const passed = await judged(brief, 'open');
    expect(passed.answer).toMatchObject({ status: 200, code: undefined });
    expect(passed.answer.body).toContain(LONG.slice(0, 4_000));
    expect(passed.verdict.coverage.reasons).toContain('not_held');
    expect(passed.verdict.overall.label).toBe('undetermined');
    const stopped = await judged(brief, 'closed');
    expect(stopped.answer).toMatchObject({ status: 403, code: 'judge_unavailable' });
    expect(stopped.answer.body).not.toContain('long');
    expect(stopped.verdict).toMatchObject({ action: 'blocked' });
  });

  it('held_copy: a request that is longer is not sent', async () => {
    world.answer = openAiHandler();
    const before = world.plainOrigin.seen.length;
    expect((await judged(brief, 'request', LONG)).answer).toMatchObject({ status: 403, code: 'judge_unavailable' });
    expect(world.plainOrigin.seen).toHaveLength(before);
    expect((await judged(usual, 'request', LONG)).answer).toMatchObject({ status: 200 });
  });

  it('held: all together have room for so much', async () => {
    world.answer = openAiHandler({ script: () => ({ kind: 'reply', text: LONG.slice(0, 600) }) });
    const { promise: wait, resolve: answerNow } = Promise.withResolvers<void>();
    const from = model.to('closed').length;
    model.script = ({ judge }) => (judge === 'closed' ? { wait } : {});
    // One waits for its verdict, and takes the room of the next.
    const first = judged(small, 'closed');
    const beside = judged(usual, 'closed');
    await model.asked('closed', from + 2);
    expect((await judged(small, 'open')).verdict.coverage.reasons).toContain('not_held');
    expect((await judged(usual, 'open')).verdict.coverage.level).toBe('full');
    answerNow();
    expect((await first).answer).toMatchObject({ status: 200 });
    expect((await beside).answer).toMatchObject({ status: 200 });
    expect((await judged(small, 'open')).verdict.coverage.level).toBe('full');
  });
});
