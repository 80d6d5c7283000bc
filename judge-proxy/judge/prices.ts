/** What a call of a model costs, by the operator's own table. */

import { priceKey } from '../config/price-key.ts';

export interface Price {
  /** US dollars per million tokens. */
  readonly input: number;
  readonly cached_input?: number | undefined;
  readonly output: number;
}

export type Prices = Readonly<Record<string, Price>>;

/**
 * @param prices by exact model name, or by a prefix of it ended by `*`; exact names win, then the longest prefix
 * @param tokensIn with the cached ones
 * @param tokensCached part of `tokensIn` that came from the provider's cache; null counts as none
 * @returns US dollars, null when the model's price or its tokens are not known
 */
export function costUsd(
  prices: Prices,
  model: string | null,
  tokensIn: number | null,
  tokensOut: number | null,
  tokensCached: number | null,
): number | null {
  if (model === null || tokensIn === null || tokensOut === null) return null;
  const price = priceOf(prices, model);
  if (price === null) return null;
  const cached = Math.min(tokensCached ?? 0, tokensIn);
  const input = (tokensIn - cached) * price.input + cached * (price.cached_input ?? price.input);
  return roundedUsd((input + tokensOut * price.output) / 1e6);
}

function priceOf(prices: Prices, model: string): Price | null {
  const key = priceKey(prices, model);
  return key === null ? null : (prices[key] ?? null);
}

/** To a millionth of a cent: sums of floats leave digits that mean nothing. */
function roundedUsd(value: number): number {
  return Math.round(value * 1e8) / 1e8;
}
