/**
 * Contract: a rotation that is killed at any moment leaves exactly one secret that works: the one whose answer was given
 * last, or the one whose answer was on its way. Never both, never none, and the chain tells how often it was rotated.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KeptLog } from '../../ledger/sample-records.ts';
import { openLedger } from '../../ledger/sqlite.ts';
import { newId, systemClock } from '../../telemetry/clock.ts';
import { sha256 } from '../auth/credentials.ts';
import { Passwords } from '../auth/passwords.ts';
import { ensureFirstUser } from './first-user.ts';

const ID = 'jp_0123456789abcdef';
const ROUNDS = 6;
let folder: string;
let file: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rotation-'));
  file = join(folder, 'ledger.db');
  const log = new KeptLog();
  const ledger = await openLedger({ url: `sqlite:${file}`, durability: 'process', clock: systemClock, log });
  const passwords = new Passwords({ memory: 64, passes: 1, parallelism: 1 });
  await ensureFirstUser({ ledger, passwords, clock: systemClock, newId });
  const now = new Date().toISOString();
  const later = new Date(Date.now() + 86_400_000).toISOString();
  await ledger.append([], [['insertToken', ID, 'killed', sha256('first'), '[]', now, later, 'admin', 'admin']]);
  await ledger.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

test('killed at random points, one secret works', { timeout: 60_000 }, async () => {
  let rotations = 0;
  let last = 'first';
  for (let round = 0; round < ROUNDS; round += 1) {
    const answered = await rotatedUntilKilled(1 + Math.floor(Math.random() * 40));
    last = answered.at(-1) ?? last;
    rotations += answered.length;
    const { hash, acts } = stored();
    // Each act is one rotation, and one at most was committed without its answer.
    expect(acts - rotations).toBeGreaterThanOrEqual(0);
    expect(acts - rotations).toBeLessThanOrEqual(1);
    if (acts === rotations) expect(hash).toBe(sha256(last));
    else expect([...answered, last].map(sha256)).not.toContain(hash);
    rotations = acts;
  }
});

/** Secrets of all answers until the process was killed, which is at once after so many of them. */
async function rotatedUntilKilled(count: number): Promise<string[]> {
  const script = join(import.meta.dirname, '../testing/rotation-child.ts');
  const child = spawn(process.execPath, [script, `sqlite:${file}`, ID], { stdio: ['ignore', 'pipe', 'inherit'] });
  const answered: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    answered.push(line);
    if (answered.length === count) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return answered;
}

function stored(): { hash: string; acts: number } {
  const db = new DatabaseSync(file, { readOnly: true });
  const row = db.prepare('SELECT token_hash FROM tokens').get();
  const count = db.prepare("SELECT count(*) AS n FROM records WHERE kind = 'act' AND body LIKE '%token.rotate%'").get();
  db.close();
  return { hash: String(row?.token_hash), acts: Number(count?.n) };
}
