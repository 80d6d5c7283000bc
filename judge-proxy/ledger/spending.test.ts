/**
 * Contract of what judging cost: sums by judge, client and UTC day over every verdict since a time, those on requests
 * alone too, whoever wrote them; what has no known price counts its tokens. A ledger of the version before is summed, too.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../telemetry/clock.ts';
import { canonicalJson } from './chain.ts';
import type { Ledger } from './ledger.ts';
import { openReader } from './reader.ts';
import type { NewVerdict } from './records.ts';
import { KeptLog, sampleCompleted, sampleOpened, sampleVerdict } from './sample-records.ts';
import { migrate, SCHEMA_VERSION } from './schema.ts';
import { openLedger } from './sqlite.ts';

let folder: string;
let url: string;
let ledger: Ledger;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-spending-'));
  url = `sqlite:${join(folder, 'ledger.db')}`;
  ledger = await openLedger({ url, durability: 'process', clock: systemClock, log: new KeptLog() });
});

afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true });
});

let last = 0;
async function judged(changes: Partial<NewVerdict>): Promise<void> {
  last += 1;
  const id = `exchange-${last}`;
  await ledger.open(sampleOpened(id));
  const verdict = sampleVerdict(id, changes);
  if (verdict.subject === 'request') await ledger.verdict(verdict);
  else await ledger.completeJudged(sampleCompleted(id), null, verdict);
}

const BY_STRICT = {
  name: 'strict',
  hash: 'e'.repeat(64),
  model: 'm',
  output_mode: null,
  nonce_ok: null,
  cache_hit: false,
  escalated_from: null,
  rubric_hash: 'f'.repeat(64),
};

it('is summed by judge, client and day', async () => {
  const ts = '2026-01-31T23:59:59.999Z';
  await judged({ ts, judge_tokens: { in: 1, out: 2 }, judge_cost_usd: 0.5 });
  await judged({ ts, judge_tokens: { in: 10, out: 20 }, judge_cost_usd: null });
  await judged({ ts, judge_tokens: { in: 100, out: 0 }, judge_cost_usd: 0.25, subject: 'request' });
  await judged({ ts, judge_tokens: null, judge_cost_usd: null });
  await judged({ ts, judge: null, judge_tokens: null });
  await judged({ ts, judge: BY_STRICT, judge_tokens: { in: 7, out: 0 }, judge_cost_usd: 1 });
  await judged({ ts, client: "o'hara", judge_tokens: { in: 8, out: 0 }, judge_cost_usd: 2 });
  await judged({ ts: '2026-02-01T00:00:00.000Z', judge_tokens: { in: 3, out: 3 }, judge_cost_usd: 3 });
  await judged({ ts: '2026-01-30T23:59:59.999Z', judge_tokens: { in: 999, out: 0 }, judge_cost_usd: 9 });
  expect(await ledger.spending('2026-01-31T00:00:00.000Z')).toEqual([
    { judge: 'default', client: "o'hara", day: '2026-01-31', tokens: 8, usd: 2 },
    { judge: 'default', client: 'team-a', day: '2026-01-31', tokens: 133, usd: 0.75 },
    { judge: 'strict', client: 'team-a', day: '2026-01-31', tokens: 7, usd: 1 },
    { judge: 'default', client: 'team-a', day: '2026-02-01', tokens: 6, usd: 3 },
  ]);
});

it('takes numbers that no sum of integers could hold, and loses no record for them', async () => {
  const ts = '2026-01-31T00:00:00.000Z';
  await judged({ ts, judge_tokens: { in: Number.MAX_SAFE_INTEGER, out: 1e300 }, judge_cost_usd: 1e300 });
  await judged({ ts, judge_tokens: { in: 0.5, out: 1e300 }, judge_cost_usd: Number.NaN });
  expect(await ledger.spending(ts)).toMatchObject([{ tokens: 2e300, usd: 1e300 }]);
});

it('is read from an index alone', () => {
  const db = new DatabaseSync(url.slice('sqlite:'.length), { readOnly: true });
  const plan = db
    .prepare(
      `EXPLAIN QUERY PLAN SELECT judge, client, substr(ts, 1, 10) AS day, sum(judge_tokens), total(judge_cost_usd)
       FROM verdicts WHERE judge_tokens IS NOT NULL AND judge IS NOT NULL AND ts >= ? GROUP BY day, judge, client`,
    )
    .all('');
  db.close();
  expect(plan[0]?.detail).toBe('SEARCH verdicts USING INDEX verdicts_spending (ts>?)');
});

it('is known of a ledger that the version before wrote', async () => {
  const file = join(folder, 'old.db');
  const db = new DatabaseSync(file);
  migrate(db, file, '2026-01-01T00:00:00.000Z', undefined, 1);
  const body = canonicalJson(sampleVerdict('exchange-1', { judge_cost_usd: 0.125 }));
  db.prepare("INSERT INTO records VALUES (1, 'verdict', ?, '', '')").run(body);
  db.exec(`INSERT INTO verdicts VALUES (1, 'v', 'exchange-1', 'clean', 0, 'full', 'r', 'team-a', 'h', 'a')`);
  migrate(db, file, '2026-01-02T00:00:00.000Z');
  expect(db.prepare('SELECT max(version) AS version FROM schema_version').get()).toEqual({ version: SCHEMA_VERSION });
  db.close();
  const reader = openReader(`sqlite:${file}`);
  expect(await reader.spending('2026-01-31T00:00:00.000Z')).toEqual([
    { judge: 'default', client: 'team-a', day: '2026-01-31', tokens: 580, usd: 0.125 },
  ]);
  expect(await reader.stats()).toMatchObject({ verdicts: 1, judged_full: 1 });
  await reader.close();
});
