/** The log is copied back into the database while the ledger is written, and a ledger closes whatever became of that. */

import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newId, systemClock } from '../telemetry/clock.ts';
import { LogCopier } from './log-copier.ts';
import { KeptLog, sampleOpened } from './sample-records.ts';
import { openLedger } from './sqlite.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'checkpoint-'));
  file = join(folder, 'ledger.db');
});

afterEach(() => rmSync(folder, { recursive: true }));

it('the database grows long before the writer would stop for it', { timeout: 60_000 }, async () => {
  const ledger = await openLedger({
    url: `sqlite:${file}`,
    durability: 'process',
    clock: systemClock,
    log: new KeptLog(),
  });
  const atFirst = statSync(file).size;
  // A batch of a hundred is some sixty pages of log; the writer copies at 16,000.
  let batches = 0;
  while (statSync(file).size === atFirst) {
    // On a busy machine the thread may start later than all this is written; then it has been told, and need only run.
    if (batches === 150) {
      await setImmediate();
      continue;
    }
    batches += 1;
    await Promise.all(Array.from({ length: 100 }, () => ledger.open(sampleOpened(newId()))));
  }
  expect(statSync(file).size).toBeGreaterThan(atFirst);
  expect((await ledger.stats()).exchanges).toBe(batches * 100);
  await ledger.close();
  expect(() => statSync(`${file}-wal`)).toThrow('ENOENT');
});

it('a thread that cannot open the file ends, and close does not wait for it', async () => {
  const logCopier = new LogCopier({ file: join(folder, 'not/there.db'), durability: 'process' });
  logCopier.committed(1_000);
  await logCopier.close();
});

it('without a copy there is no thread to wait for', async () => {
  const logCopier = new LogCopier({ file, durability: 'process' });
  logCopier.committed(999);
  await logCopier.close();
});

it('a thread that ended is followed by another: what asks for an empty log always has its answer', async () => {
  const logCopier = new LogCopier({ file: join(folder, 'later', 'there.db'), durability: 'process' });
  expect(await logCopier.empty()).toBe(false);
  expect(await logCopier.empty()).toBe(false);
  mkdirSync(join(folder, 'later'));
  expect(await logCopier.empty()).toBe(true);
  await logCopier.close();
});
