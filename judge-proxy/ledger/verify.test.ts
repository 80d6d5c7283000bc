/**
 * Contract of verification ("A record changed without notice must be impossible"):
 * - each way to change a ledger is found, told from the others, and the first bad record is named;
 * - a tail that was cut and a ledger that was written anew are found by a checkpoint that was kept elsewhere;
 * - whatever byte of a record or a content is changed, it is found;
 * - a ledger that holds is said to hold, also in part and while it is being written.
 * All in one file, since every case is one change of the same ledger, told from all the others.
 */

import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointLine } from './checkpoint.ts';
import { lastCheckpoint } from './checkpoint-file.ts';
import { FAULT_KINDS } from './verify-report.ts';
import { fill, RECORDS, reseal, VerifyRig } from './verify-rig.ts';

let rig: VerifyRig;

beforeEach(async () => {
  rig = new VerifyRig();
  await rig.write();
});
afterEach(() => rig.remove());

const run = (sql: string) => (db: DatabaseSync) => db.exec(sql);
const SWAP_ROWS = `UPDATE records SET seq = -3 WHERE seq = 3; UPDATE records SET seq = 3 WHERE seq = 5;
  UPDATE records SET seq = 5 WHERE seq = -3`;
const SHIFT_DOWN = `DELETE FROM records WHERE seq = 4;
  UPDATE records SET seq = -seq WHERE seq > 4; UPDATE records SET seq = -seq - 1 WHERE seq < 0`;
const edited = (seq: number) =>
  `UPDATE records SET body = replace(replace(body, 'POST', 'PUT'), '"bytes_up":100', '"bytes_up":101') WHERE seq = ${seq}`;

/** Those records stay as they were. */
function restoreSeals(db: DatabaseSync, rows: readonly Record<string, unknown>[]): void {
  const update = db.prepare('UPDATE records SET prev_hash = ?, hash = ? WHERE seq = ?');
  for (const { seq, prev_hash, hash } of rows) update.run(String(prev_hash), String(hash), Number(seq));
}

describe('a ledger that holds', () => {
  it('is said to, with what was looked at', async () => {
    expect(await rig.verify()).toEqual({
      holds: true,
      ledger_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      from: 1,
      to: RECORDS,
      records: RECORDS,
      contents: 3,
      erased: 0,
      head: { seq: RECORDS, hash: lastCheckpoint(rig.places.file)?.head },
      checkpoints: { checked: 1, covers: { size: RECORDS, ts: '2026-01-31T12:00:00.000Z' } },
      first: null,
      faults: [],
      fault_count: 0,
      warnings: [],
    });
  });

  it('holds in each part', async () => {
    for (let from = 1; from <= RECORDS; from += 1) {
      const report = await rig.verify({ from, to: Math.min(from + 2, RECORDS) });
      expect([report.holds, report.records, report.faults]).toEqual([true, Math.min(3, RECORDS - from + 1), []]);
    }
  });

  it('is seen at one moment while it is written, and checkpoints of later records do not count', async () => {
    const ledger = await rig.open({ records: 1, interval: 3_600_000, copies: [] });
    let writing = true;
    const written = (async () => {
      for (let n = 0; writing; n += 1) await fill(ledger, `live-${n}`);
    })();
    for (let n = 0; n < 20; n += 1) expect((await rig.verify()).faults).toEqual([]);
    writing = false;
    await written;
    await ledger.close();
    const report = await rig.verify();
    expect([report.faults, report.checkpoints.covers?.size]).toEqual([[], report.records]);
  });

  it('holds when it is empty', async () => {
    const empty = new VerifyRig();
    await (await empty.open()).close();
    expect(await empty.verify()).toMatchObject({ holds: true, records: 0, from: null, to: null, head: null });
    empty.remove();
  });

  it('is not vouched for without checkpoints, and that is said', async () => {
    const report = await rig.verify({ checkpoints: [] });
    expect([report.holds, report.warnings.length]).toEqual([true, 1]);
    const elsewhere = await rig.verify({ checkpoints: [join(rig.folder, 'none.jsonl')] });
    expect([elsewhere.holds, elsewhere.warnings.length]).toEqual([true, 2]);
  });
});

