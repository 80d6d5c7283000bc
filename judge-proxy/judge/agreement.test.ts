/** Contract: the console and the card of an evaluation give the same figures for the same answers. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { agreementOf } from '../admin/quality/agreement.ts';
import { kappa, pabak } from '../commands/eval/confusion.ts';
import { agreementOfTable } from './agreement.ts';

const count = fc.nat({ max: 40 });

it('one figure for one table, whoever asks', () => {
  fc.assert(
    fc.property(count, count, count, count, (tp, fn, fp, tn) => {
      const table = [
        [tp, fn],
        [fp, tn],
      ];
      const figures = agreementOfTable(table);
      const confusion = { tp, fn, fp, tn, unanswered_violations: 3, unanswered_passes: 4 };
      expect([kappa(confusion), pabak(confusion)]).toEqual([figures.kappa, figures.pabak]);
      const words = ['violation', 'clean'] as const;
      const pairs = table.flatMap((row, a) =>
        row.flatMap((n, b) => Array.from({ length: n }, () => [words[a] ?? '', words[b] ?? ''] as const)),
      );
      expect(agreementOf(pairs)).toEqual(figures);
    }),
  );
});

it('is bounded, and not defined where chance explains everything, at any size', () => {
  expect(agreementOfTable([[3_000_000]])).toEqual({ kappa: null, pabak: 1, agreement: 1, pairs: 3_000_000 });
  const table = [
    [3_000_000, 0],
    [1, 0],
  ];
  expect(agreementOfTable(table).kappa).toBe(0);
});
