/**
 * Contract: after kill -9 at any moment, everything that the ledger acknowledged is in it, the chain has no break, and
 * the next process completes what was open and finds the jobs that had no verdict.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../telemetry/clock.ts';
import { checkLink, type Sealed } from './chain.ts';
import type { Ledger } from './ledger.ts';
import { KeptLog } from './sample-records.ts';
import { openLedger } from './sqlite.ts';

const ROUNDS = 8;

/** What a writing process acknowledges: opening, verdict on the request alone, end, verdict. */
const ACKNOWLEDGED = ['opened', 'request', 'completed', 'judged'] as const;
type Acknowledged = Readonly<Record<(typeof ACKNOWLEDGED)[number], Set<string>>>;

let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-kill-'));
  file = join(folder, 'ledger.db');
});

afterAll(() => rmSync(folder, { recursive: true }));

it('keeps every acknowledged record through kill -9 at random points', { timeout: 120_000 }, async () => {
  const sets = ACKNOWLEDGED.map((what) => [what, new Set<string>()] as const);
  const acknowledged = Object.fromEntries(sets) as Acknowledged;
  for (let round = 0; round < ROUNDS; round += 1) {
    const lines = await writtenUntilKilled(1 + Math.floor(Math.random() * 400));
    for (const line of lines) {
      const [what, id] = line.split(' ') as [keyof Acknowledged, string];
      acknowledged[what].add(id);
    }
    await checkAfterwards(acknowledged);
  }
  expect(acknowledged.judged.size).toBeGreaterThan(0);
  expect(acknowledged.request.size).toBeGreaterThan(0);
});

/** Whole lines of a writing process that is killed as soon as it has printed `count` of them. */
async function writtenUntilKilled(count: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'ledger-child.ts'), 'write', `sqlite:${file}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    if (lines.length === count) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
  return lines;
}

async function checkAfterwards(acknowledged: Acknowledged) {
  const ledger = await openLedger({
    url: `sqlite:${file}`,
    durability: 'process',
    clock: systemClock,
    log: new KeptLog(),
  });
  try {
    const kept = idsByKind();
    expect(acknowledged.opened.difference(kept.exchange_opened)).toEqual(new Set());
    expect(acknowledged.completed.difference(kept.exchange_completed)).toEqual(new Set());
    expect(acknowledged.request.difference(kept.request)).toEqual(new Set());
    expect(acknowledged.judged.difference(kept.verdict)).toEqual(new Set());
    const { interrupted } = await ledger.recover();
    expect(interrupted).toBe(kept.exchange_opened.size - kept.exchange_completed.size);
    await checkNothingIsOpen(ledger);
  } finally {
    await ledger.close();
  }
}

/** Each exchange is completed, and has its verdict or waits for it. */
async function checkNothingIsOpen(ledger: Ledger): Promise<void> {
  const stats = await ledger.stats();
  expect(stats.open).toBe(0);
  expect(stats.verdicts + stats.jobs).toBe(stats.exchanges);
}

/** Walks the chain; exchange ids by the kind of their record. A record that is there twice is a failure. */
function idsByKind() {
  const ids = {
    exchange_opened: new Set<string>(),
    exchange_completed: new Set<string>(),
    verdict: new Set<string>(),
    request: new Set<string>(),
  };
  const db = new DatabaseSync(file, { readOnly: true });
  let previous: Sealed | null = null;
  for (const row of db.prepare('SELECT * FROM records ORDER BY seq').iterate()) {
    const record = row as unknown as Sealed;
    if (checkLink(previous, record) !== null) expect.fail(`the chain breaks at ${record.seq}`);
    previous = record;
    const { exchange_id, subject } = JSON.parse(record.body ?? '') as { exchange_id: string; subject?: string };
    const of = ids[subject === 'request' ? subject : (record.kind as keyof typeof ids)];
    if (of.has(exchange_id)) expect.fail(`${record.kind} of ${exchange_id} is there twice`);
    of.add(exchange_id);
  }
  db.close();
  return ids;
}
