/**
 * Contract of a ledger:
 * - what it acknowledged is there, chained without gaps, also after it was closed and opened again;
 * - an exchange is opened once, completed once, and has at most one job and one verdict of it;
 * - jobs are leased, given back, taken again when a lease ran out, and finished once;
 * - what a dead process left open is completed as interrupted by the next one.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkLink, type Sealed } from './chain.ts';
import type { Ledger } from './ledger.ts';
import {
  KeptLog,
  sampleCompleted,
  sampleConnection,
  sampleContent,
  sampleOpened,
  sampleVerdict,
} from './sample-records.ts';
import { openLedger } from './sqlite.ts';

let folder: string;
let file: string;
let now: number;
let log: KeptLog;
let lost: [number, string][];
let ledger: Ledger;
const clock = { now: () => now, monotonic: () => now };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  file = join(folder, 'made/on/the/way/ledger.db');
  now = Date.parse('2026-01-31T12:00:00.000Z');
  log = new KeptLog();
  lost = [];
  ledger = await reopened();
});

afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true });
});

function reopened(): Promise<Ledger> {
  const metrics = { committed: () => undefined, lost: (count: number, cause: string) => lost.push([count, cause]) };
  return openLedger({ url: `sqlite:${file}`, durability: 'process', clock, log, metrics });
}

async function exchange(id: string, changes: { job?: boolean } = {}): Promise<void> {
  await ledger.open(sampleOpened(id));
  await ledger.complete(
    sampleCompleted(id),
    null,
    changes.job === false ? null : { exchange_id: id, judge: 'default' },
  );
}

/** Every record, as the file holds it. */
function records(): Sealed[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return db.prepare('SELECT * FROM records ORDER BY seq').all() as unknown as Sealed[];
  } finally {
    db.close();
  }
}

function faults(chain: readonly Sealed[]) {
  return chain.map((record, index) => checkLink(chain[index - 1] ?? null, record)).filter((fault) => fault !== null);
}

describe('records', () => {
  it('are chained in the order in which they were given, across a restart', async () => {
    await Promise.all(['exchange-1', 'exchange-2', 'exchange-3'].map((id) => ledger.open(sampleOpened(id))));
    await ledger.connection(sampleConnection('connection-1'));
    await ledger.close();
    ledger = await reopened();
    await ledger.complete(sampleCompleted('exchange-2'), null, null);
    const chain = records();
    expect(chain.map(({ seq, kind }) => [seq, kind])).toEqual([
      [1, 'exchange_opened'],
      [2, 'exchange_opened'],
      [3, 'exchange_opened'],
      [4, 'connection'],
      [5, 'exchange_completed'],
    ]);
    expect(JSON.parse(chain[1]?.body ?? '')).toEqual(sampleOpened('exchange-2'));
    expect(faults(chain)).toEqual([]);
  });

  it('cannot be changed or deleted by SQL, not even by REPLACE', async () => {
    await ledger.open(sampleOpened('exchange-1'));
    await ledger.close();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA recursive_triggers = ON');
    try {
      for (const sql of [
        "UPDATE records SET body = '{}'",
        'DELETE FROM records',
        "REPLACE INTO records VALUES (1, 'verdict', '{}', '', '', '')",
      ]) {
        expect(() => db.exec(sql), sql).toThrow('append-only');
      }
    } finally {
      db.close();
    }
    expect(faults(records())).toEqual([]);
  });

  it('survive text that JSON or SQL could trip over', async () => {
    const path = `/'";--\u0000\ud800\u2028%_`;
    await ledger.open(sampleOpened('exchange-1', { path }));
    expect((await ledger.exchange('exchange-1'))?.opened.path).toBe(path.toWellFormed());
    expect(faults(records())).toEqual([]);
  });
});

