/** Figures against matrices that were worked out by hand. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Answered,
  type Confusion,
  confusionOf,
  fpr,
  kappa,
  pabak,
  precision,
  recall,
  recallOfAll,
} from './confusion.ts';

function matrix(tp: number, fp: number, fn: number, tn: number, violations = 0, passes = 0): Confusion {
  return { tp, fp, fn, tn, unanswered_violations: violations, unanswered_passes: passes };
}

const row = (expected: boolean, said: boolean | null): Answered => ({ expected, said, score: null });

it('counts each answer once, and what was not answered on its own', () => {
  const rows = [
    row(true, true),
    row(true, false),
    row(false, true),
    row(false, false),
    row(true, null),
    row(false, null),
  ];
  expect(confusionOf([...rows, row(true, null)])).toEqual(matrix(1, 1, 1, 1, 2, 1));
});

describe.each([
  // κ of (20, 5, 10, 15): observed 35/50, by chance (30·25 + 20·25)/2500 = 0.5, so 0.4.
  [
    'Cohen’s own kind of table',
    matrix(20, 5, 10, 15),
    { precision: 0.8, recall: 2 / 3, fpr: 0.25, kappa: 0.4, pabak: 0.4 },
  ],
  ['all right', matrix(10, 0, 0, 90), { precision: 1, recall: 1, fpr: 0, kappa: 1, pabak: 1 }],
  ['all wrong', matrix(0, 5, 5, 0), { precision: 0, recall: 0, fpr: 1, kappa: -1, pabak: -1 }],
  // 1 of 100 is a violation and is missed: agreement of 99 % and a κ of 0.
  ['rare and missed', matrix(0, 0, 1, 99), { precision: null, recall: 0, fpr: 0, kappa: 0, pabak: 0.98 }],
  ['nothing but passes', matrix(0, 0, 0, 7), { precision: null, recall: null, fpr: 0, kappa: null, pabak: 1 }],
  ['empty', matrix(0, 0, 0, 0), { precision: null, recall: null, fpr: null, kappa: null, pabak: null }],
])('%s', (_, confusion, expected) => {
  it.each(Object.entries({ precision, recall, fpr, kappa, pabak }))('%s', (name, figure) => {
    const value = expected[name as keyof typeof expected];
    if (value === null) expect(figure(confusion)).toBeNull();
    else expect(figure(confusion)).toBeCloseTo(value, 12);
  });
});

it('an answer that never came lowers recall of all, and recall not', () => {
  expect(recall(matrix(9, 0, 1, 5, 10))).toBe(0.9);
  expect(recallOfAll(matrix(9, 0, 1, 5, 10))).toBe(0.45);
});

it('every figure stays in its range', () => {
  const count = fc.nat(500);
  fc.assert(
    fc.property(count, count, count, count, (tp, fp, fn, tn) => {
      const confusion = matrix(tp, fp, fn, tn);
      for (const share of [precision, recall, fpr]) {
        const value = share(confusion) ?? 0;
        expect(value >= 0 && value <= 1).toBe(true);
      }
      for (const agreement of [kappa, pabak]) {
        const value = agreement(confusion) ?? 0;
        expect(value >= -1.000001 && value <= 1.000001).toBe(true);
      }
    }),
  );
});
