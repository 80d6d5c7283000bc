/**
 * Contract, on a real ledger, with receivers that answer over HTTP: a sink gets what it wants, in order, at least once and
 * recognisably so; a dead one delays nobody, keeps what fits its bound through a restart, and what does not fit is counted
 * and recorded; what a receiver refuses for good does not stop the rest.
 */

import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRecordPages } from '../ledger/record-pages.ts';
import { PAGE } from './feed.ts';
import { Receiver, SinkRig, sinkSettings } from './testing/sink-rig.ts';

let receiver: Receiver;
let rig: SinkRig;

beforeEach(async () => {
  receiver = await Receiver.start();
  rig = new SinkRig();
});
afterEach(async () => {
  await rig.close();
  await receiver.close();
});

/** Two starts of everything, on a machine that is busy. */
const RESTART = { timeout: 90_000 };

interface Sent {
  readonly dedup_key: string;
  readonly kind: string;
  readonly seq: number;
  readonly record: { readonly exchange_id: string };
}
const sent = (): Sent[] => receiver.requests.flatMap(({ body }) => (JSON.parse(body) as { data: Sent[] }).data);
const ids = () => sent().map(({ record }) => record.exchange_id);

/** Gap records of the ledger. */
function gaps() {
  const pages = openRecordPages(rig.url);
  const rows = pages.page({ kinds: ['export_gap'], after: 0, upTo: 1_000_000, limit: 100 });
  pages.close();
  return rows.map(({ body }) => JSON.parse(body ?? '') as { records: number; reason: string; from_seq: number });
}

