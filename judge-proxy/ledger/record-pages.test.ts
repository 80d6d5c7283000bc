/** Contract: the records of the kinds that are asked for, in their order, each page where the last one ended. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../telemetry/clock.ts';
import type { Ledger } from './ledger.ts';
import { openRecordPages, type RecordPages } from './record-pages.ts';
import { KeptLog, sampleCompleted, sampleConnection, sampleOpened, sampleVerdict } from './sample-records.ts';
import { openLedger } from './sqlite.ts';

let folder: string;
let ledger: Ledger;
let pages: RecordPages;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'record-pages-'));
  const url = `sqlite:${join(folder, 'ledger.db')}`;
  ledger = await openLedger({ url, durability: 'process', clock: systemClock, log: new KeptLog() });
  await ledger.open(sampleOpened('e1'));
  await ledger.open(sampleOpened('e2'));
  await ledger.verdict(sampleVerdict('e2', { subject: 'request', verdict_id: 'v2' }));
  await ledger.completeJudged(sampleCompleted('e1'), null, sampleVerdict('e1'));
  await ledger.connection(sampleConnection('c1'));
  pages = openRecordPages(url);
});
afterAll(async () => {
  pages.close();
  await ledger.close();
  rmSync(folder, { recursive: true });
});

const ALL = ['verdict', 'exchange_completed', 'connection'] as const;

it('gives records with those of their exchange, as they are stored', () => {
  const rows = pages.page({ kinds: ALL, after: 0, upTo: 100, limit: 100 });
  expect(rows.map(({ kind }) => kind)).toEqual(['verdict', 'exchange_completed', 'verdict', 'connection']);
  const [early, completed, verdict, connection] = rows;
  const idOf = (json: string | null | undefined) => JSON.parse(json ?? 'null') as { exchange_id: string } | null;
  expect([idOf(early?.opened)?.exchange_id, early?.completed]).toEqual(['e2', null]);
  expect([idOf(completed?.opened)?.exchange_id, completed?.completed]).toEqual(['e1', null]);
  expect([idOf(verdict?.opened)?.exchange_id, idOf(verdict?.completed)?.exchange_id]).toEqual(['e1', 'e1']);
  expect([connection?.opened, connection?.completed]).toEqual([null, null]);
});

it('pages and ends where it is told to', () => {
  const whole = pages.page({ kinds: ALL, after: 0, upTo: 100, limit: 100 }).map(({ seq }) => seq);
  const paged: number[] = [];
  for (let rows = pages.page({ kinds: ALL, after: 0, upTo: 100, limit: 1 }); rows.length > 0; ) {
    paged.push(...rows.map(({ seq }) => seq));
    rows = pages.page({ kinds: ALL, after: paged.at(-1) ?? 0, upTo: 100, limit: 1 });
  }
  expect(paged).toEqual(whole);
  const upTo = whole[1] ?? 0;
  expect(pages.page({ kinds: ALL, after: 0, upTo, limit: 100 })).toHaveLength(2);
  expect(pages.page({ kinds: ['connection'], after: 0, upTo: 100, limit: 100 })).toHaveLength(1);
});

it('sees what is written meanwhile', async () => {
  const head = pages.head();
  await ledger.connection(sampleConnection('c2'));
  expect(pages.head()?.seq).toBe((head?.seq ?? 0) + 1);
  expect(pages.head(head?.seq)).toEqual(head);
  expect(pages.page({ kinds: ALL, after: head?.seq ?? 0, upTo: 100, limit: 9 })).toHaveLength(1);
});
