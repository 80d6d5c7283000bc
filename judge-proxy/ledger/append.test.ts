/**
 * Contract of records that people and the program make, and of the tables beside the chain:
 * - a record and the changes that belong to it are there together, or neither is;
 * - a change that does not meet its row refuses the whole, and harms nothing that is written beside it;
 * - who asks after a change was made sees it: authentication lives on that;
 * - who follows the ledger is told of each commit and each checkpoint.
 */

import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewRecord } from './acts.ts';
import { labelOf } from './erasure-rig.ts';
import type { Ledger } from './ledger.ts';
import { ConflictError } from './ledger-error.ts';
import { sampleCompleted, sampleOpened } from './sample-records.ts';
import { VerifyRig } from './verify-rig.ts';

const TS = '2026-01-01T00:00:00.000Z';

let rig: VerifyRig;
let ledger: Ledger;

beforeEach(async () => {
  rig = new VerifyRig();
  ledger = await rig.open();
});
afterEach(async () => {
  await ledger.close();
  rig.remove();
});

const act = (object: string): NewRecord => ({
  kind: 'act',
  record: {
    ...{ act_id: `act-${object}`, ts: TS, actor: { kind: 'user', name: 'ann' }, action: 'user.create', object },
    ...{ before: null, after: { role: 'viewer' } },
  },
});
const insert = (name: string) => ['insertUser', name, 'viewer', 'hash', 0, TS] as const;
const names = async () => (await ledger.rows<{ name: string }>('users')).map(({ name }) => name);

describe('append', () => {
  it('writes records and changes in one transaction, and gives their places', async () => {
    const places = await ledger.append([act('ann'), act('bob')], [insert('ann'), insert('bob')]);
    expect(places.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(places[1]).toEqual({ seq: 2, prev_hash: places[0]?.hash, hash: (await ledger.head())?.hash });
    expect(await names()).toEqual(['ann', 'bob']);
    expect((await rig.verify({ checkpoints: [] })).holds).toBe(true);
  });

  it.each([
    ['a change that must meet a row, and meets none', [insert('new'), ['setPassword', 'x', 0, 'nobody', 'y']] as const],
    ['a row that is there already', [insert('new'), insert('ann')] as const],
    ['a constraint of the table', [insert('new'), ['insertUser', 'eve', 'emperor', 'hash', 0, TS]] as const],
  ])('refuses %s, and nothing of it stays', async (_name, changes) => {
    await ledger.append([act('ann')], [insert('ann')]);
    await expect(ledger.append([act('new')], changes)).rejects.toBeInstanceOf(ConflictError);
    expect(await names()).toEqual(['ann']);
    expect((await ledger.head())?.seq).toBe(1);
    expect(ledger.health()).toMatchObject({ ok: true });
    expect(rig.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('that is refused does not harm its neighbours in the batch', async () => {
    await ledger.append([act('ann')], [insert('ann')]);
    const outcomes = await Promise.allSettled([
      ledger.open(sampleOpened('exchange-1')),
      ledger.append([act('again')], [insert('ann')]),
      ledger.append([act('bob')], [insert('bob')]),
      ledger.open(sampleOpened('exchange-2')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(await names()).toEqual(['ann', 'bob']);
    expect(await rig.verify({ checkpoints: [] })).toMatchObject({ holds: true, records: 4 });
  });

  it('takes a note only with the record that names it', async () => {
    await ledger.append([labelOf('exchange-1', TS)]);
    const wrong = labelOf('exchange-1', TS, { note_sha256: hash('sha256', 'another') });
    await expect(ledger.append([wrong])).rejects.toMatchObject({ code: 'internal' });
    const silent = labelOf('exchange-1', TS, { note_sha256: null });
    await ledger.append([silent]);
    expect(await rig.verify({ checkpoints: [] })).toMatchObject({ holds: true, records: 2 });
  });
});

it('a label is never edited: two reviewers are two records, and a change of mind a third', async () => {
  const by = (reviewer: string, label_id: string, replaces: string | null = null) =>
    labelOf('exchange-1', TS, { reviewer, label_id, replaces });
  await ledger.append([by('ann', 'one')]);
  await ledger.append([by('bob', 'two')]);
  await ledger.append([by('ann', 'three', 'one')]);
  expect(await rig.verify({ checkpoints: [] })).toMatchObject({ holds: true, records: 3 });
});

it('who asks after a change sees it, every time', async () => {
  await ledger.append([], [insert('ann')]);
  for (let n = 0; n < 300; n += 1) {
    const [from, to] = [`hash-${n}`, `hash-${n + 1}`];
    await ledger.append([], [['setPassword', to, n, 'ann', n === 0 ? 'hash' : from]]);
    expect(await ledger.rows('users')).toMatchObject([{ must_change: n }]);
  }
});

it('a sealed original is given back, and refused when its record does not name it', async () => {
  const bytes = Buffer.from('age-encryption.org/v1');
  const sealed = { bytes, sha256: hash('sha256', bytes) };
  await ledger.open(sampleOpened('exchange-1'));
  const named = { sealed_sha256: sealed.sha256 };
  await expect(ledger.complete(sampleCompleted('exchange-1', named), null, null)).rejects.toMatchObject({
    code: 'internal',
  });
  await expect(ledger.complete(sampleCompleted('exchange-1'), null, null, sealed)).rejects.toMatchObject({
    code: 'internal',
  });
  expect(await ledger.sealed('exchange-1')).toBeNull();
  await ledger.complete(sampleCompleted('exchange-1', named), null, null, sealed);
  expect(await ledger.sealed('exchange-1')).toEqual({ bytes: new Uint8Array(bytes), sha256: sealed.sha256 });
  expect(await ledger.sealed('exchange-2')).toBeNull();
  rig.tamper((db) => db.exec("UPDATE sealed SET bytes = x'00'"));
  expect(await ledger.sealed('exchange-1')).toBeNull();
});

it('who follows is told of each commit with the last position, and of each checkpoint', async () => {
  await ledger.close();
  ledger = await rig.open({ records: 1, interval: 3_600_000, copies: [] });
  const told: number[] = [];
  const off = ledger.onCommit((seq) => told.push(seq));
  const checkpoint = new Promise((resolve) => ledger.onCheckpoint(resolve));
  await ledger.append([act('ann'), act('bob')]);
  expect(told).toEqual([2]);
  expect(await checkpoint).toMatchObject({ size: 2, signature: expect.any(String) });
  off();
  await ledger.append([act('eve')]);
  expect(told).toEqual([2]);
  await ledger.close();
  expect(ledger.health().checkpoints).toEqual({ ok: true, cause: null, size: 3 });
});