describe('delivery', () => {
  test('each verdict arrives once, in order, signed, with a key of its own', async () => {
    await rig.start([sinkSettings(receiver.url, { secret: 'a secret of words', batch: 2 })]);
    const expected = [await rig.judged(), await rig.judged(), await rig.judged()];
    await receiver.until(() => ids().length === 3);
    expect(ids()).toEqual(expected);
    expect(new Set(sent().map(({ dedup_key }) => dedup_key)).size).toBe(3);
    for (const { headers, body } of receiver.requests) {
      const key = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
      const signature = createHmac('sha256', 'a secret of words').update(key).digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${signature}`);
    }
  });

  test('only what is wanted: label, severity, route, kind of event', async () => {
    const wanted = { labels: ['violation'], min_severity: 'high', routes: ['openai'], events: ['verdicts'] };
    await rig.start([sinkSettings(receiver.url, wanted)]);
    const violation = { label: 'violation', severity: 'high', score: 1 } as const;
    await rig.judged();
    await rig.judged({ overall: { ...violation, severity: 'low' } });
    await rig.judged({ overall: violation, route: 'other' });
    const id = await rig.judged({ overall: violation });
    await receiver.until(() => ids().length > 0);
    expect(ids()).toEqual([id]);
  });

  test('two sinks have places of their own, and a test event goes out at once', async () => {
    const other = await Receiver.start();
    try {
      await rig.start([sinkSettings(receiver.url), sinkSettings(other.url, { name: 'other', type: 'slack' })]);
      other.answer = () => ({ status: 500 });
      const id = await rig.judged();
      await receiver.until(() => ids().length === 1);
      expect(ids()).toEqual([id]);
      expect(await rig.sinks.test('soc')).toBeNull();
      expect(await rig.sinks.test('other')).toBe('http_500');
      expect(await rig.sinks.test('nobody')).toBeUndefined();
    } finally {
      await other.close();
    }
  });

  test('a test event of a thread that is gone has its answer, too', async () => {
    await rig.start([sinkSettings(receiver.url)]);
    await rig.sinks.close();
    expect(await rig.sinks.test('soc')).toBe('stopped');
  });

  test('a checkpoint goes to the sinks that want it, and to no other', async () => {
    const other = await Receiver.start();
    try {
      const settings = sinkSettings(receiver.url, { events: ['checkpoints'] });
      await rig.start([settings, sinkSettings(other.url, { name: 'other' })]);
      rig.sinks.checkpoint('l', 7, JSON.stringify({ ts: '2026-01-31T12:00:00.000Z', size: 7 }));
      const id = await rig.judged();
      await receiver.until(() => receiver.requests.length === 1);
      await other.until(() => other.requests.length === 1);
      expect(sent()).toEqual([
        {
          dedup_key: 'l:checkpoint:7',
          kind: 'checkpoints',
          seq: 7,
          record: { ts: '2026-01-31T12:00:00.000Z', size: 7 },
        },
      ]);
      expect(other.requests[0]?.body).toContain(id);
    } finally {
      await other.close();
    }
  });
});

describe('the checkpoint of a stop', () => {
  const settings = () => [sinkSettings(receiver.url, { events: ['checkpoints'] })];
  const sizes = () => sent().map(({ seq }) => seq);
  const interval = 3_600_000;

  test('is made when the sinks have ended: the next start sends it, once', RESTART, async () => {
    const checkpoints = { records: 1_000, interval, copies: [] };
    await rig.start(settings(), checkpoints);
    await rig.judged();
    await rig.stop();
    expect(receiver.requests).toEqual([]);
    const made = rig.log.lines.filter(({ event }) => event === 'checkpoint').map(({ fields }) => fields.size);
    expect(made).toHaveLength(1);
    await rig.start(settings(), { ...checkpoints, records: 1 });
    await receiver.until(() => sizes().length > 0);
    await rig.until(() => rig.sinks.rows()[0]?.waiting === 0);
    // As another start tells it: it has arrived, and the next that comes is a later one.
    rig.ledger.onCheckpoint((one) => rig.sinks.checkpoint(one.ledger_id, one.size, JSON.stringify(one)));
    await rig.judged();
    await receiver.until(() => sizes().length > 1);
    expect(sizes()[0]).toBe(made[0]);
    expect(sizes()[1]).toBeGreaterThan(Number(made[0]));
  });
});

describe('a receiver that fails', () => {
  test('nothing is lost and nothing overtakes: tried again with the same id until it takes it', async () => {
    let isDead = true;
    receiver.answer = () => ({ status: isDead ? 503 : 204, headers: { 'retry-after': '0' } });
    await rig.start([sinkSettings(receiver.url)]);
    const expected = [await rig.judged()];
    await receiver.until(() => receiver.requests.length === 1);
    await rig.until(() => rig.sinks.rows()[0]?.state === 'retrying');
    isDead = false;
    expected.push(await rig.judged());
    await rig.until(() => rig.sinks.rows()[0]?.delivered === 2);
    expect(ids().filter((id, index, all) => all.indexOf(id) === index)).toEqual(expected);
    expect(rig.log.lines.map(({ event }) => event)).toContain('sink_recovered');
    expect(rig.sinks.rows()[0]).toMatchObject({ state: 'ok', last_error: null, waiting: 0 });
  });

  test('what waits is sent after a restart', RESTART, async () => {
    receiver.answer = () => ({ status: 500 });
    await rig.start([sinkSettings(receiver.url)]);
    const expected = [await rig.judged(), await rig.judged()];
    await receiver.until(() => receiver.requests.length === 1);
    await rig.stop();
    receiver.requests.length = 0;
    receiver.answer = () => ({ status: 204 });
    await rig.start([sinkSettings(receiver.url)]);
    await receiver.until(() => ids().length === 2);
    expect(ids()).toEqual(expected);
  });

  test('one that it cannot take does not stop the others, and the ledger says which it never got', async () => {
    await rig.start([sinkSettings(receiver.url, { digest: '50ms' })]);
    let poison = '';
    receiver.answer = ({ body }) => ({ status: body.includes(poison) ? 400 : 204 });
    const first = await rig.judged();
    poison = await rig.judged();
    const last = await rig.judged();
    await rig.until(() => rig.sinks.rows()[0]?.gaps === 1 && rig.sinks.rows()[0]?.delivered === 2);
    expect(gaps()).toMatchObject([{ records: 1, reason: 'refused' }]);
    const taken = receiver.requests.filter(({ body }) => !body.includes(poison)).flatMap(({ body }) => body);
    expect(taken.join()).toContain(first);
    expect(taken.join()).toContain(last);
  });

  test('a peer that redirects is not followed', async () => {
    const other = await Receiver.start();
    try {
      receiver.answer = () => ({ status: 302, headers: { location: other.url } });
      await rig.start([sinkSettings(receiver.url)]);
      await rig.judged();
      await rig.until(() => rig.sinks.rows()[0]?.last_error === 'http_302');
      expect(other.requests).toEqual([]);
    } finally {
      await other.close();
    }
  });

  test('an address inside that nobody listed is not dialled', async () => {
    await rig.start([sinkSettings(receiver.url, { allow_addresses: [] })]);
    await rig.judged();
    await rig.until(() => rig.sinks.rows()[0]?.state === 'retrying');
    expect(rig.sinks.rows()[0]?.last_error).toBe('address_denied');
    expect(receiver.requests).toEqual([]);
  });
});

describe('the bound', () => {
  test('what does not fit stays in the ledger, is skipped by the page, counted and recorded', async () => {
    let isDead = true;
    receiver.answer = () => ({ status: isDead ? 500 : 204 });
    const bound = 3;
    await rig.start([sinkSettings(receiver.url, { bound, batch: 1_000 })]);
    const all: string[] = [];
    // A full page beyond the bound, and one record more.
    for (let count = 0; count < bound + PAGE + 1; count += 1) all.push(await rig.judged());
    await rig.until(() => rig.sinks.rows()[0]?.gaps === PAGE);
    expect(gaps()).toMatchObject([{ records: PAGE, reason: 'bound' }]);
    isDead = false;
    // The rest was never lost: it comes when there is room.
    await receiver.until(() => ids().includes(all.at(-1) ?? ''));
    const arrived = new Set(ids());
    expect(all.filter((id) => arrived.has(id))).toHaveLength(bound + 1);
    expect(rig.log.lines.some(({ event, fields }) => event === 'sink_gap' && fields.count === PAGE)).toBe(true);
  });
});
