/** Contract of `npm run review` on what was erased: it is said, nothing fails, and nothing looks like a pass. */

import { afterEach, beforeEach, expect, it } from 'vitest';
import { judgedExchange, order } from '../ledger/erasure-rig.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { VerifyRig } from '../ledger/verify-rig.ts';
import { run } from './review/review-rig.ts';

let rig: VerifyRig;
let ledger: Ledger;

beforeEach(async () => {
  rig = new VerifyRig();
  ledger = await rig.open();
  await judgedExchange(ledger, 'first-exchange', 'team-a', '2026-01-01T00:00:00.000Z');
});
afterEach(async () => {
  await ledger.close();
  rig.remove();
});

const scope = { kind: 'exchange', exchange_id: 'first-exchange' } as const;

it('shows a verdict without its words, and that they are gone', async () => {
  await ledger.erase(order('text', scope));
  const { code, stdout } = await run(['show', 'first-exchange', '--ledger', rig.url]);
  expect(code).toBe(0);
  expect(stdout).toContain('erased      quotes, explanations and previews');
  expect(stdout).toMatch(/CONVERSATION.*\n *NOT JUDGED.*the content was erased/);
  expect(stdout).not.toContain('quote-first-exchange');
  expect((await run(['list', '--ledger', rig.url])).code).toBe(0);
});

it('knows nothing of an exchange whose metadata is gone', async () => {
  await ledger.erase(order('metadata', scope));
  expect(await run(['show', 'first-exchange', '--ledger', rig.url])).toMatchObject({ code: 1 });
  const { code, stdout } = await run(['list', '--ledger', rig.url]);
  expect([code, stdout]).toEqual([0, expect.not.stringContaining('first-exchange')]);
});
