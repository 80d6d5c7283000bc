/**
 * Contract: each key that says how a response meets the judge changes what a client has, and when: told by events of the
 * origin and of the judge model, never by time. What is late is shown by a later exchange that overtakes it.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openAiHandler } from '../support/openai-origin.ts';
import { ScriptedJudge } from '../support/scripted-judge.ts';
import { type Difference, hostOf, judgesOf } from '../support/settings-judges.ts';
import { chat } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { SettingsWorld } from '../support/settings-world.ts';
import { StreamedAnswer } from '../support/streamed-answer.ts';

const CONFIDENTIAL = 'STRICTLY CONFIDENTIAL: the merger';
/** Eighty tokens of four characters, each word once. */
const LONG = Array.from({ length: 40 }, (_, index) => `word ${String(index).padStart(2, '0')}`).join(' ');
const model = new ScriptedJudge();
let world: SettingsWorld;
let running: RunningSettings;
let asked = 0;

const window = (values: object): Difference => ({
  judge: { cache: { entries: 0 } },
  route: { mode: 'window', window: { tokens: 20, rules_tokens: 5, overlap_tokens: 0, ...values } },
});

const DIFFERENT: Readonly<Record<string, Difference>> = {
  observed: {},
  cleared: window({ release: 'cleared' }),
  eager: window({ release: 'eager' }),
  wide: window({ tokens: 1_000 }),
  narrow: window({}),
  overlapping: window({ overlap_tokens: 10 }),
  'rules-often': window({ release: 'eager', tokens: 1_000, rules_tokens: 5 }),
  'rules-late': window({ release: 'eager', tokens: 1_000, rules_tokens: 1_000 }),
  held: { route: { mode: 'hold' } },
  'kept-alive': { route: { mode: 'hold', keep_alive: '20ms' } },
  'kept-alive-window': {
    ...window({ release: 'cleared' }),
    route: { ...window({ release: 'cleared' }).route, keep_alive: '20ms' },
  },
  'request-held': { route: { hold_request: true } },
};

const text = 'say it';
const ask = (judge: string, words = text) => {
  const id = `${judge}-${++asked}`;
  return { id, answer: StreamedAnswer.chat(running.port, hostOf(judge), id, words) };
};
/** A whole exchange beside the one that waits: whatever was on its way to a client before has arrived. */
const overtake = async () => {
  const id = `overtaking-${++asked}`;
  await chat(running.port, hostOf('observed'), id);
};
/** An origin that says a text piece by piece, and stops at the first piece that the gate holds. */
const saying = (words: string, gate?: (index: number) => Promise<void>) => {
  world.answer = openAiHandler({
    script: ({ lastUser }) => ({ kind: 'reply', text: lastUser === text ? words : 'Hello.', deltaLength: 8 }),
    ...(gate === undefined
      ? {}
      : { gate: (index, seen) => (seen.url.includes('chat') ? gate(index) : Promise.resolve()) }),
  });
};

beforeAll(async () => {
  world = await SettingsWorld.make();
  world.judgement = model.handler;
  running = await world.start({ config: judgesOf(world, DIFFERENT) });
});
afterAll(async () => {
  await world?.close();
});
beforeEach(() => {
  model.script = () => ({});
  saying(LONG);
});

describe('mode', () => {
  it('mode: in hold nothing arrives before the verdict, in observe nothing waits for it', async () => {
    const { promise: wait, resolve: answerNow } = Promise.withResolvers<void>();
    model.script = ({ judge }) => (judge === 'held' || judge === 'observed' ? { wait } : {});
    const held = ask('held');
    await model.asked('held');
    const observed = ask('observed');
    await observed.answer.end();
    expect(held.answer.status).toBeNull();
    answerNow();
    expect(await held.answer.end()).toMatchObject({ status: 200, how: 'whole' });
    expect(await running.verdict(held.id)).toMatchObject({ mode: 'hold', release: null, action: 'allowed' });
  });
});

