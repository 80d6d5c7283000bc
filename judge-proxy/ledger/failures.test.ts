/**
 * Contract: a ledger that cannot be opened says what is wrong and what helps, and leaves a foreign file alone. A write
 * that fails is refused to its caller with `ledger_unavailable`, counted and logged; writing goes on when it can.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../telemetry/clock.ts';
import { LedgerError } from './ledger-error.ts';
import { openReader } from './reader.ts';
import { KeptLog, sampleCompleted, sampleConnection, sampleOpened } from './sample-records.ts';
import { openLedger } from './sqlite.ts';
import { checkSqliteVersion, ledgerFile, openForWriting } from './sqlite-file.ts';
import { Writer } from './writer.ts';

const CHILD = join(import.meta.dirname, 'ledger-child.ts');

let folder: string;
let file: string;
let log: KeptLog;
let lost: [number, string][];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-failures-'));
  file = join(folder, 'ledger.db');
  log = new KeptLog();
  lost = [];
});

afterEach(() => rmSync(folder, { recursive: true }));

function opened(url = `sqlite:${file}`) {
  const metrics = { committed: () => undefined, lost: (count: number, cause: string) => lost.push([count, cause]) };
  return openLedger({ url, durability: 'process', clock: systemClock, log, metrics });
}

/** Makes a database of `sql` and closes it. */
function database(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

describe('a ledger that cannot be opened', () => {
  it.each(['', 'sqlite:', 'sqlite::memory:', 'postgres://host/db', '/some/file', 'sqlite:a\0b'])(
    'refuses the address %j',
    async (url) => {
      await expect(opened(url)).rejects.toMatchObject({ name: 'LedgerError', reason: 'bad_url' });
      expect(() => openReader(url)).toThrow(LedgerError);
    },
  );

  it('names file, cause and remedy', async () => {
    expect(() => openReader(`sqlite:${file}`)).toThrow(
      `The ledger ${file} does not exist. Name the right file with --ledger, or start the judge proxy, which makes it.`,
    );
  });

  it('leaves the database of another program as it is', async () => {
    database(file, 'CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)');
    const before = readFileSync(file);
    await expect(opened()).rejects.toMatchObject({ reason: 'not_a_ledger' });
    expect(() => openReader(`sqlite:${file}`)).toThrow('is not a ledger');
    expect(readFileSync(file)).toEqual(before);
  });

  it('says so of a file that is no database at all, and of an empty one that is only read', async () => {
    writeFileSync(file, 'Dear diary, '.repeat(500));
    await expect(opened()).rejects.toMatchObject({ reason: 'not_a_ledger' });
    writeFileSync(file, '');
    expect(() => openReader(`sqlite:${file}`)).toThrow('is not a ledger');
  });

  it('says so of a damaged one', async () => {
    await (await opened()).close();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0x5a, 100, 4_000));
    await expect(opened()).rejects.toMatchObject({ reason: 'corrupt' });
  });

  it('refuses one of a newer version', async () => {
    await (await opened()).close();
    database(file, "INSERT INTO schema_version VALUES (999, '2030-01-01T00:00:00.000Z')");
    await expect(opened()).rejects.toMatchObject({ reason: 'newer_schema' });
    expect(() => openReader(`sqlite:${file}`)).toThrow('newer version');
  });

  it('says so where its directory cannot be made', async () => {
    writeFileSync(join(folder, 'a-file'), '');
    await expect(opened(`sqlite:${join(folder, 'a-file', 'ledger.db')}`)).rejects.toMatchObject({
      reason: 'no_folder',
    });
  });

  it('says so in a directory that may not be written', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed);
    chmodSync(closed, 0o555);
    chmodSync(folder, 0o755);
    // Permissions do not hold root back.
    const identity = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const child = spawn(process.execPath, [CHILD, 'hold', `sqlite:${join(closed, 'ledger.db')}`], {
      ...identity,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (chunk) => {
      complaint += chunk;
    });
    const [code] = await once(child, 'close');
    expect(code).toBe(1);
    expect(complaint).toMatch(/LedgerError: The ledger .* cannot be (opened|written)/);
  });

  it.each([
    ['3.51.3', true],
    ['3.51.2', false],
    ['3.50.9', false],
    ['3.52.0', true],
    ['4.0.0', true],
    ['2.99.99', false],
  ])('asks for SQLite 3.51.3: %s', (version, fine) => {
    const check = () => checkSqliteVersion(file, version);
    if (fine) expect(check).not.toThrow();
    else expect(check).toThrow('needs SQLite 3.51.3');
  });
});