describe('an exchange', () => {
  it('is seen whole', async () => {
    const content = sampleContent({ version: 1, text: 'hello' });
    await ledger.open(sampleOpened('exchange-1'));
    const completed = sampleCompleted('exchange-1', { content_sha256: content.sha256 });
    await ledger.complete(completed, content, { exchange_id: 'exchange-1', judge: 'default' });
    expect(await ledger.exchange('exchange-1')).toEqual({
      opened_seq: 1,
      completed_seq: 2,
      opened: sampleOpened('exchange-1'),
      completed,
      content: content.json,
      request_content: null,
      verdicts: [],
      judged: false,
      job: { attempt: 0, not_before: '2026-01-31T12:00:00.000Z' },
    });
  });

  it('is opened once and completed once; its neighbours in the batch do not suffer', async () => {
    await exchange('exchange-1');
    const outcomes = await Promise.allSettled([
      ledger.open(sampleOpened('exchange-2')),
      ledger.open(sampleOpened('exchange-1')),
      ledger.complete(sampleCompleted('exchange-1'), null, { exchange_id: 'exchange-1', judge: 'default' }),
      ledger.complete(sampleCompleted('exchange-9'), null, null),
      ledger.open(sampleOpened('exchange-3')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'ledger_unavailable', reason: 'conflict' } });
    expect(await ledger.stats()).toMatchObject({ exchanges: 3, open: 2, jobs: 1 });
    expect(faults(records())).toEqual([]);
    expect(ledger.health()).toMatchObject({ ok: true, cause: null });
    expect(log.lines).toEqual([
      { level: 'error', event: 'ledger_refused', fields: { file, cause: 'conflict', count: 3 } },
    ]);
  });

  it('is refused with a content whose hash its record does not hold', async () => {
    await ledger.open(sampleOpened('exchange-1'));
    const complete = ledger.complete(sampleCompleted('exchange-1'), sampleContent({}), null);
    await expect(complete).rejects.toMatchObject({ code: 'internal', reason: 'content_hash' });
  });
});

describe('an exchange that is judged with its end', () => {
  it('has record, content and verdict, and no job', async () => {
    const content = sampleContent({ text: 'hello' });
    const completed = sampleCompleted('exchange-1', { content_sha256: content.sha256 });
    await ledger.open(sampleOpened('exchange-1'));
    const verdict = await ledger.completeJudged(completed, content, sampleVerdict('exchange-1'));
    expect(verdict).toEqual({
      ...sampleVerdict('exchange-1'),
      ...{ seq: 3, prev_hash: records()[1]?.hash, hash: records()[2]?.hash },
    });
    expect(await ledger.exchange('exchange-1')).toMatchObject({
      ...{ completed_seq: 2, completed, content: content.json, verdicts: [verdict], job: null },
    });
    expect(await ledger.stats()).toMatchObject({ exchanges: 1, open: 0, unjudged: 0, verdicts: 1, jobs: 0 });
    expect(await ledger.takeJobs(1, 1_000)).toEqual([]);
    expect(await ledger.recover()).toEqual({ interrupted: 0, queued: 0 });
    expect(faults(records())).toEqual([]);
  });

  it('is given as the ledger holds it', async () => {
    await ledger.open(sampleOpened('exchange-1'));
    const verdict = sampleVerdict('exchange-1', { model_returned: 'gpt-\ud800' });
    const kept = await ledger.completeJudged(sampleCompleted('exchange-1'), null, verdict);
    expect(kept.model_returned).toBe('gpt-\ufffd');
    expect(await ledger.verdicts({ limit: 1 })).toEqual([kept]);
  });

  it('is refused, and leaves no trace, when it is not open, is another, or its verdict is not new', async () => {
    await ledger.open(sampleOpened('exchange-1'));
    await ledger.open(sampleOpened('exchange-2'));
    await ledger.completeJudged(sampleCompleted('exchange-1'), null, sampleVerdict('exchange-1'));
    const before = [records(), await ledger.stats()];
    const stale = { verdict_id: 'verdict-exchange-1' };
    const outcomes = await Promise.allSettled([
      ledger.completeJudged(sampleCompleted('exchange-1'), null, sampleVerdict('exchange-1', { verdict_id: 'new' })),
      ledger.completeJudged(sampleCompleted('exchange-9'), null, sampleVerdict('exchange-9')),
      ledger.completeJudged(sampleCompleted('exchange-2'), null, sampleVerdict('exchange-1', { verdict_id: 'new' })),
      ledger.completeJudged(sampleCompleted('exchange-2'), null, sampleVerdict('exchange-2', stale)),
      ledger.completeJudged(sampleCompleted('exchange-2'), sampleContent({}), sampleVerdict('exchange-2')),
    ]);
    const reasons = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.reason);
    expect(reasons).toEqual(['conflict', 'conflict', 'conflict', 'conflict', 'content_hash']);
    expect([records(), await ledger.stats()]).toEqual(before);
  });
});

