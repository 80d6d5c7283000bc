/**
 * Contract: κ and PABAK of the textbooks; bounded; the same whoever is called first, however the answers are named and
 * in which order the things come.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agreementOf, meanAgreement, type Pair } from './agreement.ts';

/** @param table how many things the first rater (row) and the second (column) gave these answers */
function pairsOf(table: readonly (readonly number[])[]): Pair[] {
  return table.flatMap((row, a) =>
    row.flatMap((count, b) => Array.from({ length: count }, (): Pair => [`answer-${a}`, `answer-${b}`])),
  );
}

describe('published figures', () => {
  it.each([
    // Cohen 1960, the example of two psychologists and three diagnoses, as counts of 200.
    [
      [
        [88, 14, 18],
        [10, 40, 10],
        [2, 6, 12],
      ],
      0.7,
      0.4915,
    ],
    // Fleiss, Statistical Methods for Rates and Proportions, table of 100 with three answers: κ = .68.
    [
      [
        [75, 1, 4],
        [5, 4, 1],
        [0, 0, 10],
      ],
      0.89,
      0.676,
    ],
    // Feinstein and Cicchetti 1990: equal agreement, and κ of less than half when one answer is rare.
    [
      [
        [40, 9],
        [6, 45],
      ],
      0.85,
      0.7,
    ],
    [
      [
        [80, 10],
        [5, 5],
      ],
      0.85,
      0.32,
    ],
    // Equal agreement, other rates: κ .13 and .26.
    [
      [
        [45, 15],
        [25, 15],
      ],
      0.6,
      0.1304,
    ],
    [
      [
        [25, 35],
        [5, 35],
      ],
      0.6,
      0.2593,
    ],
  ])('%j: agreement %d, κ %d', (table, agreement, kappa) => {
    const found = agreementOf(pairsOf(table));
    expect(found.agreement).toBeCloseTo(agreement, 10);
    expect(found.kappa).toBeCloseTo(kappa, table.length > 2 ? 3 : 2);
    expect(found.pabak).toBeCloseTo(2 * agreement - 1, 10);
  });
});

describe('where it is not defined', () => {
  it('without pairs nothing is', () => {
    expect(agreementOf([])).toEqual({ kappa: null, pabak: null, agreement: null, pairs: 0 });
  });

  it('κ is not when both always gave the same answer', () => {
    expect(
      agreementOf([
        ['clean', 'clean'],
        ['clean', 'clean'],
        ['clean', 'clean'],
      ]),
    ).toEqual({
      kappa: null,
      pabak: 1,
      agreement: 1,
      pairs: 3,
    });
  });
});

const answer = fc.constantFrom('clean', 'violation');
const pairs = fc.array(fc.tuple(answer, answer), { minLength: 1, maxLength: 60 });
const near = (a: number | null, b: number | null) =>
  a === null || b === null ? expect(a).toBe(b) : expect(a).toBeCloseTo(b, 9);

describe('always', () => {
  it('bounded; 1 exactly when all agree', () => {
    fc.assert(
      fc.property(pairs, (all) => {
        const { kappa, pabak, agreement } = agreementOf(all);
        for (const value of [kappa, pabak]) expect(Math.abs(value ?? 0)).toBeLessThanOrEqual(1);
        expect(agreement).toBeGreaterThanOrEqual(0);
        if (kappa !== null) expect(kappa === 1).toBe(agreement === 1);
      }),
    );
  });

  it('the same for raters and answers that change places, and for things in another order', () => {
    fc.assert(
      fc.property(pairs, (all) => {
        const { kappa, pabak } = agreementOf(all);
        const named = (word: string) => (word === 'clean' ? 'violation' : 'clean');
        for (const other of [
          all.map(([a, b]): Pair => [b, a]),
          all.map(([a, b]): Pair => [named(a), named(b)]),
          all.toReversed(),
        ]) {
          near(agreementOf(other).kappa, kappa);
          near(agreementOf(other).pabak, pabak);
        }
      }),
    );
  });

  it('κ is at most the agreement, and nothing of it is by chance alone', () => {
    fc.assert(
      fc.property(pairs, (all) => {
        const { kappa, agreement } = agreementOf(all);
        expect(kappa ?? 0).toBeLessThanOrEqual((agreement ?? 0) + 1e-9);
      }),
    );
  });
});

it('the mean takes each pair of raters alike, without those for which a figure is not defined', () => {
  const perfect = agreementOf(
    pairsOf([
      [5, 0],
      [0, 5],
    ]),
  );
  const none = agreementOf(
    pairsOf([
      [25, 25],
      [25, 25],
    ]),
  );
  const undefinedKappa = agreementOf(pairsOf([[3]]));
  expect(meanAgreement([perfect, none, undefinedKappa])).toEqual({
    kappa: 0.5,
    pabak: (1 + 0 + 1) / 3,
    agreement: (1 + 0.5 + 1) / 3,
    pairs: 113,
  });
  expect(meanAgreement([])).toEqual({ kappa: null, pabak: null, agreement: null, pairs: 0 });
});
