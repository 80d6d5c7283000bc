/**
 * Contract of the step to schema 5: a ledger from before it goes on; its records are checked as they were sealed, stand as
 * they are, and cannot be erased: that is said, and what stands beside them goes.
 */

import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { found, judgedExchange, order } from './erasure-rig.ts';
import type { Ledger } from './ledger.ts';
import { OLD_RECORDS, writeOldLedger } from './old-ledger.ts';
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