describe('jobs', () => {
  it('are announced, taken oldest first with all that the judge needs, and only once', async () => {
    let announced = 0;
    const unsubscribe = ledger.onJob(() => {
      announced += 1;
    });
    const content = sampleContent({ text: 'hello' });
    await ledger.open(sampleOpened('exchange-1'));
    expect(announced).toBe(0);
    const completed = sampleCompleted('exchange-1', { content_sha256: content.sha256 });
    await ledger.complete(completed, content, { exchange_id: 'exchange-1', judge: 'default' });
    expect(announced).toBe(1);
    await exchange('exchange-2', { job: false });
    expect(announced).toBe(1);
    await exchange('exchange-3');
    await exchange('exchange-4');
    const first = await ledger.takeJobs(2, 1_000);
    expect(first[0]).toEqual({
      job_id: 1,
      exchange_id: 'exchange-1',
      judge: 'default',
      attempt: 1,
      opened: sampleOpened('exchange-1'),
      completed,
      content: content.json,
    });
    expect(first.map((job) => job.exchange_id)).toEqual(['exchange-1', 'exchange-3']);
    expect((await ledger.takeJobs(2, 1_000)).map((job) => job.exchange_id)).toEqual(['exchange-4']);
    expect(await ledger.takeJobs(2, 1_000)).toEqual([]);
    unsubscribe();
    await exchange('exchange-5');
    expect(announced).toBe(3);
  });

  it('come back when the lease runs out, and when they are released, not before their time', async () => {
    await exchange('exchange-1');
    const [job] = await ledger.takeJobs(1, 1_000);
    now += 999;
    expect(await ledger.takeJobs(1, 1_000)).toEqual([]);
    now += 1;
    expect(await ledger.takeJobs(1, 1_000)).toMatchObject([{ attempt: 2 }]);
    await ledger.releaseJob(job?.job_id ?? 0, 5_000);
    expect((await ledger.exchange('exchange-1'))?.job).toEqual({ attempt: 2, not_before: '2026-01-31T12:00:06.000Z' });
    now += 4_999;
    expect(await ledger.takeJobs(1, 1_000)).toEqual([]);
    now += 1;
    expect(await ledger.takeJobs(1, 1_000)).toMatchObject([{ attempt: 3 }]);
  });

  it('have one verdict, however often they are finished', async () => {
    await exchange('exchange-1');
    const [job] = await ledger.takeJobs(1, 1_000);
    const verdict = await ledger.finishJob(job?.job_id ?? 0, sampleVerdict('exchange-1'));
    expect(verdict).toMatchObject({ ...sampleVerdict('exchange-1'), seq: 3, prev_hash: records()[1]?.hash });
    const again = await ledger.finishJob(job?.job_id ?? 0, sampleVerdict('exchange-1', { verdict_id: 'another' }));
    expect(again).toEqual(verdict);
    expect((await ledger.exchange('exchange-1'))?.verdicts).toEqual([verdict]);
    expect(await ledger.stats()).toMatchObject({ verdicts: 1, jobs: 0, unjudged: 0 });
    expect(faults(records())).toEqual([]);
  });

  it('that do not exist, or belong to another exchange, cannot be finished', async () => {
    await exchange('exchange-1');
    for (const [job, id] of [
      [2, 'exchange-1'],
      [1, 'exchange-2'],
    ] as const) {
      await expect(ledger.finishJob(job, sampleVerdict(id))).rejects.toMatchObject({ reason: 'conflict' });
    }
    expect(records()).toHaveLength(2);
  });

  it.each([
    ['was changed', `UPDATE contents SET json = '{"text":"harmless"}'`],
    ['is gone', 'DELETE FROM contents'],
    ['is another one’s', `DELETE FROM contents; INSERT INTO contents VALUES (2, '{"text":"of another"}')`],
  ])('whose content %s are not given to a judge, and do not count as judged', async (_what, sql) => {
    const content = sampleContent({ text: 'the plan' });
    await ledger.open(sampleOpened('exchange-1'));
    const completed = sampleCompleted('exchange-1', { content_sha256: content.sha256 });
    await ledger.complete(completed, content, { exchange_id: 'exchange-1', judge: 'default' });
    const db = new DatabaseSync(file);
    db.exec(sql);
    db.close();
    expect(await ledger.takeJobs(1, 1_000)).toMatchObject([
      {
        exchange_id: 'exchange-1',
        content: null,
        completed: { content_sha256: null, coverage: { level: 'none', reasons: ['content_altered'] } },
      },
    ]);
    const fields = { file, exchange_id: 'exchange-1' };
    expect(log.lines).toEqual([{ level: 'error', event: 'ledger_content_altered', fields }]);
    expect(lost).toEqual([[1, 'altered']]);
    expect(ledger.health()).toMatchObject({ ok: true, cause: null });
  });

  it('that are done are not given back', async () => {
    await exchange('exchange-1');
    await ledger.finishJob(1, sampleVerdict('exchange-1'));
    await ledger.releaseJob(1, 0);
    expect(await ledger.takeJobs(1, 1_000)).toEqual([]);
  });
});

