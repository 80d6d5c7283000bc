/** How far two raters say the same of the same things, beyond what chance would give them. */

import type { Agreement } from '../../contract/responses.ts';

/** What two raters said of one thing. */
export type Pair = readonly [a: string, b: string];

/**
 * Agreement of two raters who both answered each thing, with any number of answers.
 *
 * κ = (pₒ − pₑ) / (1 − pₑ), Cohen (Educational and Psychological Measurement 20:37, 1960): pₒ is the share of pairs that
 * agree, pₑ what raters with these rates of each answer would reach by chance, Σ pᵢ·p·ᵢ. Null without pairs, and when
 * both always gave one and the same answer, so that chance alone explains everything.
 *
 * PABAK = 2·pₒ − 1 (Byrt, Bishop, Carlin, Journal of Clinical Epidemiology 46:423, 1993), for two answers: κ falls when
 * one answer is rare although the raters agree as often (Feinstein, Cicchetti, the same journal 43:543, 1990).
 */
export function agreementOf(pairs: readonly Pair[]): Agreement {
  const n = pairs.length;
  if (n === 0) return { kappa: null, pabak: null, agreement: null, pairs: 0 };
  const same = pairs.filter(([a, b]) => a === b).length / n;
  return { kappa: kappa(same, chance(pairs)), pabak: 2 * same - 1, agreement: same, pairs: n };
}

function kappa(same: number, byChance: number): number | null {
  // Shares of counts: nearer to 1 than this is 1, whatever the rounding.
  if (byChance > 1 - 1e-12) return null;
  return Math.max(-1, Math.min(1, (same - byChance) / (1 - byChance)));
}

function chance(pairs: readonly Pair[]): number {
  const first = counts(pairs.map(([a]) => a));
  const second = counts(pairs.map(([, b]) => b));
  const n = pairs.length;
  return [...first].reduce((sum, [answer, count]) => sum + (count / n) * ((second.get(answer) ?? 0) / n), 0);
}

function counts(answers: readonly string[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const answer of answers) found.set(answer, (found.get(answer) ?? 0) + 1);
  return found;
}

/**
 * Mean over pairs of raters, each pair alike: for κ that of Light (Psychological Bulletin 76:365, 1971). Pairs for which
 * a figure is not defined are left out of its mean.
 * @returns `pairs`: things that were compared, in all pairs of raters together
 */
export function meanAgreement(all: readonly Agreement[]): Agreement {
  return {
    kappa: mean(all.map(({ kappa }) => kappa)),
    pabak: mean(all.map(({ pabak }) => pabak)),
    agreement: mean(all.map(({ agreement }) => agreement)),
    pairs: all.reduce((sum, { pairs }) => sum + pairs, 0),
  };
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
