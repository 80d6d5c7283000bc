/** What several calls of models cost together. */

import type { Consultation } from './consult.ts';

export type Spending = Pick<Consultation, 'tokens' | 'costUsd' | 'latencyMs'>;

/** Null where no part is known; money is null, too, when tokens were spent whose price is not known. */
export function addSpending(parts: readonly Spending[]): Spending {
  const tokens = parts.flatMap((part) => part.tokens ?? []);
  const unpriced = parts.some((part) => part.tokens !== null && part.costUsd === null);
  return {
    tokens:
      tokens.length === 0
        ? null
        : { in: sum(tokens.map((part) => part.in)) ?? 0, out: sum(tokens.map((part) => part.out)) ?? 0 },
    costUsd: unpriced ? null : roundedUsd(sum(parts.map((part) => part.costUsd))),
    latencyMs: sum(parts.map((part) => part.latencyMs)),
  };
}

function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}

/** As `costUsd`: to a millionth of a cent. */
function roundedUsd(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1e8) / 1e8;
}
