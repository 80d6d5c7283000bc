/**
 * No job is tried for ever and none ends the process: what cannot be judged gets one verdict that says so, with what rules
 * found, and the jobs beside it are judged.
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { captureOf } from './testing/captures.ts';
import { startJudgeServer } from './testing/judge-server.ts';
import { JudgedLedger } from './testing/judged-ledger.ts';
import type { JudgeWorkerOptions } from './worker.ts';

let books: JudgedLedger;

beforeEach(async () => {
  books = await JudgedLedger.open();
});

afterEach(async () => {
  await books[Symbol.asyncDispose]();
});

describe('a job that cannot be judged', () => {
  it.each([
    ['is no JSON', () => '{"version":1,'],
    ['is another thing', () => '[]'],
    ['has no parts', (content: string) => content.replace('"parts"', '"pieces"')],
  ])('since its content %s: one verdict says so, and the others are judged', async (_, spoil) => {
    await using server = await startJudgeServer();
    const { ledger } = books;
    const spoilt = await books.record();
    const good = await books.record();
    const worker = books.start(server.model, {
      ledger: {
        ...boundTo(ledger),
        takeJobs: async (limit, leaseMs) => {
          const jobs = await ledger.takeJobs(limit, leaseMs);
          return jobs.map((job) => (job.exchange_id === spoilt ? { ...job, content: spoil(job.content ?? '') } : job));
        },
      },
    });
    await worker.idle();
    const verdicts = await books.verdicts();
    const of = (id: string) => verdicts.filter(({ exchange_id }) => exchange_id === id);
    expect(of(good)).toMatchObject([{ state: 'scored' }]);
    expect(of(spoilt)).toMatchObject([
      { state: 'interrupted', overall: { label: 'undetermined', severity: 'medium' }, coverage: { level: 'partial' } },
    ]);
  });

  it('because the process ends with it each time: after so many tries it is given up, with a verdict', async () => {
    await using server = await startJudgeServer();
    const { ledger } = books;
    await books.record(captureOf({ user: 'card 4111 1111 1111 1111' }));
    // As it is after a kill: leased, and given again after the next start.
    for (let crash = 0; crash < 100; crash++) {
      expect(await ledger.takeJobs(1, 3_600_000)).toHaveLength(1);
      await ledger.recover();
    }
    const verdict = await books.verdict(books.start(server.model));
    // What rules found stands.
    expect(verdict).toMatchObject({ state: 'interrupted', overall: { label: 'violation' }, decided_by: 'rule' });
    expect(server.origin.seen).toEqual([]);
  });
});

it('a defect of ours while one is judged ends neither the process nor the others', async () => {
  await using server = await startJudgeServer();
  const broken = await books.record();
  await books.record();
  const sampling = { calls: 0 };
  const worker = books.start(server.model, {
    sampling: () => {
      sampling.calls += 1;
      if (sampling.calls === 1) throw new Error('a defect');
      return 1;
    },
  });
  await worker.idle();
  const states = new Map((await books.verdicts()).map(({ exchange_id, state }) => [exchange_id, state]));
  expect([states.get(broken), states.size]).toEqual(['interrupted', 2]);
});

function boundTo(ledger: JudgedLedger['ledger']): JudgeWorkerOptions['ledger'] {
  return {
    takeJobs: (limit, leaseMs) => ledger.takeJobs(limit, leaseMs),
    finishJob: (id, verdict) => ledger.finishJob(id, verdict),
    releaseJob: (id, notBefore) => ledger.releaseJob(id, notBefore),
    onJob: (listener) => ledger.onJob(listener),
  };
}
