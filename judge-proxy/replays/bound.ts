/**
 * What a replay may spend. There is always a bound: an estimate knows neither how long a model thinks nor how often it has
 * to be asked again, and nobody watches a job for hours. Whoever wants more says how much.
 */

import type { Estimate } from './estimate.ts';

/** In money where prices are known, else in tokens; at least one of the two. */
export interface Bound {
  /** US dollars. */
  readonly usd: number | null;
  /** Of questions and answers together. */
  readonly tokens: number | null;
}

export type BoundName = 'max_usd' | 'max_tokens';

/** Unless another bound is given: so many times what was estimated. */
export const TIMES_ESTIMATED = 2;
/** However little was estimated. */
const LEAST = { usd: 0.01, tokens: 10_000 } as const;

/** Pure. */
export function defaultBound({ usd, models }: Pick<Estimate, 'usd' | 'models'>): Bound {
  if (usd !== null) return { usd: Math.max(LEAST.usd, TIMES_ESTIMATED * usd.most), tokens: null };
  const tokens = models.reduce((sum, model) => sum + model.tokens.in + model.tokens.out, 0);
  return { usd: null, tokens: Math.max(LEAST.tokens, TIMES_ESTIMATED * tokens) };
}
