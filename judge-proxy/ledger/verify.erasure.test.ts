/**
 * Contract of verification where parts of a ledger were erased: what an erasure record names may be missing and nothing
 * else; what it names must be missing; records of every kind, their words and sealed originals are held to their hashes.
 */

import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgedExchange, labelOf, order } from './erasure-rig.ts';
import { reseal, VerifyRig } from './verify-rig.ts';

/** Two exchanges of seven records, with the positions of each kind; then an act and a gap. */
const [OPENED, EARLY, COMPLETED, VERDICT, LABEL, SHADOW] = [1, 2, 3, 4, 5, 6];
const EACH = 6;
const [ACT, GAP] = [2 * EACH + 1, 2 * EACH + 2];
const TS = '2026-01-01T00:00:00.000Z';

let rig: VerifyRig;

beforeEach(async () => {
  rig = new VerifyRig();
  const ledger = await rig.open();
  await judgedExchange(ledger, 'first-exchange', 'team-a', TS);
  await judgedExchange(ledger, 'second-exchange', 'team-b', TS);
  const actor = { kind: 'user', name: 'ann' } as const;
  await ledger.append([
    {
      kind: 'act',
      record: { act_id: 'act-1', ts: TS, actor, action: 'user.update', object: 'bob', before: null, after: { a: 1 } },
    },
    {
      kind: 'export_gap',
      record: { gap_id: 'gap-1', ts: TS, sink: 'siem', from_seq: 1, to_seq: 2, records: 2, reason: 'bound' },
    },
  ]);
  await ledger.close();
});
afterEach(() => rig.remove());

async function erase(tier: 'sealed' | 'text' | 'metadata'): Promise<void> {
  const ledger = await rig.open();
  await ledger.erase(order(tier, { kind: 'exchange', exchange_id: 'first-exchange' }));
  await ledger.close();
}

const run = (sql: string) => (db: DatabaseSync) => db.exec(sql);
const first = async () => {
  const { holds, first: fault } = await rig.verify();
  return [holds, fault?.kind ?? null, fault?.seq ?? null];
};

it('holds with records of every kind', async () => {
  expect(await rig.verify()).toMatchObject({ holds: true, records: GAP, contents: 4, erased: 0, faults: [] });
});

describe('each way to change what is new', () => {
  it.each([
    [
      'an edited label',
      run(`UPDATE records SET body = replace(body, 'violation', 'clean') WHERE seq = ${LABEL}`),
      'edited',
      LABEL,
    ],
    ['an edited act', run(`UPDATE records SET body = replace(body, 'bob', 'eve') WHERE seq = ${ACT}`), 'edited', ACT],
    [
      'an edited gap',
      run(`UPDATE records SET body = replace(body, '"records":2', '"records":1') WHERE seq = ${GAP}`),
      'edited',
      GAP,
    ],
    [
      'an edited shadow verdict',
      run(`UPDATE records SET body = replace(body, '0.9', '0.1') WHERE seq = ${SHADOW}`),
      'edited',
      SHADOW,
    ],
    [
      'the hash of a body',
      run(`UPDATE records SET body_sha256 = '${'a'.repeat(64)}' WHERE seq = ${VERDICT}`),
      'edited',
      VERDICT,
    ],
    [
      'the hash of a body, taken away',
      run(`UPDATE records SET body_sha256 = NULL WHERE seq = ${VERDICT}`),
      'edited',
      VERDICT,
    ],
    ['a body, taken away', run(`UPDATE records SET body = NULL WHERE seq = ${OPENED}`), 'body_missing', OPENED],
    ['an act, taken away', run(`UPDATE records SET body = NULL WHERE seq = ${ACT}`), 'body_missing', ACT],
    [
      'both, taken away',
      run(`UPDATE records SET body = NULL, body_sha256 = NULL WHERE seq = ${OPENED}`),
      'edited',
      OPENED,
    ],
    [
      'words, changed',
      run(`UPDATE texts SET json = replace(json, 'quote', 'other') WHERE seq = ${VERDICT}`),
      'content_changed',
      VERDICT,
    ],
    ['words, taken away', run(`DELETE FROM texts WHERE seq = ${EARLY}`), 'content_missing', EARLY],
    [
      'words of a shadow verdict, changed',
      run(`UPDATE texts SET json = '{}' WHERE seq = ${SHADOW}`),
      'content_changed',
      SHADOW,
    ],
    ['words where there were none', run(`INSERT INTO texts VALUES (${OPENED}, '{}')`), 'content_unnamed', OPENED],
    ['words of no record', run("INSERT INTO texts VALUES (77, '{}')"), 'table_differs', null],
    [
      'a note, changed',
      run(`UPDATE texts SET json = '{"note":"other"}' WHERE seq = ${LABEL}`),
      'content_changed',
      LABEL,
    ],
    [
      'a note with more beside it',
      run(`UPDATE texts SET json = replace(json, '}', ',"x":1}') WHERE seq = ${LABEL}`),
      'content_changed',
      LABEL,
    ],
    ['a note, taken away', run(`DELETE FROM texts WHERE seq = ${LABEL}`), 'content_missing', LABEL],
    [
      'a sealed original, changed',
      run(`UPDATE sealed SET bytes = x'00' WHERE seq = ${COMPLETED}`),
      'content_changed',
      COMPLETED,
    ],
    ['a sealed original, taken away', run(`DELETE FROM sealed WHERE seq = ${COMPLETED}`), 'content_missing', COMPLETED],
    [
      'a sealed original where there was none',
      run(`INSERT INTO sealed VALUES (${OPENED}, x'00')`),
      'content_unnamed',
      OPENED,
    ],
    ['a sealed original of no record', run("INSERT INTO sealed VALUES (77, x'00')"), 'table_differs', null],
  ] as const)('%s', async (_name, change, kind, seq) => {
    rig.tamper(change);
    expect(await first()).toEqual([false, kind, seq]);
  });
});