describe('windows', () => {
  it('window.release: cleared waits for the model, eager for the rules alone', async () => {
    for (const [judge, release] of [
      ['cleared', 'cleared'],
      ['eager', 'eager'],
    ] as const) {
      const { promise: wait, resolve: answerNow } = Promise.withResolvers<void>();
      model.script = (question) => (question.judge === judge ? { wait } : {});
      const { id, answer } = ask(judge);
      await model.asked(judge);
      if (release === 'eager') await answer.until('word 00');
      await overtake();
      if (release === 'cleared') expect(answer.text).not.toContain('word');
      answerNow();
      expect((await answer.end()).how).toBe('whole');
      expect(await running.verdict(id)).toMatchObject({ mode: 'window', release, action: 'allowed' });
    }
  });

  /** Says the text, but for each dozen of events waits until the ones before it are asked about. */
  const sayingInSteps = (judge: string) => {
    const from = model.to(judge).length;
    saying(LONG, async (index) => {
      if (index === 12 || index === 24) await model.asked(judge, from + index / 12);
    });
    return from;
  };

  it('window.tokens: a window for the model has so many', async () => {
    const from = sayingInSteps('narrow');
    const narrow = ask('narrow');
    await narrow.answer.end();
    const { windows } = await running.verdict(narrow.id);
    // Eighty tokens in windows of twenty, and the last one is asked about with the whole.
    expect(windows).toBeGreaterThanOrEqual(2);
    expect(model.to('narrow').slice(from)).toHaveLength(windows + 1);
    expect(model.to('narrow')[from]?.response.length).toBeLessThan(2 * 20 * 4);
    saying(LONG);
    const wide = ask('wide');
    await wide.answer.end();
    expect(await running.verdict(wide.id)).toMatchObject({ windows: 0 });
    expect(model.to('wide')).toHaveLength(1);
  });

  it('window.overlap_tokens: so much of the text before is seen again', async () => {
    const again = async (judge: string) => {
      const from = sayingInSteps(judge);
      await ask(judge).answer.end();
      const [first, second] = model.to(judge).slice(from);
      const last = /word \d\d(?=\D*$)/.exec(first?.response ?? '')?.[0] ?? 'none';
      return second?.response.includes(last);
    };
    expect(await again('narrow')).toBe(false);
    expect(await again('overlapping')).toBe(true);
  });

  it('window.rules_tokens: so many are read, and with eager delivered, together', async () => {
    for (const judge of ['rules-often', 'rules-late']) {
      const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
      const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
      // Fifteen events of two tokens are said, and then nothing for a while.
      saying(LONG, async (index) => {
        if (index < 15) return;
        stop();
        await goOn;
      });
      const { answer } = ask(judge);
      await stopped;
      if (judge === 'rules-often') await answer.until('word 00');
      else {
        saying(LONG);
        await overtake();
        expect(answer.text).not.toContain('word');
      }
      release();
      await answer.end();
      expect(answer.text).toContain('[DONE]');
    }
  });
});

describe('keep_alive', () => {
  it.each(['kept-alive', 'kept-alive-window'])(
    'keep_alive: comments go out while a stream waits (%s)',
    async (judge) => {
      const { promise: wait, resolve: answerNow } = Promise.withResolvers<void>();
      model.script = (question) => (question.judge === judge ? { wait } : {});
      const { answer } = ask(judge);
      await answer.until(':');
      expect(answer.text).not.toContain('data:');
      expect(answer.status).toBe(200);
      answerNow();
      const { text: received } = await answer.end();
      expect(received).toContain('[DONE]');
      expect(received.startsWith(':')).toBe(true);
    },
  );

  it('none goes out unless it is set', async () => {
    const { promise: wait, resolve: answerNow } = Promise.withResolvers<void>();
    model.script = ({ judge }) => (judge === 'held' || judge === 'kept-alive' ? { wait } : {});
    const { answer } = ask('held');
    await model.asked('held');
    // Another stream has had several of them by then.
    const other = ask('kept-alive').answer;
    await other.until(':');
    const length = other.text.length;
    while (other.text.length < 3 * length) await overtake();
    expect(answer.text).toBe('');
    answerNow();
    await Promise.all([answer.end(), other.end()]);
  });
});

describe('hold_request', () => {
  it('hold_request: the origin does not see what the judge stops', async () => {
    const before = world.plainOrigin.seen.length;
    const id = `request-${++asked}`;
    const answer = await chat(running.port, hostOf('request-held'), id, CONFIDENTIAL);
    expect(answer).toMatchObject({ status: 403, code: 'blocked_by_judge' });
    expect(await running.verdict(id)).toMatchObject({ subject: 'request', action: 'blocked' });
    expect(world.plainOrigin.seen).toHaveLength(before);
    const other = `observed-${++asked}`;
    expect(await chat(running.port, hostOf('observed'), other, CONFIDENTIAL)).toMatchObject({ status: 200 });
    expect(await running.verdict(other)).toMatchObject({ subject: 'exchange', action: 'would_block' });
    expect(world.plainOrigin.seen).toHaveLength(before + 1);
  });

  it('what it lets pass is judged again with its answer', async () => {
    const id = `request-${++asked}`;
    expect(await chat(running.port, hostOf('request-held'), id)).toMatchObject({ status: 200 });
    await running.event('verdict', (line) => line.client_request_id === id && line.subject === 'exchange');
    expect(running.text.filter((line) => line.includes(id) && line.includes('"event":"verdict"'))).toHaveLength(2);
  });
});