describe('each way to change it', () => {
  const details = async () => (await rig.verify()).faults.map(({ kind, detail }) => [kind, detail]);

  it.each([
    ['an edited record', run(edited(3)), 'edited', 3],
    ['the last record, edited', run(edited(RECORDS)), 'edited', RECORDS],
    ['an edited hash', run(`UPDATE records SET hash = '${'a'.repeat(64)}' WHERE seq = 4`), 'edited', 4],
    ['an edited prev_hash', run(`UPDATE records SET prev_hash = '${'a'.repeat(64)}' WHERE seq = 4`), 'edited', 4],
    ['another kind', run("UPDATE records SET kind = 'connection' WHERE seq = 1"), 'edited', 1],
    ['a kind that there is not', run("UPDATE records SET kind = 'x' WHERE seq = 1"), 'edited', 1],
    ['bytes that are no text', run("UPDATE records SET body = CAST(x'7bff7d' AS TEXT) WHERE seq = 2"), 'edited', 2],
    [
      'a record that was edited and sealed anew',
      (db: DatabaseSync) => {
        db.exec(edited(3));
        const after = db.prepare('SELECT seq, prev_hash, hash FROM records WHERE seq > 3').all();
        reseal(db, 3);
        restoreSeals(db, after);
      },
      'edited',
      3,
    ],
    ['a deleted record', run('DELETE FROM records WHERE seq = 4'), 'deleted', 4],
    ['several deleted records', run('DELETE FROM records WHERE seq BETWEEN 4 AND 6'), 'deleted', 4],
    ['the first record, deleted', run('DELETE FROM records WHERE seq = 1'), 'deleted', 1],
    ['a deleted record, the others renumbered', run(SHIFT_DOWN), 'deleted', 4],
    [
      'the first record, deleted, the others renumbered',
      run('DELETE FROM records WHERE seq = 1; UPDATE records SET seq = -seq; UPDATE records SET seq = -seq - 1'),
      'deleted',
      1,
    ],
    ['two records, swapped', run(SWAP_ROWS), 'reordered', 3],
    [
      'two neighbours, swapped',
      run(`UPDATE records SET seq = -3 WHERE seq = 3; UPDATE records SET seq = 3 WHERE seq = 4;
      UPDATE records SET seq = 4 WHERE seq = -3`),
      'reordered',
      3,
    ],
    [
      'the bodies of two records, swapped',
      (db: DatabaseSync) => {
        const [one, other] = [1, 3].map((seq) => db.prepare('SELECT body FROM records WHERE seq = ?').get(seq)?.body);
        db.prepare('UPDATE records SET body = iif(seq = 1, ?, ?) WHERE seq IN (1, 3)').run(`${other}`, `${one}`);
      },
      'reordered',
      1,
    ],
    ['a record, moved to the end', run('UPDATE records SET seq = 99 WHERE seq = 3'), 'reordered', 3],
    [
      'an inserted record',
      (db: DatabaseSync) => {
        db.exec(`UPDATE records SET seq = -seq WHERE seq > 3; UPDATE records SET seq = -seq + 1 WHERE seq < 0;
        INSERT INTO records SELECT 4, kind, replace(body, 'a-', 'z-'), '', '', '' FROM records WHERE seq = 1`);
        const after = db.prepare('SELECT seq, prev_hash, hash FROM records WHERE seq > 4').all();
        reseal(db, 4);
        restoreSeals(db, after);
      },
      'inserted',
      4,
    ],
    [
      'a changed content',
      run("UPDATE contents SET json = replace(json, 'first', 'other') WHERE seq = 2"),
      'content_changed',
      2,
    ],
    ['a deleted content', run('DELETE FROM contents WHERE seq = 4'), 'content_missing', 4],
    ['a content where there was none', run("INSERT INTO contents VALUES (3, '{}')"), 'content_unnamed', 3],
    ['a content of no record', run("INSERT INTO contents VALUES (77, '{}')"), 'table_differs', null],
    [
      'a verdict that reviewers are to read as another',
      run("UPDATE verdicts SET label = 'violation' WHERE seq = 6"),
      'table_differs',
      6,
    ],
    ['a verdict that costs nothing', run('UPDATE verdicts SET judge_cost_usd = 0 WHERE seq = 5'), 'table_differs', 5],
    ['a verdict that reviewers do not find', run('DELETE FROM verdicts WHERE seq = 5'), 'table_differs', 5],
    ['a verdict that does not stand', run('UPDATE verdicts SET stands = 0 WHERE seq = 5'), 'table_differs', 5],
    [
      'an exchange that reviewers do not find',
      run("DELETE FROM exchanges WHERE exchange_id = 'a-held'"),
      'table_differs',
      3,
    ],
    [
      'an exchange that looks judged',
      run("UPDATE exchanges SET verdict_seq = 5 WHERE exchange_id = 'a-observed'"),
      'table_differs',
      6,
    ],
    [
      'an exchange with the request id of another',
      run("UPDATE exchanges SET request_id = 'x' WHERE exchange_id = 'a-held'"),
      'table_differs',
      3,
    ],
    [
      'an exchange that never was',
      run("INSERT INTO exchanges VALUES ('x', 'x', 1, NULL, NULL, NULL)"),
      'table_differs',
      null,
    ],
    ['a link to another exchange', run("UPDATE provider_links SET exchange_id = 'a-held'"), 'table_differs', 4],
    [
      'a ledger of another id',
      run("UPDATE identity SET ledger_id = 'ffffffffffffffffffffffffffffffff'"),
      'checkpoint_foreign',
      null,
    ],
    ['a tail that was cut', run('DELETE FROM records WHERE seq > 7'), 'cut', 8],
    [
      'all of it deleted',
      run(
        'DELETE FROM records; DELETE FROM contents; DELETE FROM exchanges; DELETE FROM verdicts; DELETE FROM provider_links',
      ),
      'cut',
      1,
    ],
    [
      'all of it written anew',
      (db: DatabaseSync) => {
        db.exec(edited(1));
        reseal(db);
      },
      'rewritten',
      1,
    ],
    ['a position that no ledger has', run('UPDATE records SET seq = 1 << 60 WHERE seq = 10'), 'unreadable', 10],
  ] as const)('%s', async (_name, change, kind, seq) => {
    rig.tamper(change);
    const { holds, first } = await rig.verify();
    expect([holds, first?.kind, first?.seq]).toEqual([false, kind, seq]);
  });

  it('the triggers that keep records from change, dropped', async () => {
    rig.tamper(() => undefined);
    expect((await rig.verify()).holds).toBe(true);
    rig.change(run('DROP TRIGGER records_no_delete'));
    expect(await details()).toEqual([['schema_differs', 'The trigger records_no_delete is gone.']]);
  });

  it.each([
    [
      'a trigger that lets one record be deleted',
      `DROP TRIGGER records_no_delete; CREATE TRIGGER records_no_delete BEFORE DELETE ON records WHEN OLD.seq <> 3
        BEGIN SELECT RAISE(ABORT, 'records are append-only'); END`,
      'The trigger records_no_delete is not the one of schema 5.',
    ],
    [
      'a trigger that changes what is written',
      `CREATE TRIGGER hide AFTER INSERT ON verdicts BEGIN UPDATE verdicts SET label = 'clean' WHERE seq = NEW.seq; END`,
      'The trigger hide is not of schema 5.',
    ],
    ['an index that is gone', 'DROP INDEX exchanges_unjudged', 'The index exchanges_unjudged is gone.'],
    [
      'an index over another thing',
      'DROP INDEX verdicts_label; CREATE INDEX verdicts_label ON verdicts (label) WHERE severity < 3',
      'The index verdicts_label is not the one of schema 5.',
    ],
    ['a column more', 'ALTER TABLE jobs ADD COLUMN note TEXT', 'The table jobs is not the one of schema 5.'],
    ['a table more', 'CREATE TABLE notes (x)', 'The table notes is not of schema 5.'],
    ['a view', 'CREATE VIEW seen AS SELECT * FROM records', 'The view seen is not of schema 5.'],
  ])('%s', async (_name, sql, detail) => {
    rig.change(run(sql));
    expect(await details()).toEqual([['schema_differs', detail]]);
  });

  it('a table that is gone, without which the rest cannot be read', async () => {
    rig.change(run('DROP TABLE texts'));
    const found = await details();
    expect(found[0]).toEqual(['unreadable', 'SQLite cannot read the file from here on.']);
    expect(found).toContainEqual(['schema_differs', 'The table texts is gone.']);
  });

  it('an index that does not have what its table has', async () => {
    const NAMES = "('verdicts_host', 'verdicts_label')";
    rig.change((db) => {
      const sum = db.prepare(`SELECT sum(rootpage) AS sum FROM sqlite_schema WHERE name IN ${NAMES}`).get()?.sum;
      db.exec('PRAGMA writable_schema = ON');
      db.exec(`UPDATE sqlite_schema SET rootpage = ${sum} - rootpage WHERE name IN ${NAMES}`);
    });
    expect(await details()).toEqual([
      ['table_differs', expect.stringMatching(/^SQLite's own check of verdicts: row 1 missing from index/)],
    ]);
  });

  it('not canonical, but sealed: only who writes all of it can do that', async () => {
    rig.tamper((db) => {
      db.exec("UPDATE records SET body = ' ' || body WHERE seq = 10");
      reseal(db);
    });
    const { faults } = await rig.verify();
    expect(faults.map(({ kind, seq }) => [kind, seq])).toEqual([
      ['malformed', 10],
      ['rewritten', 1],
    ]);
  });

  it('after a checkpoint: the records before it are not suspected', async () => {
    await rig.write('b');
    rig.tamper((db) => {
      db.exec(`UPDATE records SET body = replace(body, 'team-a', 'team-b') WHERE seq = ${RECORDS + 3}`);
      reseal(db, RECORDS + 3);
    });
    const { first } = await rig.verify();
    expect([first?.kind, first?.seq]).toEqual(['rewritten', RECORDS + 1]);
  });

  it('in a part that is not looked at: only the part counts', async () => {
    rig.tamper(run(edited(3)));
    expect((await rig.verify({ from: 5 })).holds).toBe(true);
    expect((await rig.verify({ from: 2, to: 3 })).first).toMatchObject({ kind: 'edited', seq: 3 });
    expect((await rig.verify({ to: 2 })).holds).toBe(true);
  });
});

describe('checkpoints', () => {
  it('of another ledger, with another key, or changed, are told apart', async () => {
    const other = new VerifyRig();
    copyFileSync(rig.places.key, other.places.key);
    await other.write('z');
    const sameKey = await rig.verify({ checkpoints: [other.places.file] });
    expect(sameKey.faults.map(({ kind }) => kind)).toEqual(['checkpoint_foreign']);
    const { publicKey } = generateKeyPairSync('ed25519');
    const otherKey = await rig.verify({ publicKey });
    expect(otherKey.first).toMatchObject({
      kind: 'checkpoint_foreign',
      detail: expect.stringContaining('another key'),
    });
    other.remove();
  });

  it('each changed value is a forgery', async () => {
    const line = readFileSync(rig.places.file, 'utf8');
    for (const [from, to] of [
      [`"size":${RECORDS}`, '"size":9'],
      ['2026-01-31', '2026-01-30'],
      ['"head":"', '"head":"0'],
      ['"previous":"0', '"previous":"1'],
    ] as const) {
      const changed = line.replace(from, to).replace(/("head":"0[0-9a-f]{63})[0-9a-f]/, '$1');
      expect(changed).not.toBe(line);
      writeFileSync(rig.places.file, changed);
      expect(
        (await rig.verify()).faults.map(({ kind }) => kind),
        from,
      ).toEqual(['checkpoint_forged']);
    }
  });

  it('lines of the log are read as well, and what is no checkpoint is passed over', async () => {
    const log = join(rig.folder, 'proxy.log');
    const events = rig.log.lines.map(({ level, event, fields }) => ({ level, time: 'x', ...fields, event }));
    const verdict = { level: 'info', head: 'x', event: 'verdict' };
    writeFileSync(log, [verdict, ...events].map((line) => `${JSON.stringify(line)}\n`).join(''));
    expect(await rig.verify({ checkpoints: [log] })).toMatchObject({
      holds: true,
      checkpoints: { checked: 1, covers: { size: RECORDS } },
      warnings: [],
    });
  });

  it('lines that were cut short, and checkpoints that are missing between others, are a warning', async () => {
    await rig.write('b');
    await rig.write('c');
    const [first = '', , third = ''] = readFileSync(rig.places.file, 'utf8').split('\n');
    writeFileSync(rig.places.file, `${first}\n${first.slice(0, 90)}\n${third}\n`);
    const report = await rig.verify();
    expect([report.holds, report.warnings.length, report.checkpoints.covers?.size]).toEqual([true, 2, 3 * RECORDS]);
  });

  it('that were kept elsewhere contradict a ledger and checkpoints that were written anew', async () => {
    const outside = join(rig.folder, 'outside.jsonl');
    copyFileSync(rig.places.file, outside);
    rig.tamper((db) => {
      db.exec(edited(1));
      reseal(db);
    });
    // Whoever has the key, too: his own file agrees with his ledger.
    writeFileSync(rig.places.file, '');
    await (await rig.open()).close();
    expect((await rig.verify()).holds).toBe(true);
    const { first } = await rig.verify({ checkpoints: [rig.places.file, outside] });
    expect(first).toMatchObject({ kind: 'rewritten', seq: 1 });
    const kept = lastCheckpoint(outside);
    expect(kept === null ? '' : checkpointLine(kept)).toBe(readFileSync(outside, 'utf8'));
  });
});

it('any byte of a record or a content that is changed is found, at its record', async () => {
  const restore = rig.keep();
  const columns = ['body', 'prev_hash', 'hash', 'kind', 'json'] as const;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...columns),
      fc.integer({ min: 1, max: RECORDS }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      async (column, seq, at, mask) => {
        restore();
        const table = column === 'json' ? 'contents' : 'records';
        const place = column === 'json' ? (([2, 4, 8] as const)[seq % 3] ?? 2) : seq;
        rig.tamper((db) => {
          const row = db.prepare(`SELECT CAST(${column} AS BLOB) AS bytes FROM ${table} WHERE seq = ?`).get(place);
          const bytes = Buffer.from(row?.bytes as Uint8Array);
          const index = at % bytes.length;
          bytes[index] = (bytes[index] ?? 0) ^ mask;
          db.prepare(`UPDATE ${table} SET ${column} = CAST(? AS TEXT) WHERE seq = ?`).run(bytes, place);
        });
        const { first } = await rig.verify({ checkpoints: [] });
        expect([first?.kind, first?.seq]).toEqual([column === 'json' ? 'content_changed' : 'edited', place]);
      },
    ),
    { numRuns: 150 },
  );
}, 120_000);

it('any other position of a record is found', async () => {
  const restore = rig.keep();
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: RECORDS }), fc.maxSafeInteger(), async (seq, to) => {
      fc.pre(to < 1 || to > RECORDS);
      restore();
      rig.tamper((db) => db.prepare('UPDATE records SET seq = ? WHERE seq = ?').run(to, seq));
      const { first, holds } = await rig.verify({ checkpoints: [] });
      expect([holds, first?.seq]).toEqual([false, to < seq ? first?.seq : seq]);
    }),
    { numRuns: 60 },
  );
}, 60_000);

it('every kind of fault is in the documentation', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/ledger.md'), 'utf8');
  for (const kind of FAULT_KINDS) expect(text, kind).toContain(`| \`${kind}\` |`);
});
