/**
 * Replay jobs on a real ledger and its index, with a judge model that the test scripts; as the handlers of the API see them.
 * Whoever imports it has all that anew for each test.
 */

import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach } from 'vitest';
import { judgeModelHandler } from '../../../../test/support/judge-model.ts';
import type { ReplayEstimate, ReplayJob } from '../../../contract/responses.ts';
import type { Prices } from '../../../judge/prices.ts';
import { parseRubric } from '../../../judge/rubric.ts';
import { Turns } from '../../../judge/turns.ts';
import { openReadModel } from '../../../ledger/read-model/read-model.ts';
import type { ReadModel } from '../../../ledger/read-model/rows.ts';
import { Estimates } from '../../../replays/estimates.ts';
import { ReplayJobs } from '../../../replays/jobs.ts';
import { systemClock } from '../../../telemetry/clock.ts';
import { contextOf, PolicyRig } from '../../policies/testing/policy-rig.ts';
import { createReplayHandlers } from '../handlers.ts';

export const PRICES = { 'test-judge': { input: 1, output: 2 } };
export const EVE = contextOf('eve');

export let rig: PolicyRig;
export let readModel: ReadModel;
export let jobs: ReplayJobs;
export let handlers: ReturnType<typeof createReplayHandlers>;

beforeEach(async () => {
  rig = await PolicyRig.start();
  const { ledger } = rig;
  readModel = openReadModel({
    ...{ url: `sqlite:${rig.database}`, clock: systemClock, log: rig.log },
    onCommit: (listener) => ledger.onCommit(listener),
  });
  start();
});
afterEach(async () => {
  await jobs.close();
  await readModel.close();
  await rig.close();
});

/** As a process does: what it knows is what the ledger says. */
export function start(prices: Prices = PRICES): void {
  const { ledger, policies, log } = rig;
  jobs = new ReplayJobs({
    ...{ ledger, log, clock: systemClock, randomBytes, prices, onFailure: () => 'review' as const },
    turns: new Turns({ running: 4, waiting: 100 }),
    judgeOf: ({ judge, judge_hash, yaml }) => {
      const found = policies.judgeWith(judge, { rubric: parseRubric(yaml, 'x') });
      return found?.hash === judge_hash ? found : null;
    },
  });
  answerFrom(readModel, prices);
}

/** @param model the index that estimates and lists are read from */
export function answerFrom(
  model: Pick<ReadModel, 'caughtUp' | 'position' | 'exchanges'>,
  prices: Prices = PRICES,
): void {
  const { ledger, policies } = rig;
  const estimates = new Estimates({ ledger, readModel: model, prices });
  handlers = createReplayHandlers({ ledger, readModel: model, policies, estimates, jobs, prices });
}

export const given = <B, P, Q>(body: B, params?: P, query?: Q) =>
  ({ body, params: params ?? {}, query: query ?? {} }) as never;
export const SPEC = { judge: 'default', policy: null, filter: {}, most: 1_000 };

export async function record(count: number, text = 'Hello.', from = 0): Promise<void> {
  for (let i = from; i < from + count; i++) await rig.record(id(i), `${text} ${i}`);
}
export const id = (i: number) => `exchange-${String(i).padStart(3, '0')}`;

export const estimate = (over: object = {}): Promise<ReplayEstimate> =>
  handlers.estimate_replay(given({ ...SPEC, ...over }), EVE);
export async function begin(over: object = {}, bound: object = {}): Promise<ReplayJob> {
  const { selection_hash } = await estimate(over);
  return handlers.start_replay(given({ ...SPEC, ...over, selection_hash, ...NO_BOUND, ...bound }), EVE);
}
export const NO_BOUND = { max_usd: null, max_tokens: null };
export const read = (job: string) => handlers.read_replay(given({}, { id: job }), EVE);
export const changes = (job: string, query: object = {}) =>
  handlers.replay_changes(given({}, { id: job }, { limit: 50, ...query }), EVE);
export const cancel = (job: string) => handlers.cancel_replay(given({}, { id: job }), EVE);
export const resume = (job: string, bound: object = {}) =>
  handlers.resume_replay(given({ ...NO_BOUND, ...bound }, { id: job }), EVE);
/** The model answers from its n-th question on only when it is told. */
export function heldFrom(n: number): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  const answer = judgeModelHandler();
  rig.answer = async (seen, response, origin) => {
    if (rig.model.seen.length >= n) await promise;
    await answer(seen, response, origin);
  };
  return resolve;
}
