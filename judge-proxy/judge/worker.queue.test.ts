/**
 * The queue of judgements, on a real ledger against a real endpoint. It is bounded, by what waits for another try, too,
 * and what exceeds it is told; a close, a full ledger or a job that is given twice loses no verdict and makes no second
 * one; and each job goes the way of every question: sample, cache, breaker.
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgeModelHandler } from '../../test/support/judge-model.ts';
import { ProxyError } from '../errors.ts';
import type { Verdict } from '../ledger/records.ts';
import { systemClock } from '../telemetry/clock.ts';
import { Breaker } from './breaker.ts';
import { withBreaker } from './endpoints.ts';
import { createJudge } from './judges.ts';
import { captureOf } from './testing/captures.ts';
import { answering, hanging, inTurn, startJudgeServer } from './testing/judge-server.ts';
import { consultantOf, JudgedLedger, judgeWith } from './testing/judged-ledger.ts';
import type { JudgeWorkerOptions } from './worker.ts';

let books: JudgedLedger;

beforeEach(async () => {
  books = await JudgedLedger.open();
});

afterEach(async () => {
  await books[Symbol.asyncDispose]();
});

describe('the queue', () => {
  it('is bounded: what exceeds it gets its verdict at once', async () => {
    const gate = Promise.withResolvers<void>();
    const answer = judgeModelHandler();
    await using server = await startJudgeServer(async (...args) => {
      await gate.promise;
      return answer(...args);
    });
    for (let i = 0; i < 10; i++) await books.record();
    const refused = Promise.withResolvers<void>();
    let verdicts = 0;
    const worker = books.start(server.model, {
      limits: { judge_queue: 3, judge_concurrency: 2 },
      metrics: { verdict: () => ++verdicts === 5 && refused.resolve(), judgeQueue: () => undefined },
    });
    await refused.promise;
    gate.resolve();
    await worker.idle();
    const states = (await books.verdicts()).map(({ state }) => state);
    expect(states.filter((state) => state === 'queue_full')).toHaveLength(5);
    expect(states.filter((state) => state === 'scored')).toHaveLength(5);
  });

  it('is shared: one client that floods it costs another neither its place nor its turn', async () => {
    const gate = Promise.withResolvers<void>();
    const answer = judgeModelHandler();
    await using server = await startJudgeServer(async (...args) => {
      await gate.promise;
      return answer(...args);
    });
    for (let i = 0; i < 10; i++) await books.record();
    const own = await books.record(captureOf(), { client: 'team-b' });
    const refused = Promise.withResolvers<void>();
    let verdicts = 0;
    const worker = books.start(server.model, {
      limits: { judge_queue: 4, judge_concurrency: 1 },
      metrics: { verdict: () => ++verdicts === 6 && refused.resolve(), judgeQueue: () => undefined },
    });
    await refused.promise;
    gate.resolve();
    await worker.idle();
    const judged = (await books.verdicts()).filter(({ state }) => state === 'scored');
    expect(judged).toHaveLength(5);
    // The first was with the model, the second was next of its client.
    expect(judged.findIndex(({ exchange_id }) => exchange_id === own)).toBeLessThanOrEqual(2);
    expect(judged.some(({ exchange_id }) => exchange_id === own)).toBe(true);
  });

  it('never has more calls open than it may', async () => {
    let open = 0;
    let most = 0;
    const full = Promise.withResolvers<void>();
    const answer = judgeModelHandler();
    await using server = await startJudgeServer(async (...args) => {
      most = Math.max(most, ++open);
      if (open === 3) full.resolve();
      await full.promise;
      await new Promise(setImmediate);
      open -= 1;
      return answer(...args);
    });
    for (let i = 0; i < 20; i++) await books.record();
    const worker = books.start(server.model, { limits: { judge_queue: 100, judge_concurrency: 3 } });
    await worker.idle();
    expect(most).toBe(3);
    expect(await books.verdicts()).toHaveLength(20);
  });

  it('takes what is committed while it runs', async () => {
    await using server = await startJudgeServer();
    const worker = books.start(server.model);
    await worker.idle();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(await books.record());
    await worker.idle();
    expect((await books.verdicts()).map(({ exchange_id }) => exchange_id).sort()).toEqual(ids.sort());
  });

  it('survives a close: open calls are given up, and judged after the next start', async () => {
    await using stuck = await startJudgeServer(hanging);
    for (let i = 0; i < 8; i++) await books.record();
    const arrived = stuck.origin.next();
    const first = books.start(stuck.model, { limits: { judge_queue: 100, judge_concurrency: 2 } });
    await arrived;
    await first.close();
    expect(await books.verdicts()).toEqual([]);
    await using server = await startJudgeServer();
    await books.start(server.model).idle();
    expect((await books.verdicts()).map(({ state }) => state)).toEqual(Array.from({ length: 8 }, () => 'scored'));
  });
});

describe('on its way to the model', () => {
  it('an exchange that is not drawn gets its verdict by rules, with the probability; the draw is one for all its tries', async () => {
    await using server = await startJudgeServer(inTurn(answering(500, ''), judgeModelHandler()));
    const ids = [await books.record(), await books.record(), await books.record()];
    const drawn = ids[1];
    const draws: string[] = [];
    const draw = (id: string) => {
      draws.push(id);
      return id === drawn ? 0.1 : 0.9;
    };
    const worker = books.start(server.model, { sampling: () => 0.5, consultant: consultantOf({ draw }) });
    await worker.idle();
    const verdicts = await books.verdicts();
    expect(verdicts.map(({ exchange_id, state }) => [exchange_id, state]).toSorted()).toEqual(
      ids.map((id) => [id, id === drawn ? 'scored' : 'sampled_out']).toSorted(),
    );
    for (const verdict of verdicts) expect(verdict.sampling_probability).toBe(0.5);
    expect(verdicts.find(({ state }) => state === 'sampled_out')).toMatchObject({
      decided_by: 'rule',
      coverage: { level: 'partial', reasons: ['sampled_out'] },
      overall: { label: 'undetermined', severity: 'none' },
    });
    expect(draws.filter((id) => id === drawn)).toHaveLength(2);
  });

  it('a repeat is answered by the cache, and its evidence is its own', async () => {
    await using server = await startJudgeServer();
    const judge = createJudge({
      ...judgeWith(server.model),
      cache: { entries: 10, ttl: 60_000, scope: 'client' },
    });
    const text = 'STRICTLY CONFIDENTIAL: 4111 1111 1111 1111';
    const worker = books.start(server.model, { judges: new Map([['default', judge]]) });
    for (let i = 0; i < 2; i++) {
      await books.record(captureOf({ user: text }));
      await worker.idle();
    }
    expect(server.origin.seen).toHaveLength(1);
    const [first, second] = await books.verdicts();
    expect([first?.judge?.cache_hit, second?.judge?.cache_hit]).toEqual([false, true]);
    expect(second).toMatchObject({ judge_tokens: null, judge_cost_usd: null, latency_ms: null });
    const [quoted, again] = [first, second].map((verdict) => verdict?.criteria[0]?.evidence[0]?.quote ?? '');
    expect(quoted).toContain('[REDACTED:');
    expect(again).toContain('[REDACTED:');
    expect(again).not.toBe(quoted);
    const content = (await books.ledger.exchange(second?.exchange_id ?? ''))?.content ?? '';
    expect(content).toContain(again);
  });

  it('an endpoint that fails too often is left alone: the verdict says so at once', async () => {
    await using server = await startJudgeServer(answering(401, ''));
    const breaker = new Breaker({ failures: 2, openMs: 3_600_000, successes: 1 }, systemClock);
    const worker = books.start(withBreaker(server.model, breaker), {
      limits: { judge_queue: 9, judge_concurrency: 1 },
    });
    for (let i = 0; i < 4; i++) await books.record();
    await worker.idle();
    const verdicts = await books.verdicts();
    expect(verdicts.map(({ state }) => state)).toEqual([
      ...['provider_error', 'provider_error'],
      ...['circuit_open', 'circuit_open'],
    ]);
    expect(verdicts.at(-1)).toMatchObject({
      coverage: { level: 'partial', reasons: ['model_failed'] },
      overall: { label: 'undetermined', severity: 'medium' },
      decided_by: 'fallback',
    });
    expect(server.origin.seen).toHaveLength(2);
  });

  it('what waits for another try fills the queue like the rest', async () => {
    await using server = await startJudgeServer(answering(429, '', { 'retry-after': '3600' }));
    const { ledger } = books;
    const waiting = Promise.withResolvers<void>();
    let released = 0;
    const counting: JudgeWorkerOptions['ledger'] = {
      takeJobs: (limit, leaseMs) => ledger.takeJobs(limit, leaseMs),
      finishJob: (id, verdict) => ledger.finishJob(id, verdict),
      releaseJob: async (id, notBefore) => {
        await ledger.releaseJob(id, notBefore);
        if (++released === 3) waiting.resolve();
      },
      onJob: (listener) => ledger.onJob(listener),
    };
    const last = Promise.withResolvers<Verdict>();
    let id = '';
    books.start(server.model, {
      ledger: counting,
      limits: { judge_queue: 3, judge_concurrency: 1 },
      metrics: {
        verdict: (verdict) => verdict.exchange_id === id && last.resolve(verdict),
        judgeQueue: () => undefined,
      },
    });
    for (let i = 0; i < 3; i++) await books.record();
    await waiting.promise;
    id = await books.record();
    expect(await last.promise).toMatchObject({ state: 'queue_full', coverage: { reasons: ['model_failed'] } });
    expect((await ledger.stats()).jobs).toBe(3);
  });
});

it('a job that is given twice has one verdict', async () => {
  await using server = await startJudgeServer();
  const { ledger } = books;
  await books.record();
  let lost = false;
  const twice: JudgeWorkerOptions['ledger'] = {
    takeJobs: (limit, leaseMs) => ledger.takeJobs(limit, leaseMs),
    // The first commit is done, and its answer lost on the way: the job is given back, and the ledger does not know it.
    finishJob: async (id, verdict) => {
      const committed = await ledger.finishJob(id, verdict);
      if (lost) return committed;
      lost = true;
      return ledger.finishJob(id, { ...verdict, verdict_id: 'another' });
    },
    releaseJob: (id, notBefore) => ledger.releaseJob(id, notBefore),
    onJob: (listener) => ledger.onJob(listener),
  };
  const verdict = await books.verdict(books.start(server.model, { ledger: twice }));
  expect(verdict.verdict_id).not.toBe('another');
  expect(books.counted).toEqual([verdict]);
});

it('judges what it could neither commit nor give back, as soon as the ledger writes again', async () => {
  const { ledger } = books;
  const full = () => Promise.reject(new ProxyError('ledger_unavailable', { reason: 'disk_full' }));
  let failures = 3;
  const fails = () => failures-- > 0;
  const ailing: JudgeWorkerOptions['ledger'] = {
    takeJobs: (limit, leaseMs) => ledger.takeJobs(limit, leaseMs),
    finishJob: (id, verdict) => (fails() ? full() : ledger.finishJob(id, verdict)),
    releaseJob: (id, notBefore) => (fails() ? full() : ledger.releaseJob(id, notBefore)),
    onJob: (listener) => ledger.onJob(listener),
  };
  const id = await books.record();
  const verdict = await books.verdict(books.start(null, { ledger: ailing }));
  expect(verdict).toMatchObject({ exchange_id: id, state: 'rules_only' });
  expect(failures).toBeLessThan(0);
});

it('a verdict names what clears the windows of its route, in mode window and in no other', async () => {
  await using server = await startJudgeServer();
  const modes = ['observe', 'window', 'hold'] as const;
  for (const mode of modes) await books.record(captureOf(), { mode });
  await books.start(server.model, { release: () => 'eager' }).idle();
  const found = (await books.verdicts()).map(({ mode, release }) => [mode, release]).toSorted();
  expect(found).toEqual([
    ['hold', null],
    ['observe', null],
    ['window', 'eager'],
  ]);
});
