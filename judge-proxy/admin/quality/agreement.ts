/** Agreement of pairs of answers, and of several pairs of raters together. */

import type { Agreement } from '../../contract/responses.ts';
import { agreementOfTable } from '../../judge/agreement.ts';

/** What two raters said of one thing. */
export type Pair = readonly [a: string, b: string];

/** Agreement of two raters who both answered each thing, with any number of answers. */
export function agreementOf(pairs: readonly Pair[]): Agreement {
  const answers = [...new Set(pairs.flat())];
  const table = answers.map((first) => {
    const second = pairs.flatMap(([a, b]) => (a === first ? [b] : []));
    return answers.map((answer) => second.filter((b) => b === answer).length);
  });
  return agreementOfTable(table);
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
