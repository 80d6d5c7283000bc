/** Costs by the operator's table; what is not known costs null, never nothing. */

import { describe, expect, it } from 'vitest';
import { costUsd, type Prices } from './prices.ts';

const PRICES: Prices = {
  'gpt-5-mini': { input: 0.25, cached_input: 0.025, output: 2 },
  'gpt-5*': { input: 1.25, output: 10 },
  'gpt-5-mini-2025*': { input: 0.3, output: 3 },
  '*': { input: 100, output: 100 },
};

describe('cost', () => {
  it.each<[string, string | null, number | null, number | null, number | null, number | null]>([
    ['exact name', 'gpt-5-mini', 1_000_000, 100_000, null, 0.45],
    ['cached input at its own price', 'gpt-5-mini', 1_000_000, 0, 1_000_000, 0.025],
    ['cached input without its own price', 'gpt-5', 1_000_000, 0, 1_000_000, 1.25],
    ['the longest prefix', 'gpt-5-mini-2025-08-07', 1_000_000, 0, null, 0.3],
    ['a prefix', 'gpt-5-nano', 1_000_000, 0, null, 1.25],
    ['the rest', 'llama', 10_000, 0, null, 1],
    ['more cached than read', 'gpt-5-mini', 10, 0, 1_000, 2.5e-7],
    ['no tokens', 'gpt-5-mini', 0, 0, 0, 0],
    ['no model', null, 1, 1, null, null],
    ['tokens that are not known', 'gpt-5-mini', null, 1, null, null],
    ['output that is not known', 'gpt-5-mini', 1, null, null, null],
  ])('%s', (_, model, tokensIn, tokensOut, cached, cost) => {
    expect(costUsd(PRICES, model, tokensIn, tokensOut, cached)).toBe(cost);
  });

  it('is not known for a model without a price', () => {
    expect(costUsd({ 'gpt-5': { input: 1, output: 1 } }, 'gpt-5-mini', 1, 1, 0)).toBeNull();
    expect(costUsd({}, 'toString', 1, 1, 0)).toBeNull();
    expect(costUsd({}, '__proto__', 1, 1, 0)).toBeNull();
    expect(costUsd({ 'a*': { input: 1, output: 1 } }, 'a*', 1e6, 0, 0)).toBe(1);
  });
});
