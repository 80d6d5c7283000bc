/**
 * Contract: what people said is in the ledger, its index and their logs; whatever the umask, nobody but their owner can
 * read a file that was made here. What its owner opened to a group stays open to it.
 */

import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { indexFile, openIndex } from './read-model/schema.ts';
import { KeptLog, sampleOpened } from './sample-records.ts';
import { openLedger } from './sqlite.ts';

let folder: string;
let url: string;
const clock = { now: () => 0, monotonic: () => 0 };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'private-'));
  url = `sqlite:${join(folder, 'ledger.db')}`;
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Modes of all files there while ledger and index are open and written. */
async function modes(): Promise<Record<string, string>> {
  const metrics = { committed: () => undefined, lost: () => undefined };
  const ledger = await openLedger({ url, durability: 'process', clock, log: new KeptLog(), metrics });
  const index = openIndex(indexFile(url));
  await ledger.open(sampleOpened(randomUUID()));
  index.exec('CREATE TABLE IF NOT EXISTS words (word TEXT)');
  const found = readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]);
  index.close();
  await ledger.close();
  return Object.fromEntries(found);
}

it.skipIf(process.platform === 'win32')('files of ledger and index are their owner’s alone', async () => {
  // Vitest's threads cannot set a umask; the usual one lets everybody read.
  expect(process.umask() & 0o044).toBe(0);
  const made = await modes();
  expect(Object.keys(made)).toEqual(
    expect.arrayContaining(['ledger.db', 'ledger.db-wal', 'ledger.db.index.db', 'ledger.db.index.db-wal']),
  );
  const open = Object.entries(made).filter(([name, mode]) => mode !== '600' && !name.endsWith('.pub'));
  expect(open).toEqual([]);
});

it.skipIf(process.platform === 'win32')('a file that a group may read stays so, with its log', async () => {
  await modes();
  chmodSync(join(folder, 'ledger.db'), 0o640);
  expect(await modes()).toMatchObject({ 'ledger.db': '640', 'ledger.db-wal': '640', 'ledger.db.index.db': '600' });
});
