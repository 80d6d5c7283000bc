/**
 * Contract of the thread that computes quality: the figures are those of the labels in the index; the thread of traffic
 * works next to nothing for them, however many labels there are; an index that cannot be read is told as everywhere; it
 * ends with its answer, with the caller, and with its errors; one is computed at one time.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HUMAN_LABELS, QUEUES } from '../../ledger/acts.ts';
import { IndexUnavailableError } from '../../ledger/read-model/index-error.ts';
import { readLabelled } from '../../ledger/read-model/labelled.ts';
import { createIndex, indexFile, openIndex } from '../../ledger/read-model/schema.ts';
import { computeQuality } from './compute-quality.ts';
import { qualityOf } from './quality.ts';

const LABELS = 30_000;
const START = Date.parse('2026-01-01T00:00:00.000Z');
const filter = { since: '2026-01-01T00:00:00.000Z', until: '2026-03-01T00:00:00.000Z' };

let directory: string;
let url: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'judge-proxy-quality-'));
  url = `sqlite:${join(directory, 'ledger.db')}`;
  const db = openIndex(indexFile(url));
  createIndex(db, 'ledger', '0'.repeat(64));
  db.exec(`
    BEGIN;
    INSERT INTO names VALUES (1, 'default'), (2, '${'a'.repeat(64)}');
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${LABELS})
    INSERT INTO facts (seq, judge, judge_hash, label, severity) SELECT i, 1, 2, i % 4, i % 5 FROM n;
    INSERT INTO exchanges (seq, exchange_id) SELECT seq, 'exchange-' || seq FROM facts;
    INSERT INTO labels SELECT seq, max(1, seq - seq % 2), ${START} + seq * 60000, 'reviewer-' || (seq % 2),
      seq % ${HUMAN_LABELS.length} + 1, 1, seq % ${QUEUES.length + 1}, seq % 3 = 0, iif(seq % 5 = 0, 0.1, NULL) FROM facts;
    COMMIT`);
  db.close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const never = () => new AbortController().signal;

it('computes the same as from the labels, and leaves the thread of traffic alone', async () => {
  const expected = qualityOf(readLabelled(url, filter));
  expect(expected.labels).toBeGreaterThan(LABELS / 4);
  const before = process.threadCpuUsage();
  const quality = await computeQuality({ url, filter }, never());
  const { user, system } = process.threadCpuUsage(before);
  expect(quality).toEqual(expected);
  // Computed here it takes some 200 ms. CPU, not time: a machine that does other things, too, changes nothing.
  expect((user + system) / 1_000).toBeLessThan(60);
});

it('of a judge that nobody knows there is nothing', async () => {
  const quality = await computeQuality({ url, filter: { ...filter, judge: 'nobody' } }, never());
  expect(quality).toMatchObject({ labels: 0, by_judge: [] });
});

it('says that the index cannot be read: none, and no index', async () => {
  const other = `sqlite:${join(directory, 'other.db')}`;
  const asked = () => computeQuality({ url: other, filter }, never());
  await expect(asked()).rejects.toMatchObject({ name: 'IndexUnavailableError', reason: 'cannot_open' });
  writeFileSync(indexFile(other), 'no database, but long enough to be taken for one, '.repeat(100));
  await expect(asked()).rejects.toBeInstanceOf(IndexUnavailableError);
});

it('ends with the caller', async () => {
  const gone = new AbortController();
  const asked = computeQuality({ url, filter }, gone.signal);
  gone.abort();
  await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  await expect(computeQuality({ url, filter }, gone.signal)).rejects.toMatchObject({ name: 'AbortError' });
});
