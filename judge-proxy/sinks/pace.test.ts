/** Contract: a request goes out when its digest is over or a batch is full, not faster than the rate, not in a pause. */

import { expect, test } from 'vitest';
import { nextAt } from './pace.ts';

const NOW = 1_000_000;
const settings = { batch: 3, rate: 2 };

test.each([
  ['at once', settings, { count: 1, oldest: NOW }, null, 0, NOW],
  ['after the digest', { ...settings, digest: 60_000 }, { count: 1, oldest: NOW }, null, 0, NOW + 60_000],
  ['a full batch does not wait for the digest', { ...settings, digest: 60_000 }, { count: 3, oldest: NOW }, null, 0, 0],
  ['half a second after the last', settings, { count: 1, oldest: NOW - 10_000 }, NOW, 0, NOW + 500],
  ['when the pause is over', settings, { count: 9, oldest: NOW }, NOW, NOW + 5_000, NOW + 5_000],
])('%s', (_name, given, waiting, lastSent, pausedUntil, expected) => {
  expect(nextAt(given, waiting, lastSent, pausedUntil)).toBe(expected);
});
