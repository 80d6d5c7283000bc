/** Sums say what is known: null is not nothing, and money is unknown where tokens have no price. */

import { expect, it } from 'vitest';
import { addSpending, type Spending } from './spent.ts';

const NONE: Spending = { tokens: null, costUsd: null, latencyMs: null };
const PAID: Spending = { tokens: { in: 3, out: 1 }, costUsd: 0.1, latencyMs: 10 };

it.each<[string, readonly Spending[], Spending]>([
  ['nothing', [], NONE],
  ['no call', [NONE, NONE], NONE],
  ['one call among none', [NONE, PAID], PAID],
  ['two calls', [PAID, PAID], { tokens: { in: 6, out: 2 }, costUsd: 0.2, latencyMs: 20 }],
  [
    'sums without digits that mean nothing',
    [PAID, { ...PAID, costUsd: 0.2 }],
    { tokens: { in: 6, out: 2 }, costUsd: 0.3, latencyMs: 20 },
  ],
  [
    'a price that is not known',
    [PAID, { ...PAID, costUsd: null }],
    { tokens: { in: 6, out: 2 }, costUsd: null, latencyMs: 20 },
  ],
  [
    'a call that failed: it took time and nothing else',
    [PAID, { ...NONE, latencyMs: 5 }],
    { tokens: { in: 3, out: 1 }, costUsd: 0.1, latencyMs: 15 },
  ],
])('%s', (_, parts, sum) => {
  expect(addSpending(parts)).toEqual(sum);
});
