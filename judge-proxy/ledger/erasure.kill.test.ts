/**
 * Contract: an erasure that is killed at any moment leaves a ledger that holds, in which erasure records name exactly what
 * is gone; the next process finishes it.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, it } from 'vitest';
import { found, order } from './erasure-rig.ts';
import { verifyLedger } from './verify.ts';
import { VerifyRig } from './verify-rig.ts';

let rig: VerifyRig;
afterEach(() => rig.remove());

/** Runs the erasure of a child process, and kills it at a line of its output. */
async function killedAt(line: string, count: number): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'ledger-child.ts'), 'erase', rig.url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let seen = 0;
  createInterface({ input: child.stdout }).on('line', (said) => {
    if (said === line) seen += 1;
    if (seen === count) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
}

function erasures() {
  const db = new DatabaseSync(rig.file, { readOnly: true });
  const rows = db.prepare("SELECT json_extract(body, '$.erasure_id') AS id FROM records WHERE kind = 'erasure'").all();
  const underWay = db.prepare('SELECT count(*) AS n FROM erasures_under_way').get()?.n;
  db.close();
  return { ids: new Set(rows.map(({ id }) => String(id))), underWay };
}

it.each([
  ['before its first step', 'erasing', 1],
  ['when it was begun', 'step', 1],
  ['after the first exchanges', 'step', 2],
  ['in the middle', 'step', 4],
  ['further on', 'step', 6],
  ['when it is done', 'erased', 1],
] as const)('killed %s', { timeout: 60_000 }, async (_when, line, count) => {
  rig = new VerifyRig();
  await killedAt(line, count);
  const { faults } = await verifyLedger({ url: rig.url, checkpoints: [], publicKey: null });
  expect(faults).toEqual([]);
  const ledger = await rig.open();
  await ledger.recover();
  // Orders are carried out one after the other: after this one the one before is done.
  await ledger.erase(order('metadata', { kind: 'client', client: line === 'erasing' ? 'team-gone' : 'nobody' }));
  expect(found(rig.file, ['team-gone', 'quote-exchange-0', 'sealed-exchange-198'])).toEqual([]);
  expect(found(rig.file, ['team-stays', 'quote-exchange-1'])).toEqual(['team-stays', 'quote-exchange-1']);
  expect(await ledger.stats()).toMatchObject({ exchanges: 100, verdicts: 100 });
  await ledger.close();
  const { ids, underWay } = erasures();
  expect(underWay).toBe(0);
  expect(ids.size).toBeLessThanOrEqual(2);
  expect(await rig.verify()).toMatchObject({ holds: true, faults: [], erased: 600 });
});
