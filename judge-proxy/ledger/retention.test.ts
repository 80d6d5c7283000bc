/**
 * Contract of retention: the tiers that have a time are erased by age, the widest first, every tenth of the shortest time
 * within a second and an hour; a run that fails is told and tried again; nothing is asked once it is stopped. A clock that
 * leapt erases nothing until it was steady for a day, also over restarts; that is told once, and shown.
 */

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ProxyError } from '../errors.ts';
import type { ErasureOrder, ErasureReport } from './ledger.ts';
import { type RetentionSettings, startRetention } from './retention.ts';
import { KeptLog } from './sample-records.ts';
import type { Change } from './tables/statements-of-tables.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-01-31T00:00:00.000Z');

let orders: ErasureOrder[];
let stored: number | null;
let wall: number;
let began: number;
let log: KeptLog;
let answer: () => Promise<ErasureReport>;

beforeEach(() => {
  vi.useFakeTimers();
  orders = [];
  stored = null;
  wall = NOW;
  began = Date.now();
  log = new KeptLog();
  answer = async () => ({ erasure_id: 'e', exchanges: 2, records: 9, left: 0, kept: 0 });
});
afterEach(() => vi.useRealTimers());

/** Of a ledger whose last record is of that time. The clock goes on with the timers, from `wall`. */
function start(settings: RetentionSettings, last: number | null = NOW) {
  const erase = (order: ErasureOrder) => {
    orders.push(order);
    return answer();
  };
  const append = async (_records: unknown, [change]: readonly Change[] = []) => {
    stored = Number(change?.[2]);
    return [];
  };
  const rows = async <T>() => [] as T[];
  const monotonic = () => Date.now() - began;
  const clock = { now: () => wall + monotonic(), monotonic };
  return startRetention({ settings, ledger: { erase, append, rows }, clock, believed: stored ?? last, log });
}

it('erases each tier by its age, the widest first', async () => {
  const { stop } = start({ sealed: DAY, text: 10 * DAY, metadata: 20 * DAY });
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(orders.map(({ tier, scope }) => [tier, scope])).toEqual([
    ['metadata', { kind: 'age', before: '2026-01-11T01:00:00.000Z', age_ms: 20 * DAY }],
    ['text', { kind: 'age', before: '2026-01-21T01:00:00.000Z', age_ms: 10 * DAY }],
    ['sealed', { kind: 'age', before: '2026-01-30T01:00:00.000Z', age_ms: DAY }],
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
  const { stop } = start({ text });
  await vi.advanceTimersByTimeAsync(every - 1);
  expect(orders).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(2 * every + 1);
  expect(orders).toHaveLength(3);
  stop();
});

it('nothing is erased unless a time is set', async () => {
  start({}).stop();
  start({});
  await vi.advanceTimersByTimeAsync(DAY);
  expect(orders).toEqual([]);
});

it('a run that fails is told and tried again, and one that lasts is not doubled', async () => {
  answer = () => Promise.reject(new ProxyError('ledger_unavailable', { reason: 'locked' }));
  const { stop } = start({ text: DAY });
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(log.lines).toMatchObject([{ level: 'warn', event: 'erasure_failed', fields: { cause: 'locked' } }]);
  const { promise, resolve } = Promise.withResolvers<ErasureReport>();
  answer = () => promise;
  await vi.advanceTimersByTimeAsync(5 * 3_600_000);
  expect(orders).toHaveLength(2);
  resolve({ erasure_id: 'e', exchanges: 0, records: 0, left: 0, kept: 0 });
  stop();
});

const HOUR = 3_600_000;
const YEAR = 365 * DAY;
const tellings = () => log.lines.map(({ event }) => event).filter((event) => event.startsWith('retention'));

it('a clock that leaps while it runs erases nothing for a day, and is told once', async () => {
  const { health, stop } = start({ text: 100 * DAY });
  await vi.advanceTimersByTimeAsync(2 * HOUR);
  expect([orders.length, health()]).toEqual([2, { ok: true, cause: null }]);
  wall += YEAR;
  await vi.advanceTimersByTimeAsync(24 * HOUR);
  expect([orders.length, health()]).toEqual([2, { ok: false, cause: 'held' }]);
  expect(log.lines.filter(({ event }) => event === 'retention_held')).toEqual([
    {
      level: 'warn',
      event: 'retention_held',
      fields: { cause: 'clock_leapt', reason: expect.stringContaining('npm run erase -- --retention-now') },
    },
  ]);
  await vi.advanceTimersByTimeAsync(HOUR);
  expect([orders.length, health()]).toEqual([3, { ok: true, cause: null }]);
  expect(tellings()).toEqual(['retention_held', 'retention_resumed']);
  stop();
});

it('one that is set right again is believed at once', async () => {
  const { stop } = start({ text: 100 * DAY });
  await vi.advanceTimersByTimeAsync(HOUR);
  wall += YEAR;
  await vi.advanceTimersByTimeAsync(3 * HOUR);
  expect(orders).toHaveLength(1);
  wall -= YEAR;
  await vi.advanceTimersByTimeAsync(HOUR);
  expect(orders).toHaveLength(2);
  expect(tellings()).toEqual(['retention_held', 'retention_resumed']);
  stop();
});

it('one that leaps each day is never believed, in small leaps neither', async () => {
  const { stop } = start({ text: 100 * DAY });
  for (let hour = 0; hour < 100; hour += 1) {
    wall += 3 * HOUR;
    await vi.advanceTimersByTimeAsync(HOUR);
  }
  // Until the leaps together are more than a day.
  expect(orders).toHaveLength(8);
  stop();
});

it('after a week without a record it waits for a day; a restart begins the day anew, and a record of this clock ends it not', async () => {
  wall = NOW + 7 * DAY;
  const first = start({ text: 100 * DAY }, NOW);
  expect(first.health()).toEqual({ ok: false, cause: 'held' });
  await vi.advanceTimersByTimeAsync(20 * HOUR);
  first.stop();
  const second = start({ text: 100 * DAY }, NOW);
  await vi.advanceTimersByTimeAsync(23 * HOUR);
  expect(orders).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(2 * HOUR);
  expect(orders).toHaveLength(2);
  second.stop();
  // What was believed is kept: the next start does not ask the last record.
  const third = start({ text: 100 * DAY }, NOW + YEAR);
  expect(third.health().ok).toBe(true);
  third.stop();
});

it('a restart on a wrong clock stays held, whatever was recorded by that clock', async () => {
  const first = start({ text: 100 * DAY });
  await vi.advanceTimersByTimeAsync(HOUR);
  first.stop();
  wall += YEAR;
  for (let restart = 0; restart < 3; restart += 1) {
    const again = start({ text: 100 * DAY }, wall);
    await vi.advanceTimersByTimeAsync(20 * HOUR);
    again.stop();
  }
  expect(orders).toHaveLength(1);
});

it('a night, and a clock that is set back, hold nothing', async () => {
  wall = NOW + 20 * HOUR;
  const { stop } = start({ text: 100 * DAY });
  await vi.advanceTimersByTimeAsync(HOUR);
  wall -= YEAR;
  await vi.advanceTimersByTimeAsync(HOUR);
  expect([orders.length, tellings()]).toEqual([2, []]);
  stop();
});
