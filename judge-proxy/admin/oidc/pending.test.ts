/** Contract: a sign-in under way is taken out once, ends after ten minutes, and many of them take no more than their room. */

import { expect, test } from 'vitest';
import { sha256 } from '../auth/credentials.ts';
import { MOST_PENDING, PENDING_MS, type Pending, PendingSignIns } from './pending.ts';

const PENDING: Pending = {
  ...{ state: 's', nonce: 'n', verifier: 'v', redirectUri: 'http://localhost/', next: undefined, cookieSha256: null },
  attempt: { good: async () => undefined },
};

function clock() {
  const set = { ms: 0, now: () => set.ms, monotonic: () => set.ms };
  return set;
}

test('once', () => {
  const kept = new PendingSignIns(clock());
  const id = kept.add(PENDING);
  expect(kept.take(sha256(kept.add(PENDING)))).toMatchObject(PENDING);
  expect(kept.take(id)).toBeNull(); // what the cookie holds is kept nowhere
  expect(kept.take(sha256(id))).toMatchObject(PENDING);
  expect(kept.take(sha256(id))).toBeNull();
});

test('for ten minutes, and then its room is free', () => {
  const time = clock();
  const kept = new PendingSignIns(time);
  const [first, second] = [kept.add(PENDING), kept.add(PENDING)];
  time.ms = PENDING_MS - 1;
  expect(kept.take(sha256(first))).not.toBeNull();
  time.ms = PENDING_MS;
  expect(kept.take(sha256(second))).toBeNull();
  kept.add(PENDING);
  time.ms *= 2;
  kept.add(PENDING);
  expect(kept.size).toBe(1);
});

test('a flood drops the oldest alone', () => {
  const kept = new PendingSignIns(clock());
  const oldest = kept.add(PENDING);
  const next = kept.add(PENDING);
  for (let more = 2; more <= MOST_PENDING; more += 1) kept.add(PENDING);
  expect(kept.size).toBe(MOST_PENDING);
  expect(kept.take(sha256(oldest))).toBeNull();
  expect(kept.take(sha256(next))).not.toBeNull();
});
