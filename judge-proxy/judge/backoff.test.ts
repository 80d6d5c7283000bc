/** Waiting grows, has an end, varies a little, and respects what the provider asks for within reason. */

import { describe, expect, it } from 'vitest';
import { backoffMs, isLastAttempt } from './backoff.ts';

const bytes = (value: number) => () => Uint8Array.of(value);

describe('back-off', () => {
  it.each<[number, number | null, number, number]>([
    [1, null, 90, 110],
    [2, null, 180, 220],
    [4, null, 720, 880],
    [20, null, 4_500, 5_500],
    [1, 2_000, 2_000, 2_000],
    [7, 10, 4_500, 5_500],
    [1, 3_600_000, 60_000, 60_000],
  ])('attempt %i, Retry-After %s: %i to %i ms', (attempt, retryAfter, least, most) => {
    expect(backoffMs(attempt, retryAfter, bytes(0))).toBe(least);
    expect(backoffMs(attempt, retryAfter, bytes(255))).toBe(most);
  });
});

it('ends after five tries, after two when each took the whole time of a call', () => {
  const tries = [1, 2, 3, 4, 5, 6];
  expect(tries.map((attempt) => isLastAttempt(attempt, 'provider_error'))).toEqual([
    false,
    false,
    false,
    false,
    true,
    true,
  ]);
  expect(tries.map((attempt) => isLastAttempt(attempt, 'timeout'))).toEqual([false, true, true, true, true, true]);
});
