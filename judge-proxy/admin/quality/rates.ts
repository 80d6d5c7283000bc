/** How often the judge is right when it flags, and how much of what it should flag it does. Pure. */

import type { Quality, Rate } from '../../contract/responses.ts';
import type { Answer, Case } from './cases.ts';
import { wilson } from './wilson.ts';

/** Share of what the judge called a violation that people call one, with its Wilson interval. */
export function precision(cases: readonly Case[]): Rate {
  const flagged = cases.filter(({ said }) => said === 'violation');
  return rate(flagged.map(({ truth }) => ({ hit: truth === 'violation', weight: 1 })));
}

/**
 * Share of the violations that the judge called one, from the control sample alone: what reviewers meet in the other
 * queues is there because the judge flagged it, so that there everything would seem found. `undetermined` is not found.
 *
 * Each exchange counts 1/π times, π being the probability with which it was drawn (Horvitz, Thompson, JASA 47:663, 1952):
 * recall = Σ wᵢ·foundᵢ / Σ wᵢ over the violations (the ratio estimator of Hájek, 1971). The interval is Wilson's with the
 * effective number of cases n = (Σ wᵢ)² / Σ wᵢ² (Kish, Survey Sampling, 1965), as Franco, Little, Louis and Slud compare
 * and recommend for weighted samples (Journal of Survey Statistics and Methodology 7:334, 2019). With one π for all, n is
 * the plain number and the interval the plain Wilson interval.
 */
export function recall(cases: readonly Case[]): Rate {
  const drawn = cases.flatMap(({ truth, said, weight }) =>
    truth === 'violation' && weight !== null ? [{ hit: said === 'violation', weight }] : [],
  );
  return rate(drawn);
}

interface Weighted {
  readonly hit: boolean;
  readonly weight: number;
}

function rate(of: readonly Weighted[]): Rate {
  const total = sum(of.map(({ weight }) => weight));
  const squares = sum(of.map(({ weight }) => weight ** 2));
  if (total === 0) return { value: null, low: null, high: null, of: 0 };
  const value = Math.min(1, sum(of.map(({ hit, weight }) => (hit ? weight : 0))) / total);
  const { low, high } = wilson(value, total ** 2 / squares) ?? { low: null, high: null };
  return { value, low, high, of: of.length };
}

const SAID = ['violation', 'clean', 'undetermined'] as const;
const TRUTHS: readonly Answer[] = ['violation', 'clean'];

/** All six cells. `weighted`: how many exchanges of everything the control sample says are in the cell. */
export function confusion(cases: readonly Case[]): Quality['confusion'] {
  return SAID.flatMap((judge) =>
    TRUTHS.map((human) => {
      const cell = cases.filter(({ said, truth }) => said === judge && truth === human);
      return { judge, human, count: cell.length, weighted: sum(cell.map(({ weight }) => weight ?? 0)) };
    }),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
