/**
 * Contract of labels, over HTTP from a real ledger: one reviewer, one exchange, one label that stands; a change of mind is
 * another record and the one before stays as it was; several are given at once or not at all; what is unknown or erased
 * cannot be labelled; the answer comes when lists show it. The probability of the control sample is the server's to say.
 */

import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminSession } from '../../../test/support/admin-session.ts';
import { drawOf } from '../../judge/sampling.ts';
import { isDrawn } from '../../ledger/read-model/control-draw.ts';
import { newId, systemClock } from '../../telemetry/clock.ts';
import { DataRig } from '../testing/data-rig.ts';
import { type LabelOrder, type LabelParts, labelExchanges } from './label-exchanges.ts';

let rig: DataRig;
let admin: AdminSession;
let ann: AdminSession;
let bob: AdminSession;

/** Half of the exchanges are in the control sample. */
const RATE = 0.5;
const IDS = Array.from({ length: 200 }, (_, i) => `exchange-${i}`);
const DRAWN = IDS.filter((id) => isDrawn(id, RATE));
const OTHERS = IDS.filter((id) => !isDrawn(id, RATE));

beforeAll(async () => {
  rig = await DataRig.start({ control_rate: RATE });
  admin = await rig.rig.administrator();
  ann = await rig.rig.user('ann', 'reviewer');
  bob = await rig.rig.user('bob', 'reviewer');
});
afterAll(async () => await rig?.[Symbol.asyncDispose]());

let made = 0;
/** A new exchange that nobody has labelled; drawn or not. */
async function fresh(drawn = true, recorded: Parameters<DataRig['record']>[1] = {}): Promise<string> {
  const id = (drawn ? DRAWN : OTHERS)[made];
  made += 1;
  if (id === undefined) throw new Error('more ids');
  await rig.record(id, recorded);
  return id;
}

const give = (session: AdminSession, exchange_ids: string[], more: object = {}) =>
  rig.ask(session, 'label', { body: { exchange_ids, label: 'violation', ...more } });

/** Bodies of all labels as the file of the ledger holds them. */
function labelBodies(): string[] {
  const db = new DatabaseSync(rig.url.slice('sqlite:'.length), { readOnly: true });
  const rows = db.prepare("SELECT body FROM records WHERE kind = 'label' ORDER BY seq").all();
  db.close();
  return rows.map(({ body }) => String(body));
}

describe('a label', () => {
  it('is a record in the chain, shown at once', async () => {
    const id = await fresh();
    const labels = await give(ann, [id], { note: 'A plan leaves.' });
    expect(labels).toMatchObject([
      {
        ...{ exchange_id: id, verdict_id: `verdict-${id}`, reviewer: 'ann', label: 'violation', replaces: null },
        ...{
          queue: null,
          blind: false,
          sampling_probability: RATE,
          bulk_id: null,
          stands: true,
          note: 'A plan leaves.',
        },
        note_sha256: createHash('sha256').update('A plan leaves.').digest('hex'),
      },
    ]);
    const { items } = await rig.ask(ann, 'list_exchanges', { query: { human_label: 'violation' } });
    expect(items).toMatchObject([{ exchange_id: id, labels: 1 }]);
    expect((await rig.ledger.head())?.seq).toBe(labels[0]?.seq);
    // The note can be erased: it is not in the record.
    expect(labelBodies().at(-1)).not.toContain('A plan leaves.');
  });

  it('on an exchange without verdict names none', async () => {
    const id = await fresh(true, { verdict: null });
    expect(await give(ann, [id])).toMatchObject([{ verdict_id: null }]);
  });

  it('of a token is by the name of its maker', async () => {
    const id = await fresh();
    const { token } = await rig.rig.tokenOf('bob', 'reviewer', ['labels:write']);
    const answer = await fetch(`${rig.rig.base}/api/labels`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ exchange_ids: [id], label: 'clean' }),
    });
    expect(answer.status).toBe(201);
    expect(await answer.json()).toMatchObject([{ reviewer: 'bob' }]);
  });

  it('is never edited: a change of mind is another record, and the first stays byte by byte', async () => {
    const id = await fresh();
    const [first] = await give(ann, [id], { label: 'clean' });
    const before = labelBodies();
    const [second] = await give(ann, [id], { label: 'violation' });
    expect(second?.replaces).toBe(first?.label_id);
    expect(labelBodies().slice(0, before.length)).toEqual(before);
    const { labels, row } = await rig.ask(ann, 'read_exchange', { params: { id } });
    expect(labels.map(({ label, stands }) => [label, stands])).toEqual([
      ['clean', false],
      ['violation', true],
    ]);
    expect(row.labels).toBe(1);
  });

  it('of two reviewers are two records, and both stand', async () => {
    const id = await fresh();
    await give(ann, [id], { label: 'clean' });
    const [other] = await give(bob, [id], { label: 'violation' });
    expect(other?.replaces).toBeNull();
    const { labels } = await rig.ask(ann, 'read_exchange', { params: { id } });
    expect(labels.map(({ reviewer, stands }) => [reviewer, stands])).toEqual([
      ['ann', true],
      ['bob', true],
    ]);
  });

  it('given twice at once by one reviewer: one stands, and it replaces the other', async () => {
    const id = await fresh();
    await Promise.all(
      Array.from({ length: 6 }, (_, i) => give(ann, [id], { label: i % 2 === 0 ? 'clean' : 'violation' })),
    );
    const { labels } = await rig.ask(ann, 'read_exchange', { params: { id } });
    expect(labels.filter(({ stands }) => stands)).toHaveLength(1);
    expect(labels.map(({ replaces }) => replaces)).toEqual([
      null,
      ...labels.slice(0, -1).map(({ label_id }) => label_id),
    ]);
  });
});

