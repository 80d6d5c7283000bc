/**
 * Contract of the step to schema 5: a ledger from before it goes on; its records are checked as they were sealed, stand as
 * they are, and cannot be erased: that is said, and what stands beside them goes. It takes a while, which the log says;
 * without the disk for it nothing is begun, and a process that is killed meanwhile leaves the ledger as it was.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { found, judgedExchange, order } from './erasure-rig.ts';
import type { Ledger } from './ledger.ts';
import { migrationAhead } from './migration.ts';
import { MigrationProgress } from './migration-progress.ts';
import { OLD_RECORDS, writeOldLedger } from './old-ledger.ts';
import { KeptLog } from './sample-records.ts';
import { schemaVersion } from './schema.ts';
import { openLedger } from './sqlite.ts';
import { openForReading } from './sqlite-file.ts';
import { VerifyRig } from './verify-rig.ts';

const TS = '2026-01-01T00:00:00.000Z';
const CLIENT = { kind: 'client', client: 'team-old' } as const;

let rig: VerifyRig;
let ledger: Ledger;

beforeEach(async () => {
  rig = new VerifyRig();
  writeOldLedger(rig.file, 'old-exchange', 'team-old', TS);
  ledger = await rig.open();
});
afterEach(async () => {
  await ledger.close();
  rig.remove();
});

describe('a ledger from before schema 5', () => {
  it('is read as it was, and goes on', async () => {
    const view = await ledger.exchange('old-exchange');
    expect(view?.verdicts[0]).toMatchObject({ latest_user_message: 'message-old-exchange', seq: 3 });
    expect(view?.verdicts[0]?.criteria[0]?.evidence[0]?.quote).toBe('quote-old-exchange');
    const link = { client: 'team-old', host: 'api.openai.com', port: 443, kind: 'response' } as const;
    expect(await ledger.earlier({ ...link, id: 'answer-old-exchange' })).not.toBeNull();
    await judgedExchange(ledger, 'new-exchange', 'team-new', TS);
    expect(await rig.verify()).toMatchObject({ holds: true, faults: [], records: OLD_RECORDS + 6 });
    expect(await ledger.stats()).toMatchObject({ exchanges: 2, verdicts: 2, connections: 1 });
  });

  it.each([
    ['edited', "UPDATE records SET body = replace(body, 'POST', 'PUT') WHERE seq = 1", 'edited', 1],
    ['given a hash of its body', `UPDATE records SET body_sha256 = '${'a'.repeat(64)}' WHERE seq = 1`, 'edited', 1],
    ['erased', 'UPDATE records SET body = NULL WHERE seq = 3', 'edited', 3],
    ['deleted', 'DELETE FROM records WHERE seq = 2', 'deleted', 2],
  ] as const)('a record of it that is %s is found', async (_name, sql, kind, seq) => {
    await judgedExchange(ledger, 'new-exchange', 'team-new', TS);
    rig.tamper((db) => db.exec(sql));
    expect((await rig.verify({ checkpoints: [] })).first).toMatchObject({ kind, seq });
  });

  it('loses what the judge saw when it is erased; its records stay, and are counted', async () => {
    expect(await ledger.erase(order('text', CLIENT))).toMatchObject({ exchanges: 1, records: 1, kept: 1, left: 0 });
    expect(found(rig.file, ['content-old-exchange', 'quote-old-exchange'])).toEqual(['quote-old-exchange']);
    expect(await ledger.erase(order('metadata', CLIENT))).toMatchObject({
      exchanges: 0,
      records: 0,
      kept: OLD_RECORDS,
    });
    expect(await ledger.exchange('old-exchange')).toMatchObject({ content: null, judged: true });
    expect(await rig.verify()).toMatchObject({ holds: true, faults: [], erased: 0 });
  });

  it('is not looked at again and again by retention', async () => {
    await judgedExchange(ledger, 'new-exchange', 'team-new', TS);
    const age = { kind: 'age', before: '2026-01-02T00:00:00.000Z', age_ms: 1 } as const;
    expect(await ledger.erase(order('metadata', age))).toMatchObject({ exchanges: 2, left: 0 });
    expect(await ledger.erase(order('metadata', age))).toMatchObject({ exchanges: 0, records: 0, kept: 0 });
    expect(found(rig.file, ['team-new'])).toEqual([]);
    expect((await rig.verify()).faults).toEqual([]);
  });

  it('keeps its bytes out of free pages when it is migrated', () => {
    const db = new DatabaseSync(rig.file, { readOnly: true });
    const copies = db.prepare("SELECT count(*) AS n FROM records WHERE body LIKE '%quote-old-exchange%'").get()?.n;
    db.close();
    expect(copies).toBe(1);
  });
});

describe('its migration', () => {
  let old: string;
  beforeEach(() => {
    old = join(rig.folder, 'old.db');
    writeOldLedger(old, 'old-exchange', 'team-old', TS);
  });

  it('is told in the log: that it began, and how long it took', () => {
    const told = rig.log.lines.filter(({ event }) => event.startsWith('ledger_migrat'));
    const fields = { file: rig.file, version: '4 to 5' };
    expect(told).toEqual([
      { level: 'info', event: 'ledger_migrating', fields: { ...fields, count: OLD_RECORDS } },
      { level: 'info', event: 'ledger_migrated', fields: { ...fields, duration_ms: expect.any(Number) } },
    ]);
  });

  it('is told every two seconds, as long as it takes', () => {
    vi.useFakeTimers();
    try {
      const log = new KeptLog();
      const progress = new MigrationProgress(old, log);
      progress.began({ from: 4, to: 5, records: 10 });
      vi.advanceTimersByTime(5_000);
      progress.ended(true);
      vi.advanceTimersByTime(5_000);
      const told = log.lines.map(({ event, fields }) => [event, fields.duration_ms]);
      expect(told.slice(1)).toEqual([
        ['ledger_migrating', 2_000],
        ['ledger_migrating', 4_000],
        ['ledger_migrated', 5_000],
      ]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not begun without the disk that it takes: says how much is missing', () => {
    const before = readFileSync(old);
    const db = new DatabaseSync(old);
    expect(() => migrationAhead(db, old, 5_000_000)).toThrow(
      `The ledger ${old} cannot be migrated from schema 4: that takes 17 MB of free disk, and 12 MB are missing. Free so much`,
    );
    expect(migrationAhead(db, old)).toEqual({ from: 4, to: 5, records: OLD_RECORDS });
    db.close();
    expect(readFileSync(old)).toEqual(before);
  });

  it('leaves the ledger as it was when the process is killed in its midst', async () => {
    const rows = () => {
      const db = new DatabaseSync(old);
      const all = ['records', 'contents', 'exchanges', 'verdicts', 'provider_links'].map((table) =>
        db.prepare(`SELECT * FROM ${table}`).all(),
      );
      const version = schemaVersion(db, old);
      db.close();
      return { version, all };
    };
    const before = rows();
    // Dies where the records are copied and the old table is gone; a small cache has what was written so far in the log.
    const script = join(rig.folder, 'killed.mjs');
    writeFileSync(
      script,
      `import { DatabaseSync } from 'node:sqlite';
      import { migrate } from ${JSON.stringify(join(import.meta.dirname, 'schema.ts'))};
      const db = new DatabaseSync(process.argv[2]);
      db.exec('PRAGMA journal_mode = WAL; PRAGMA cache_size = 1');
      const define = db.function.bind(db);
      db.function = (name, options) => define(name, { ...options, varargs: true }, () => process.kill(process.pid, 'SIGKILL'));
      migrate(db, process.argv[2], 'now');`,
    );
    const { signal, stderr } = spawnSync(process.execPath, [script, old], { encoding: 'utf8' });
    expect([signal, stderr]).toEqual(['SIGKILL', '']);
    expect(() => openForReading(old)).toThrow('older version');
    expect(rows()).toEqual(before);
    const again = await openLedger({ ...OPTIONS, url: `sqlite:${old}` });
    await again.close();
    expect(await rig.verify({ url: `sqlite:${old}`, checkpoints: [] })).toMatchObject({
      faults: [],
      records: OLD_RECORDS,
    });
  });
});

const metrics = { committed: () => undefined, lost: () => undefined };
const OPTIONS = {
  durability: 'process',
  clock: { now: () => 0, monotonic: () => 0 },
  log: new KeptLog(),
  metrics,
} as const;