describe('recovery', () => {
  it('completes what was open as interrupted, with a job where there is a judge, drops leases, and does so once', async () => {
    await ledger.open(sampleOpened('exchange-1'));
    await ledger.open(sampleOpened('exchange-2', { judge: null }));
    await exchange('exchange-3');
    await ledger.takeJobs(1, 3_600_000);
    await ledger.close();
    ledger = await reopened();
    expect(await ledger.recover()).toEqual({ interrupted: 2, queued: 1 });
    expect(await ledger.recover()).toEqual({ interrupted: 0, queued: 0 });
    const jobs = await ledger.takeJobs(10, 1_000);
    expect(jobs.map(({ exchange_id, attempt }) => [exchange_id, attempt])).toEqual([
      ['exchange-3', 2],
      ['exchange-1', 1],
    ]);
    expect(jobs[1]?.completed).toMatchObject({
      outcome: 'interrupted',
      ts: '2026-01-31T12:00:00.000Z',
      coverage: { level: 'none', reasons: ['interrupted'] },
    });
    expect((await ledger.exchange('exchange-2'))?.completed?.outcome).toBe('interrupted');
    expect(faults(records())).toEqual([]);
  });
});

describe('the end', () => {
  it('waits for what was given, and refuses what comes after', async () => {
    const pending = ledger.open(sampleOpened('exchange-1'));
    await ledger.close();
    await pending;
    await expect(ledger.open(sampleOpened('exchange-2'))).rejects.toMatchObject({ reason: 'stopped' });
    await expect(ledger.stats()).rejects.toMatchObject({ reason: 'stopped' });
    await ledger.connection(sampleConnection('connection-1'));
    expect(records()).toHaveLength(1);
  });
});
