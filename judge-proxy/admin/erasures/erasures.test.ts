/**
 * Contract of erasures, over HTTP: what is erased has to be named twice and in full; who ordered it is recorded before it
 * happens, without the name of a client; when it is answered, lists, search and the exchange show that it is gone.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminSession } from '../../../test/support/admin-session.ts';
import { DataRig, eventually } from '../testing/data-rig.ts';

let rig: DataRig;
let admin: AdminSession;

beforeAll(async () => {
  rig = await DataRig.start();
  admin = await rig.rig.administrator();
});
afterAll(async () => await rig?.[Symbol.asyncDispose]());

/** Files beside the ledger, itself among them, that hold these bytes anywhere: records, acts, logs, free pages. */
function filesWith(text: string): string[] {
  const folder = dirname(rig.url.slice('sqlite:'.length));
  return readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(text));
}

const found = async (q: string) =>
  (await rig.ask(admin, 'list_exchanges', { query: { q } })).items.map(({ exchange_id }) => exchange_id);

describe('of one exchange', () => {
  it('its words are gone when it is answered, and who ordered it stands before what was done', async () => {
    await rig.record('exchange-1', { content: 'Zebras cross here.' });
    expect(await found('zebras')).toEqual(['exchange-1']);
    const done = await rig.ask(admin, 'erase', {
      body: { tier: 'text', scope: { kind: 'exchange', exchange_id: 'exchange-1' }, confirm: 'exchange-1' },
    });
    expect(done).toMatchObject({ exchanges: 1, left: 0, kept: 0 });
    expect(await found('zebras')).toEqual([]);
    const { items } = await rig.readModel.audit({}, { limit: 2 });
    expect(items).toMatchObject([
      { kind: 'erasure', erasure_id: done.erasure_id, actor: { name: 'admin' }, reason: 'request', tier: 'text' },
      { kind: 'act', action: 'erasure.order', object: 'exchange-1', after: { tier: 'text', scope: 'exchange' } },
    ]);
  });

  it.each([
    ['another id', 'exchange-2', 'exchange-3', 'invalid_request'],
    ['nothing', 'exchange-2', '', 'invalid_request'],
    ['a prefix of it', 'exchange', 'exchange', 'ambiguous_id'],
    ['the id of its verdict', 'verdict-exchange-2', 'verdict-exchange-2', 'not_found'],
    ['one that is unknown', 'exchange-nowhere', 'exchange-nowhere', 'not_found'],
  ])('%s erases nothing and records nothing', async (_what, exchange_id, confirm, code) => {
    if ((await rig.ledger.exchange('exchange-2')) === null) await rig.record('exchange-2', { content: 'Okapi.' });
    const before = await rig.ledger.head();
    const body = { tier: 'text', scope: { kind: 'exchange', exchange_id }, confirm } as const;
    expect(await rig.refused(admin, 'erase', { body })).toMatchObject({ code });
    expect(await rig.ledger.head()).toEqual(before);
    expect(await found('okapi')).toEqual(['exchange-2']);
  });
});

describe('of all that is kept of one exchange', () => {
  it('is said to whoever asks for it afterwards: when, by whom, and where the chain has it', async () => {
    await rig.record('exchange-whole', { content: 'Quagga.' });
    const order = (tier: 'text' | 'metadata') =>
      rig.ask(admin, 'erase', {
        body: { tier, scope: { kind: 'exchange', exchange_id: 'exchange-whole' }, confirm: 'exchange-whole' },
      });
    await order('text');
    const { row } = await rig.ask(admin, 'read_exchange', { params: { id: 'exchange-whole' } });
    expect(row.erased).toBe('text');
    const { erasure_id } = await order('metadata');
    const { items } = await rig.readModel.audit({ kind: 'erasure', object: 'exchange-whole' }, { limit: 1 });
    const erasure = items[0];
    expect(erasure).toMatchObject({ kind: 'erasure', tier: 'metadata', erasure_id });
    expect(await rig.refused(admin, 'read_exchange', { params: { id: 'exchange-whole' } })).toMatchObject({
      ...{ status: 410, code: 'erased' },
      detail: `admin erased it at ${erasure?.ts}. Record ${erasure?.seq} of the ledger says so (erasure ${erasure_id}).`,
    });
  });

  it('is said of nothing else: neither of another id, nor of what begins with one', async () => {
    for (const id of ['exchange-nowhere', 'exchange-whol', 'exchange-wholes'])
      expect(await rig.refused(admin, 'read_exchange', { params: { id } })).toMatchObject({ code: 'not_found' });
  });
});

describe('of a client', () => {
  it('everything of it goes, nothing of another, and its name stands in no record of it', async () => {
    const client = 'Jane Roe';
    for (const id of ['exchange-j1', 'exchange-j2']) {
      await rig.record(id, { content: 'Giraffe.', opened: { client }, verdict: { client } });
    }
    await rig.record('exchange-other', { content: 'Giraffe.' });
    const done = await rig.ask(admin, 'erase', {
      body: { tier: 'metadata', scope: { kind: 'client', client }, confirm: client },
    });
    expect(done.exchanges).toBe(2);
    // Words of others are made searchable again behind the answer.
    await eventually(async () => (await found('giraffe')).length > 0);
    expect(await found('giraffe')).toEqual(['exchange-other']);
    const { items } = await rig.readModel.audit({ action: 'erasure.' }, { limit: 1 });
    expect(items).toMatchObject([{ object: createHash('sha256').update(client).digest('hex') }]);
    const { items: all } = await rig.readModel.audit({}, { limit: 50 });
    expect(JSON.stringify(all)).not.toContain(client);
    expect(await rig.refused(admin, 'read_exchange', { params: { id: 'exchange-j1' } })).toMatchObject({
      code: 'not_found',
    });
  });

  it('its name is in no file of the ledger, though people typed it as a filter', async () => {
    const client = 'Xaver Quillon';
    await rig.record('exchange-x1', { content: 'Words.', opened: { client }, verdict: { client } });
    await rig.ask(admin, 'list_exchanges', { query: { client } });
    const { status } = await rig.call(admin, 'export', { query: { format: 'csv', client } });
    expect(status).toBe(200);
    expect(filesWith(client)).not.toEqual([]);
    await rig.ask(admin, 'erase', { body: { tier: 'metadata', scope: { kind: 'client', client }, confirm: client } });
    // The index takes it out of its names behind the answer.
    await eventually(() => filesWith(client).length === 0);
  });

  it('is for those who may erase', async () => {
    const editor = await rig.rig.user('edda', 'policy_editor');
    const body = { tier: 'text', scope: { kind: 'client', client: 'team-a' }, confirm: 'team-a' } as const;
    expect(await rig.refused(editor, 'erase', { body })).toMatchObject({ code: 'not_permitted' });
    expect(await found('giraffe')).toEqual(['exchange-other']);
  });
});

it('health says how far the ledger is and how far lists are', async () => {
  rig.checkpointSize = 5;
  const head = await rig.ledger.head();
  await rig.indexed();
  const health = await rig.ask(admin, 'health');
  expect(health).toEqual({
    ...{ status: 'ready', parts: [{ name: 'ledger', ok: true }], judge_queue: 3, version: '0.0.0' },
    ledger: { ledger_id: head?.ledger_id, head_seq: head?.seq, readable_seq: head?.seq, checkpoint_size: 5 },
  });
});