describe('one writer', () => {
  it('is refused beside another of the same process, and may come after it', async () => {
    const first = await opened();
    await expect(opened()).rejects.toMatchObject({ reason: 'in_use' });
    await first.close();
    await (await opened()).close();
  });

  it('is refused beside another process, and may come when that one was killed', async () => {
    const child = spawn(process.execPath, [CHILD, 'hold', `sqlite:${file}`], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(createInterface({ input: child.stdout }), 'line');
    await expect(opened()).rejects.toThrow('is being written by another process');
    child.kill('SIGKILL');
    await once(child, 'close');
    const ledger = await opened();
    await ledger.open(sampleOpened('exchange-1'));
    await ledger.close();
  });
});

describe('a write that fails', () => {
  it('is refused while another program locks the file, counted, and goes on afterwards', async () => {
    const ledger = await opened();
    const foreign = new DatabaseSync(file);
    foreign.exec('BEGIN IMMEDIATE');
    const outcomes = await Promise.allSettled([
      ledger.open(sampleOpened('exchange-1')),
      ledger.open(sampleOpened('exchange-2')),
      ledger.connection(sampleConnection('connection-1')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    expect(outcomes[0]).toMatchObject({ reason: { code: 'ledger_unavailable', reason: 'locked' } });
    expect(ledger.health()).toMatchObject({ ok: false, cause: 'locked' });
    expect(lost).toEqual([[3, 'locked']]);
    foreign.exec('ROLLBACK');
    foreign.close();
    await ledger.open(sampleOpened('exchange-1'));
    expect(ledger.health()).toMatchObject({ ok: true, cause: null });
    expect(log.lines).toEqual([
      { level: 'error', event: 'ledger_failed', fields: { file, cause: 'locked', count: 3 } },
      { level: 'warn', event: 'ledger_recovered', fields: { file, cause: 'locked', count: 3 } },
    ]);
    expect(await ledger.stats()).toMatchObject({ exchanges: 1, connections: 0 });
    await ledger.close();
  });

  it('leaves nothing behind when the file may not grow, and the chain goes on where it was', () => {
    const db = openForWriting(file, 'process', '2026-01-31T12:00:00.000Z');
    const writer = new Writer(db);
    writer.apply([['open', 'exchange-1', 'request-1', JSON.stringify(sampleOpened('exchange-1'))]]);
    db.exec(`PRAGMA max_page_count = ${Number(db.prepare('PRAGMA page_count').get()?.page_count)}`);
    const content = 'x'.repeat(100_000);
    const batch = [
      ['open', 'exchange-2', 'request-2', JSON.stringify(sampleOpened('exchange-2'))],
      ['complete', 'exchange-1', JSON.stringify(sampleCompleted('exchange-1')), content, null, false, null, 0, null],
    ] as const;
    expect(() => writer.apply(batch)).toThrow('full');
    expect(db.prepare('SELECT count(*) AS n FROM records').get()).toEqual({ n: 1 });
    db.exec('PRAGMA max_page_count = 1000000');
    expect(writer.apply(batch)).toEqual([{ result: undefined }, { result: undefined }]);
    const rows = db.prepare('SELECT prev_hash, hash FROM records ORDER BY seq').all();
    expect(rows.slice(1).map((row) => row.prev_hash)).toEqual(rows.slice(0, -1).map((row) => row.hash));
    db.close();
  });

  it.runIf(canMount())('is refused on a full disk, and goes on when there is room', () => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const script = 'mount -t tmpfs -o size=4m ledger-test "$1" && exec "$2" "$3" fill-disk "sqlite:$1/ledger.db"';
    const output = execFileSync('unshare', ['-r', '-m', 'sh', '-c', script, 'sh', disk, process.execPath, CHILD]);
    const [refused, failing, after, fine, events, stats] = output.toString().trim().split('\n');
    expect(refused).toBe('ledger_unavailable disk_full');
    expect(failing).toMatch('{"ok":false,"cause":"disk_full",');
    expect(after).toBe('committed');
    expect(fine).toMatch('{"ok":true,"cause":null,');
    expect(JSON.parse(events ?? '')).toEqual([
      ['ledger_failed', 'disk_full', 1],
      ['ledger_recovered', 'disk_full', 1],
    ]);
    expect(JSON.parse(stats ?? '')).toMatchObject({ exchanges: 2 });
  });
});

describe('durability', () => {
  it.each([
    ['process', 1],
    ['disk', 2],
  ] as const)('%s is synchronous = %i in WAL mode', (durability, synchronous) => {
    const db = openForWriting(file, durability, '2026-01-31T12:00:00.000Z');
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous });
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    db.close();
  });
});

describe('the address of a ledger', () => {
  it('is a path, from the working directory if it is relative', () => {
    expect(ledgerFile('sqlite:/var/lib/ledger.db')).toBe('/var/lib/ledger.db');
    expect(ledgerFile('sqlite:data/ledger.db')).toBe(join(process.cwd(), 'data/ledger.db'));
  });
});

/** Whether this system lets us mount a small disk in a namespace of our own. */
function canMount(): boolean {
  try {
    execFileSync('unshare', ['-r', '-m', 'mount', '-t', 'tmpfs', 'ledger-test', tmpdir()], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
