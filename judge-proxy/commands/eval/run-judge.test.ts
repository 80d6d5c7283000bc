/** A run ends when all is judged, when it is told to, or when a result cannot be kept; it never hangs. */

import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createJudge } from '../../judge/judges.ts';
import type { JudgeModel } from '../../judge/model.ts';
import { INPUT, RUBRIC } from '../../judge/testing/judgements.ts';
import { systemClock } from '../../telemetry/clock.ts';
import { preparePairs } from './prepare.ts';
import type { Result } from './results.ts';
import { judgePairs, type RunOptions } from './run-judge.ts';

const COUNT = 40;

const prepared = await preparePairs(
  Array.from({ length: COUNT }, (_, index) => ({
    id: `pair-${index}`,
    group: `pair-${index}`,
    labels: { leak: 'pass' as const },
    source: { kind: 'input' as const, input: INPUT },
  })),
  { rules: ['secrets'], limits: { decoded_copy: 1_000, decode_time: 1_000 } },
);

function judge(model: JudgeModel | null, over: Partial<RunOptions> = {}): Promise<void> {
  return judgePairs(prepared, {
    judge: createJudge({ name: 'default', rubric: RUBRIC, rules: ['secrets'], model }),
    endpoint: null,
    smallEndpoint: null,
    prices: {},
    concurrency: 3,
    clock: systemClock,
    randomBytes,
    signal: new AbortController().signal,
    onResult: () => undefined,
    ...over,
  });
}

it('judges each pair once, never more at one time than asked for', async () => {
  let running = 0;
  let most = 0;
  let asked = 0;
  const answers: PromiseWithResolvers<void>[] = [];
  const model: JudgeModel = {
    name: 'slow',
    ask: async () => {
      most = Math.max(most, ++running);
      const answer = Promise.withResolvers<void>();
      answers.push(answer);
      // The last one frees whoever still waits: with it there may be fewer than three.
      if (++asked === COUNT || running === 3) for (const waiting of answers.splice(0)) waiting.resolve();
      await answer.promise;
      running -= 1;
      return { reply: { kind: 'refused', text: '', model: 'slow', usage: null }, latencyMs: 1 };
    },
  };
  const results: Result[] = [];
  await judge(model, { onResult: (result) => void results.push(result) });
  expect(results.map(({ id }) => id).sort()).toEqual(prepared.map(({ pair }) => pair.id).sort());
  expect(new Set(results.map(({ state }) => state))).toEqual(new Set(['refused']));
  expect(most).toBe(3);
});

it('ends with the error of a result that cannot be kept', async () => {
  const onResult = () => {
    throw new Error('disk full');
  };
  await expect(judge(null, { onResult })).rejects.toThrow('disk full');
});

it('ends at once when it is told to, and gives up the calls that are open', async () => {
  const stop = new AbortController();
  let aborted = 0;
  const model: JudgeModel = {
    name: 'silent',
    ask: async (_, signal) => {
      const gone = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => gone.resolve());
      if (++open === 3) stop.abort();
      await gone.promise;
      aborted += 1;
      return { reply: { kind: 'aborted' }, latencyMs: 1 };
    },
  };
  let open = 0;
  const results: Result[] = [];
  await judge(model, { signal: stop.signal, onResult: (result) => void results.push(result) });
  expect({ aborted, results }).toEqual({ aborted: 3, results: [] });
});

it('of nothing ends at once', async () => {
  await judgePairs([], {
    judge: createJudge({ name: 'default', rubric: RUBRIC, rules: [], model: null }),
    endpoint: null,
    smallEndpoint: null,
    prices: {},
    concurrency: 1,
    clock: systemClock,
    randomBytes,
    signal: new AbortController().signal,
    onResult: () => undefined,
  });
});
