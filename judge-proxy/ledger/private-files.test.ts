/**
 * Contract: what people said is in the ledger, its index and their logs; whatever the umask, nobody but their owner can
 * read a file that was made here, or made by an earlier version for everybody to read. What its owner opened to a group
 * alone stays open to it; a file of another user is left and told; so is the folder.
 */

import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { closeToOthers } from './private-files.ts';
import { indexFile, openIndex } from './read-model/schema.ts';
import { KeptLog, sampleOpened } from './sample-records.ts';
import { openLedger } from './sqlite.ts';

let folder: string;
let url: string;
let log: KeptLog;
const clock = { now: () => 0, monotonic: () => 0 };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'private-'));
  url = `sqlite:${join(folder, 'ledger.db')}`;
  log = new KeptLog();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Modes of all files there while ledger and index are open and written. */
async function modes(): Promise<Record<string, string>> {
  const metrics = { committed: () => undefined, lost: () => undefined };
  const checkpoints = { records: 1, interval: 3_600_000, copies: [] };
  const ledger = await openLedger({ url, durability: 'process', clock, log, metrics, checkpoints });
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

it.skipIf(process.platform === 'win32')(
  'what an earlier version let everybody read is closed, and that is said',
  async () => {
    await modes();
    chmodSync(folder, 0o755);
    const made = readdirSync(folder).filter((name) => !name.endsWith('.pub'));
    expect(made).toEqual(expect.arrayContaining(['ledger.db.checkpoints.jsonl', 'ledger.db.checkpoints.key']));
    for (const name of made) chmodSync(join(folder, name), 0o644);
    expect(log.lines.filter(({ event }) => event !== 'checkpoint')).toEqual([]);
    const now = Object.entries(await modes());
    expect(now.filter(([name, mode]) => mode !== '600' && !name.endsWith('.pub'))).toEqual([]);
    expect((statSync(folder).mode & 0o777).toString(8)).toBe('755');
    const told = log.lines.map(({ event, fields }) => [event, fields.file]);
    expect(told).toEqual(expect.arrayContaining(made.map((name) => ['file_made_private', join(folder, name)])));
  },
);

it.skipIf(process.platform === 'win32')('a file of another user is left as it is, with the way to close it', () => {
  const file = join(folder, 'ledger.db');
  writeFileSync(file, '');
  chmodSync(file, 0o644);
  closeToOthers([file, join(folder, 'missing')], log, statSync(file).uid + 1);
  expect((statSync(file).mode & 0o777).toString(8)).toBe('644');
  const fields = { file, reason: `its owner has to run: chmod 600 ${file}` };
  expect(log.lines).toEqual([{ level: 'warn', event: 'file_readable_by_others', fields }]);
});
