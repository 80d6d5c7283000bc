/**
 * Contract: after kill -9 of the whole process at any moment, while exchanges come and are indexed, the next one goes on
 * where the index was, and it comes to hold what an index made anew of the same ledger holds. On a full disk the ledger
 * goes on, lists answer with what they have, health names the cause, and the index catches up when there is room.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Answers } from './answers.ts';
import { Indexer } from './indexer.ts';
import { LedgerSource } from './ledger-source.ts';
import { tablesOf } from './read-model-rig.ts';
import { indexFile } from './schema.ts';

const CHILD = join(import.meta.dirname, 'read-model-child.ts');
const ROUNDS = 5;

let folder: string;
let url: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'read-model-kill-'));
  url = `sqlite:${join(folder, 'ledger.db')}`;
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Said {
  readonly index: number;
  readonly ledger: number;
}

/** What a writing process says until it is killed, as soon as it has said so much with its index begun. */
async function killedAfter(count: number): Promise<Said[]> {
  const child = spawn(process.execPath, [CHILD, 'write', url], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: Said[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const one = JSON.parse(line) as Said;
    if (one.index > 0) said.push(one);
    if (said.length === count) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
  return said;
}

/**
 * Brings the index up to the ledger, as the next process does.
 * @returns where it began and ended, and why it was made anew
 */
function follow(): { readonly from: number; readonly to: number; readonly renewed: string | null } {
  const source = new LedgerSource(url);
  const { indexer, renewed } = Indexer.open(indexFile(url), source);
  const from = indexer.position;
  let to = from;
  try {
    for (let more = true; more; ) {
      const step = indexer.step();
      to = step.position;
      more = step.more;
    }
  } finally {
    indexer.close();
    source.close();
  }
  return { from, to, renewed };
}

/** All rows of all tables, and who is found by words. */
function contents(): unknown {
  const answers = new Answers(url, indexFile(url));
  const found = (q: string) => answers.answer(['exchanges', { q }, { limit: 200 }]);
  const searched = ['words', '"words of answer"', 'user'].map(found);
  answers.close();
  return [tablesOf(indexFile(url)), searched];
}

it('holds after kill -9 what an index made anew holds', { timeout: 120_000 }, async () => {
  let behind = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const said = await killedAfter(1 + Math.floor(Math.random() * 60));
    const { from, to, renewed } = follow();
    // What was indexed stays: nothing is done again from the start.
    expect(renewed).toBeNull();
    expect(from).toBeGreaterThanOrEqual(said.at(-1)?.index ?? 1);
    // Not against what it said last: until the signal came it went on.
    behind += to - from;
    const before = contents();
    expect(JSON.stringify(before)).toContain('"snippet":{');
    for (const end of ['', '-wal', '-shm']) rmSync(`${indexFile(url)}${end}`, { force: true });
    expect(follow()).toEqual({ from: 0, to, renewed: 'missing' });
    expect(contents()).toEqual(before);
  }
  // It was killed with work before it.
  expect(behind).toBeGreaterThan(0);
});

it.runIf(canMount())(
  'on a full disk the ledger goes on, and the index catches up when there is room',
  {
    timeout: 60_000,
  },
  () => {
    // The ledger's file is elsewhere: SQLite follows the link, and what stands beside it stands beside the link.
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const script =
      'mount -t tmpfs -o size=2m index-test "$1" && ln -s "$2" "$1/ledger.db" && exec "$3" "$4" fill-disk "sqlite:$1/ledger.db"';
    const args = ['-r', '-m', 'sh', '-c', script, 'sh', disk, join(folder, 'ledger.db'), process.execPath, CHILD];
    const said = execFileSync('unshare', args, { encoding: 'utf8' }).trim().split('\n');
    const [before, full, read, after] = said.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(before).toMatchObject({ found: 10, health: { ok: true, cause: null, behind: 0 } });
    expect(full).toMatchObject({ written: 110, ledger: true, health: { ok: false, cause: 'disk_full' } });
    expect(read).toEqual({ readable: true });
    expect(after).toMatchObject({ found: 110, health: { ok: true, cause: null, behind: 0 } });
  },
);

/** Whether this system lets us mount a small disk in a namespace of our own. */
function canMount(): boolean {
  try {
    execFileSync('unshare', ['-r', '-m', 'mount', '-t', 'tmpfs', 'index-test', tmpdir()], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
