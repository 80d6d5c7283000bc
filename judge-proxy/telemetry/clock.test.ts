import { expect, test } from 'vitest';
import { newId, systemClock, timestamp } from './clock.ts';

test('a timestamp is RFC 3339 in UTC with milliseconds', () => {
  expect(timestamp({ now: () => 1_700_000_000_001, monotonic: () => 0 })).toBe('2023-11-14T22:13:20.001Z');
});

test("the system's clock is now, and its monotonic side does not go back", () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
  const before = systemClock.monotonic();
  expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
});

test('ids are unique and sort by time', () => {
  const ids = Array.from({ length: 1_000 }, newId);
  expect(new Set(ids).size).toBe(1_000);
  expect(ids.toSorted()).toEqual(ids);
});
