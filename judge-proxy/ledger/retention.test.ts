/**
 * Contract of retention: the tiers that have a time are erased by age, the widest first, every tenth of the shortest time
 * within a second and an hour; a run that fails is told and tried again; nothing is asked once it is stopped.
 */

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ProxyError } from '../errors.ts';
import type { ErasureOrder, ErasureReport } from './ledger.ts';
import { type RetentionSettings, startRetention } from './retention.ts';
import { KeptLog } from './sample-records.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-01-31T00:00:00.000Z');

let orders: ErasureOrder[];
let log: KeptLog;
let answer: () => Promise<ErasureReport>;

beforeEach(() => {
  vi.useFakeTimers();
  orders = [];
  log = new KeptLog();
  answer = async () => ({ erasure_id: 'e', exchanges: 2, records: 9, left: 0, kept: 0 });
});
afterEach(() => vi.useRealTimers());

function start(settings: RetentionSettings) {
  const erase = (order: ErasureOrder) => {
    orders.push(order);
    return answer();
  };
  return startRetention({ settings, ledger: { erase }, clock: { now: () => NOW, monotonic: () => NOW }, log });
}

it('erases each tier by its age, the widest first', async () => {
  const stop = start({ sealed: DAY, text: 10 * DAY, metadata: 20 * DAY });
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(orders.map(({ tier, scope }) => [tier, scope])).toEqual([
    ['metadata', { kind: 'age', before: '2026-01-11T00:00:00.000Z', age_ms: 20 * DAY }],
    ['text', { kind: 'age', before: '2026-01-21T00:00:00.000Z', age_ms: 10 * DAY }],
    ['sealed', { kind: 'age', before: '2026-01-30T00:00:00.000Z', age_ms: DAY }],
  ]);
  expect(orders[0]).toMatchObject({ actor: { kind: 'system', name: 'retention' }, reason: 'retention' });
  expect(log.lines[0]).toMatchObject({ event: 'erased', fields: { state: 'metadata', count: 2 } });
  stop();
  await vi.advanceTimersByTimeAsync(DAY);
  expect(orders).toHaveLength(3);
});

it.each([
  [10, 1_000],
  [60_000, 6_000],
  [365 * DAY, 3_600_000],
])('with %i ms it looks every %i ms', async (text, every) => {
  const stop = start({ text });
  await vi.advanceTimersByTimeAsync(every - 1);
  expect(orders).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(2 * every + 1);
  expect(orders).toHaveLength(3);
  stop();
});

it('nothing is erased unless a time is set', async () => {
  start({})();
  start({});
  await vi.advanceTimersByTimeAsync(DAY);
  expect(orders).toEqual([]);
});

it('a run that fails is told and tried again, and one that lasts is not doubled', async () => {
  answer = () => Promise.reject(new ProxyError('ledger_unavailable', { reason: 'locked' }));
  const stop = start({ text: DAY });
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(log.lines).toMatchObject([{ level: 'warn', event: 'erasure_failed', fields: { cause: 'locked' } }]);
  const { promise, resolve } = Promise.withResolvers<ErasureReport>();
  answer = () => promise;
  await vi.advanceTimersByTimeAsync(5 * 3_600_000);
  expect(orders).toHaveLength(2);
  resolve({ erasure_id: 'e', exchanges: 0, records: 0, left: 0, kept: 0 });
  stop();
});
