/** Contract: the time that was believed last is of the ledger, and no later record of a wrong clock changes it. */

import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Ledger } from './ledger.ts';
import { believeClock, believedBefore } from './retention-clock.ts';
import { sampleOpened } from './sample-records.ts';
import { VerifyRig } from './verify-rig.ts';

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

it('is that of the last record at first, and stays so', async () => {
  expect(await believedBefore(ledger)).toBeNull();
  await ledger.open(sampleOpened('exchange-1', { ts: '2026-01-01T00:00:00.000Z' }));
  expect(await believedBefore(ledger)).toBe(Date.parse('2026-01-01T00:00:00.000Z'));
  await ledger.open(sampleOpened('exchange-2', { ts: '2027-01-01T00:00:00.000Z' }));
  expect(await believedBefore(ledger)).toBe(Date.parse('2026-01-01T00:00:00.000Z'));
});

it('is what somebody said, over a restart', async () => {
  await believeClock(ledger, 1_234_567_890_123);
  await ledger.close();
  ledger = await rig.open();
  expect(await believedBefore(ledger)).toBe(1_234_567_890_123);
});