describe('several at once', () => {
  it('are one act in one order, each once', async () => {
    const ids = [await fresh(), await fresh(), await fresh()];
    const labels = await give(ann, [...ids, ...ids], { label: 'clean' });
    expect(labels.map(({ exchange_id }) => exchange_id)).toEqual(ids);
    expect(new Set(labels.map(({ bulk_id }) => bulk_id)).size).toBe(1);
    expect(labels[0]?.bulk_id).not.toBeNull();
    const [first] = labels;
    expect(labels.map(({ seq }) => seq - (first?.seq ?? 0))).toEqual([0, 1, 2]);
  });

  it('are given all or none: one that is unknown, or a prefix, and nothing is recorded', async () => {
    const id = await fresh();
    const before = await rig.ledger.head();
    for (const unknown of ['exchange-nowhere', id.slice(0, -1), `verdict-${id}`]) {
      const body = { exchange_ids: [id, unknown], label: 'clean' as const };
      expect(await rig.refused(ann, 'label', { body })).toMatchObject({ code: 'not_found' });
    }
    expect(await rig.ledger.head()).toEqual(before);
  });

  it.each([[0], [201]])('%i are refused', async (count) => {
    const exchange_ids = Array.from({ length: count }, (_, i) => `exchange-many-${i}`);
    expect(await rig.refused(ann, 'label', { body: { exchange_ids, label: 'clean' } })).toMatchObject({
      code: 'invalid_request',
    });
  });
});

it('what is erased while it is labelled gets no note', async () => {
  const [erased, whole] = [await fresh(true, { content: 'Words.' }), await fresh()];
  const { ledger } = rig;
  const racing: LabelParts['ledger'] = {
    head: () => ledger.head(),
    append: async (records, changes) => {
      await ledger.erase({
        ...{ actor: { kind: 'user', name: 'admin' }, reason: 'request', tier: 'text' },
        scope: { kind: 'exchange', exchange_id: erased },
      });
      return await ledger.append(records, changes);
    },
  };
  const parts = { ledger: racing, readModel: rig.readModel, controlRate: RATE, clock: systemClock, newId };
  const order: LabelOrder = {
    ...{ reviewer: 'ann', label: 'clean' as const, note: 'They said: Words.', queue: null, blind: false },
    ...{ exchange_ids: [whole, erased], signal: new AbortController().signal },
  } as const;
  const before = labelBodies().length;
  await expect(labelExchanges(parts, order)).rejects.toMatchObject({ code: 'not_possible' });
  expect(labelBodies()).toHaveLength(before);
});

it('what was erased cannot be labelled', async () => {
  const [erased, whole] = [await fresh(true, { content: 'Words.' }), await fresh()];
  await rig.ask(admin, 'erase', {
    body: { tier: 'text', scope: { kind: 'exchange', exchange_id: erased }, confirm: erased },
  });
  const before = await rig.ledger.head();
  const body = { exchange_ids: [whole, erased], label: 'clean' as const };
  expect(await rig.refused(ann, 'label', { body })).toMatchObject({ code: 'not_possible' });
  expect(await rig.ledger.head()).toEqual(before);
});

describe('the control sample', () => {
  it('says with which probability an exchange is in it, whichever queue it is labelled from', async () => {
    const [inside, severe, outside] = [await fresh(), await fresh(), await fresh(false)];
    expect(await give(ann, [inside], { queue: 'control' })).toMatchObject([
      { sampling_probability: RATE, queue: 'control' },
    ]);
    expect(await give(ann, [severe], { queue: 'severe' })).toMatchObject([
      { sampling_probability: RATE, queue: 'severe' },
    ]);
    expect(await give(ann, [outside], { queue: 'severe' })).toMatchObject([{ sampling_probability: null }]);
  });

  it('is not what a caller says that it is', async () => {
    const [inside, outside] = [await fresh(), await fresh(false)];
    const body = { exchange_ids: [inside, outside], label: 'clean' as const, queue: 'control' as const };
    expect(await rig.refused(ann, 'label', { body })).toMatchObject({ code: 'not_possible' });
    const given = { exchange_ids: [inside], label: 'clean', sampling_probability: 1 } as object;
    expect(await rig.refused(ann, 'label', { body: given })).toMatchObject({ code: 'invalid_request' });
  });

  it('is drawn apart from what routes ask their model about', () => {
    const ids = Array.from({ length: 20_000 }, (_, i) => `independent-${i}`);
    const drawn = ids.filter((id) => isDrawn(id, 0.1));
    const asked = drawn.filter((id) => drawOf(id) < 0.1).length;
    // A tenth of a tenth, within five standard deviations.
    expect(Math.abs(asked - drawn.length / 10)).toBeLessThan(5 * Math.sqrt(drawn.length * 0.09));
  });
});