describe('after an erasure', () => {
  const RECORD = GAP + 1;

  it.each([
    [
      'sealed',
      'what is gone, put back',
      run(`INSERT INTO sealed VALUES (${COMPLETED}, x'00')`),
      'erasure_undone',
      COMPLETED,
    ],
    [
      'sealed',
      'words, taken away with it',
      run(`DELETE FROM texts WHERE seq = ${VERDICT}`),
      'content_missing',
      VERDICT,
    ],
    [
      'sealed',
      'a body, taken away with it',
      run(`UPDATE records SET body = NULL WHERE seq = ${COMPLETED}`),
      'body_missing',
      COMPLETED,
    ],
    ['text', 'what is gone, put back', run(`INSERT INTO texts VALUES (${VERDICT}, '{}')`), 'erasure_undone', VERDICT],
    ['text', 'content, put back', run(`INSERT INTO contents VALUES (${COMPLETED}, '{}')`), 'erasure_undone', COMPLETED],
    [
      'text',
      'a body, taken away with it',
      run(`UPDATE records SET body = NULL WHERE seq = ${VERDICT}`),
      'body_missing',
      VERDICT,
    ],
    [
      'text',
      'words of another, taken away',
      run(`DELETE FROM texts WHERE seq = ${EACH + VERDICT}`),
      'content_missing',
      EACH + VERDICT,
    ],
    ['metadata', 'a body, put back', run(`UPDATE records SET body = '{}' WHERE seq = ${OPENED}`), 'edited', OPENED],
    ['metadata', 'words, put back', run(`INSERT INTO texts VALUES (${LABEL}, '{}')`), 'erasure_undone', LABEL],
    [
      'metadata',
      'the hash that is left',
      run(`UPDATE records SET body_sha256 = '${'a'.repeat(64)}' WHERE seq = ${VERDICT}`),
      'edited',
      VERDICT,
    ],
    [
      'metadata',
      'the kind that is left',
      run(`UPDATE records SET kind = 'connection' WHERE seq = ${VERDICT}`),
      'edited',
      VERDICT,
    ],
    [
      'metadata',
      'a place that is left, deleted',
      run(`DELETE FROM records WHERE seq = ${VERDICT}`),
      'deleted',
      VERDICT,
    ],
    [
      'metadata',
      'a body of another, taken away',
      run(`UPDATE records SET body = NULL WHERE seq = ${EACH + OPENED}`),
      'body_missing',
      EACH + OPENED,
    ],
    [
      'metadata',
      'the erasure, to name another record, too',
      run(`UPDATE records SET body = replace(body, '"seqs":[1,', '"seqs":[${EACH + OPENED},1,') WHERE seq = ${RECORD};
        UPDATE records SET body = NULL WHERE seq = ${EACH + OPENED}`),
      'body_missing',
      OPENED,
    ],
    ['metadata', 'the erasure, deleted', run(`DELETE FROM records WHERE seq = ${RECORD}`), 'body_missing', OPENED],
  ] as const)('of %s: %s', async (tier, _name, change, kind, seq) => {
    await erase(tier);
    expect(await first()).toEqual([true, null, null]);
    rig.tamper(change);
    expect(await first()).toEqual([false, kind, seq]);
  });

  it('an erasure that names what is still there is found, whoever sealed it', async () => {
    await erase('text');
    rig.tamper((db) => {
      db.exec(
        `UPDATE records SET body = replace(body, '"seqs":[', '"seqs":[${EACH + VERDICT},') WHERE seq = ${RECORD}`,
      );
      reseal(db, RECORD);
    });
    const { faults } = await rig.verify({ checkpoints: [] });
    expect(faults.map(({ kind, seq }) => [kind, seq])).toEqual([['erasure_undone', EACH + VERDICT]]);
  });

  it('an erasure takes nothing away that was written after it', async () => {
    await erase('text');
    const ledger = await rig.open();
    await ledger.append([labelOf('second-exchange', TS, { label_id: 'later' })]);
    await ledger.close();
    rig.tamper((db) => {
      const metadata = `replace(replace(body, '"tier":"text"', '"tier":"metadata"'), '"seqs":[', '"seqs":[${RECORD + 1},')`;
      db.exec(`UPDATE records SET body = ${metadata} WHERE seq = ${RECORD}`);
      reseal(db, RECORD);
      db.exec(`UPDATE records SET body = NULL WHERE seq = ${RECORD + 1}; DELETE FROM texts WHERE seq = ${RECORD + 1}`);
    });
    const { faults } = await rig.verify({ checkpoints: [] });
    expect(faults.map(({ kind, seq }) => [kind, seq])).toContainEqual(['body_missing', RECORD + 1]);
  });

  it('erasures that stand after a part are known when the part is checked', async () => {
    await erase('metadata');
    expect(await rig.verify({ from: 1, to: EACH })).toMatchObject({ holds: true, records: EACH, erased: EACH });
    expect(await rig.verify({ from: EACH + 1 })).toMatchObject({ holds: true, erased: 0 });
  });

  it('a label that comes later has its own note, which is not erased', async () => {
    await erase('text');
    const ledger = await rig.open();
    await ledger.append([labelOf('first-exchange', TS, { label_id: 'later' })]);
    await ledger.close();
    expect(await first()).toEqual([true, null, null]);
    rig.tamper(run(`DELETE FROM texts WHERE seq = ${RECORD + 1}`));
    expect(await first()).toEqual([false, 'content_missing', RECORD + 1]);
  });
});
