/**
 * Contract of a verdict on a request alone: it is chained before the origin sees the request, once, while the exchange is
 * open. It is the verdict of the exchange only when it ended it; else the exchange is judged by another. A process that
 * dies after it leaves nothing open: a refused request was blocked, any other exchange was interrupted.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkLink, type Sealed } from './chain.ts';
import type { Ledger } from './ledger.ts';
import type { NewVerdict } from './records.ts';
import { KeptLog, sampleCompleted, sampleContent, sampleOpened, sampleVerdict } from './sample-records.ts';
import { openLedger } from './sqlite.ts';

let folder: string;
let file: string;
let ledger: Ledger;
const clock = { now: () => Date.parse('2026-01-31T12:00:00.000Z'), monotonic: () => 0 };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-request-'));
  file = join(folder, 'ledger.db');
  ledger = await reopened();
});

afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true });
});

function reopened(): Promise<Ledger> {
  return openLedger({ url: `sqlite:${file}`, durability: 'process', clock, log: new KeptLog() });
}

function onRequest(id: string, changes: Partial<NewVerdict> = {}): NewVerdict {
  return sampleVerdict(id, { verdict_id: `request-${id}`, subject: 'request', mode: 'hold', status: null, ...changes });
}

const BLOCKED = { action: 'blocked', overall: { label: 'violation', severity: 'high', score: 1 } } as const;

function chain(): Sealed[] {
  const db = new DatabaseSync(file, { readOnly: true });
  const records = db.prepare('SELECT * FROM records ORDER BY seq').all() as unknown as Sealed[];
  db.close();
  expect(records.filter((record, index) => checkLink(records[index - 1] ?? null, record) !== null)).toEqual([]);
  return records;
}

it('is chained between the opening and the end, and leaves the exchange unjudged', async () => {
  await ledger.open(sampleOpened('exchange-1'));
  const verdict = await ledger.verdict(onRequest('exchange-1'));
  expect(verdict).toMatchObject({ ...onRequest('exchange-1'), seq: 2, prev_hash: chain()[0]?.hash });
  expect(await ledger.verdicts({ limit: 9 })).toEqual([verdict]);
  const stats = { exchanges: 1, unjudged: 1, verdicts: 0, request_verdicts: 1, judged_full: 0 };
  expect(await ledger.stats()).toMatchObject({ ...stats, open: 1 });
  await ledger.complete(sampleCompleted('exchange-1'), null, { exchange_id: 'exchange-1', judge: 'default' });
  expect(await ledger.stats()).toMatchObject({ ...stats, open: 0, jobs: 1 });
  expect((await ledger.unjudged({ limit: 9 })).map((row) => row.opened.exchange_id)).toEqual(['exchange-1']);
  const [job] = await ledger.takeJobs(1, 1_000);
  const ofPair = await ledger.finishJob(job?.job_id ?? 0, sampleVerdict('exchange-1'));
  expect(await ledger.stats()).toMatchObject({ unjudged: 0, verdicts: 1, request_verdicts: 1, judged_full: 1 });
  expect((await ledger.exchange('exchange-1'))?.verdicts).toEqual([verdict, ofPair]);
  chain();
});

it('stands beside that of the pair when both are made while a client waits', async () => {
  await ledger.open(sampleOpened('exchange-1'));
  await ledger.verdict(onRequest('exchange-1'));
  await ledger.completeJudged(sampleCompleted('exchange-1', { outcome: 'blocked' }), null, {
    ...sampleVerdict('exchange-1'),
    ...BLOCKED,
  });
  expect(await ledger.stats()).toMatchObject({ unjudged: 0, verdicts: 1, request_verdicts: 1, open: 0, jobs: 0 });
  expect((await ledger.exchange('exchange-1'))?.completed?.outcome).toBe('blocked');
  expect(chain().map(({ kind }) => kind)).toEqual(['exchange_opened', 'verdict', 'exchange_completed', 'verdict']);
});

it('is the verdict of an exchange that it ended', async () => {
  await ledger.open(sampleOpened('exchange-1'));
  await ledger.verdict(onRequest('exchange-1', BLOCKED));
  await ledger.complete(sampleCompleted('exchange-1', { outcome: 'blocked' }), null, null);
  expect(await ledger.stats()).toMatchObject({ unjudged: 0, verdicts: 1, request_verdicts: 0, judged_full: 1 });
  expect(await ledger.unjudged({ limit: 9 })).toEqual([]);
});

it('is not, when the exchange went on', async () => {
  await ledger.open(sampleOpened('exchange-1', { judge: null }));
  await ledger.verdict(onRequest('exchange-1'));
  await ledger.complete(sampleCompleted('exchange-1'), null, null);
  expect(await ledger.stats()).toMatchObject({ unjudged: 1, verdicts: 0, request_verdicts: 1 });
});

it('keeps what was judged, under its hash', async () => {
  const content = sampleContent({ text: 'a request' });
  await ledger.open(sampleOpened('exchange-1'));
  const wrong = ledger.verdict(onRequest('exchange-1', { input_sha256: 'f'.repeat(64) }), content);
  await expect(wrong).rejects.toMatchObject({ code: 'internal', reason: 'content_hash' });
  await ledger.verdict(onRequest('exchange-1', { input_sha256: content.sha256 }), content);
  const pair = sampleContent({ text: 'both' });
  await ledger.complete(sampleCompleted('exchange-1', { content_sha256: pair.sha256 }), pair, null);
  expect(await ledger.exchange('exchange-1')).toMatchObject({ content: pair.json, request_content: content.json });
});

it('is refused, and leaves no trace, when it is second, late, of nothing, of the pair, or not new', async () => {
  await ledger.open(sampleOpened('exchange-1'));
  await ledger.open(sampleOpened('exchange-2'));
  await ledger.open(sampleOpened('exchange-3'));
  await ledger.verdict(onRequest('exchange-1'));
  await ledger.complete(sampleCompleted('exchange-2'), null, null);
  const before = [chain(), await ledger.stats()];
  const outcomes = await Promise.allSettled([
    ledger.verdict(onRequest('exchange-1', { verdict_id: 'second' })),
    ledger.verdict(onRequest('exchange-2')),
    ledger.verdict(onRequest('exchange-9')),
    ledger.verdict(onRequest('exchange-3', { subject: 'exchange' })),
    ledger.verdict(onRequest('exchange-3', { verdict_id: 'request-exchange-1' })),
  ]);
  const reasons = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.reason);
  expect(reasons).toEqual(['conflict', 'conflict', 'conflict', 'verdict_subject', 'conflict']);
  expect([chain(), await ledger.stats()]).toEqual(before);
  await ledger.verdict(onRequest('exchange-3'));
});

it('is followed, after the death of the process, by the end that fits it', async () => {
  await ledger.open(sampleOpened('cleared'));
  await ledger.verdict(onRequest('cleared'));
  await ledger.open(sampleOpened('refused'));
  await ledger.verdict(onRequest('refused', BLOCKED));
  await ledger.close();
  ledger = await reopened();
  expect(await ledger.recover()).toEqual({ interrupted: 2, queued: 1 });
  expect(await ledger.recover()).toEqual({ interrupted: 0, queued: 0 });
  expect(await ledger.exchange('cleared')).toMatchObject({
    completed: { outcome: 'interrupted', coverage: { level: 'none', reasons: ['interrupted'] } },
    job: { attempt: 0 },
  });
  expect(await ledger.exchange('refused')).toMatchObject({
    completed: { outcome: 'blocked', coverage: { level: 'none', reasons: ['interrupted', 'stopped'] } },
    job: null,
  });
  expect(await ledger.stats()).toMatchObject({ open: 0, unjudged: 1, verdicts: 1, request_verdicts: 1, jobs: 1 });
  chain();
});