describe('queues', () => {
  it('hold what waits for this reviewer, and count it', async () => {
    const id = await fresh(true, {
      verdict: { overall: { label: 'violation', severity: 'critical', score: 1 }, action: 'blocked' },
    });
    const waiting = async (session: AdminSession) => {
      const { items } = await rig.ask(session, 'read_queue', { params: { queue: 'severe' }, query: { opinions: 2 } });
      return items.map(({ exchange, why }) => [exchange.exchange_id, why]);
    };
    expect(await waiting(ann)).toContainEqual([id, 'stopped']);
    const counts = await rig.ask(ann, 'list_queues', { query: { opinions: 2 } });
    expect(counts.map(({ queue }) => queue).sort()).toEqual(['control', 'disagreements', 'failed', 'severe']);
    await give(ann, [id], { queue: 'severe' });
    expect(await waiting(ann)).not.toContainEqual([id, 'stopped']);
    expect(await waiting(bob)).toContainEqual([id, 'stopped']);
    const after = await rig.ask(ann, 'list_queues', { query: { opinions: 2 } });
    const of = (all: typeof counts) => all.find(({ queue }) => queue === 'severe')?.waiting ?? 0;
    expect(of(counts) - of(after)).toBe(1);
  });

  it('one opinion is enough unless more are wanted', async () => {
    const id = await fresh(true, {
      verdict: { overall: { label: 'violation', severity: 'critical', score: 1 }, action: 'blocked' },
    });
    await give(ann, [id], { queue: 'severe' });
    const ids = async (query: object) =>
      (await rig.ask(bob, 'read_queue', { params: { queue: 'severe' }, query })).items.map(
        ({ exchange }) => exchange.exchange_id,
      );
    expect(await ids({})).not.toContain(id);
    expect(await ids({ opinions: 2 })).toContain(id);
  });
});

describe('taking a label back', () => {
  it('is a record, too; afterwards nothing stands, and another label may be given', async () => {
    const id = await fresh();
    const [label] = await give(ann, [id], { note: 'By mistake.' });
    const labels = await rig.ask(ann, 'withdraw_label', { params: { id: label?.label_id ?? '' } });
    expect(labels.map(({ label: said, replaces, stands }) => [said, replaces, stands])).toEqual([
      ['violation', null, false],
      [null, label?.label_id, labels[1]?.stands],
    ]);
    const { row } = await rig.ask(ann, 'read_exchange', { params: { id } });
    expect(row.labels).toBe(0);
    expect(await give(ann, [id], { label: 'clean' })).toMatchObject([{ label: 'clean', stands: true }]);
    expect((await rig.ask(ann, 'read_exchange', { params: { id } })).row.labels).toBe(1);
  });

  it('is for one’s own label that stands', async () => {
    const id = await fresh();
    const [first] = await give(ann, [id]);
    const own = { params: { id: first?.label_id ?? '' } };
    expect(await rig.refused(bob, 'withdraw_label', own)).toMatchObject({ code: 'not_found' });
    const [second] = await give(ann, [id], { label: 'clean' });
    expect(await rig.refused(ann, 'withdraw_label', own)).toMatchObject({ code: 'not_possible' });
    await rig.ask(ann, 'withdraw_label', { params: { id: second?.label_id ?? '' } });
    const again = { params: { id: second?.label_id ?? '' } };
    expect(await rig.refused(ann, 'withdraw_label', again)).toMatchObject({ code: 'not_possible' });
    for (const strange of ['no-dot-in-it', '.begins', `${id}.`, `${id}.other`, "x' OR 1=1.--"]) {
      expect(await rig.refused(ann, 'withdraw_label', { params: { id: strange } })).toMatchObject({
        code: 'not_found',
      });
    }
  });
});

it('quality is of the labels that stand', async () => {
  const now = rig.rig.clock.ms;
  const query = { since: new Date(now - 1_000).toISOString(), until: new Date(now + 60_000).toISOString() };
  const before = await rig.ask(ann, 'quality', { query });
  const id = await fresh(true, { verdict: { overall: { label: 'violation', severity: 'high', score: 1 } } });
  const [label] = await give(ann, [id], { label: 'violation' });
  const between = await rig.ask(ann, 'quality', { query });
  expect(between.labels - before.labels).toBe(1);
  expect(between.precision.of - before.precision.of).toBe(1);
  await rig.ask(ann, 'withdraw_label', { params: { id: label?.label_id ?? '' } });
  expect(await rig.ask(ann, 'quality', { query })).toEqual(before);
});
