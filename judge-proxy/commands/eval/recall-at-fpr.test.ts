/** The best threshold that flags hardly any pass. */

import { expect, it } from 'vitest';
import type { Answered } from './confusion.ts';
import { recallAtFpr } from './recall-at-fpr.ts';

function rows(violations: readonly (number | null)[], passes: readonly (number | null)[]): Answered[] {
  const of = (expected: boolean) => (score: number | null) => ({ expected, said: null, score });
  return [...violations.map(of(true)), ...passes.map(of(false))];
}

const zeros = (count: number) => Array.from({ length: count }, () => 0);

it.each([
  ['apart', rows([3, 2, 2], [1, 0, 0]), { recall: 1, threshold: 2, passes: 3 }],
  ['one pass as high as the violations', rows([3, 3], [3, 0]), { recall: 0, threshold: null, passes: 2 }],
  ['a pass between them', rows([3, 2, 1], [2, 0]), { recall: 1 / 3, threshold: 3, passes: 2 }],
  ['of 100 passes one may be flagged', rows([3, 2], [2, ...zeros(99)]), { recall: 1, threshold: 2, passes: 100 }],
  ['of 99 none', rows([3, 2], [2, ...zeros(98)]), { recall: 0.5, threshold: 3, passes: 99 }],
  ['equal scores stand together', rows([1, 1, 1, 0], [1, 0]), { recall: 0, threshold: null, passes: 2 }],
  ['no violation', rows([], [1]), null],
  ['no pass', rows([1], []), null],
  ['scores that are missing do not count', rows([1, null], [0, null]), { recall: 1, threshold: 1, passes: 1 }],
])('%s', (_, answers, expected) => {
  expect(recallAtFpr(answers, 0.01)).toEqual(expected);
  expect(recallAtFpr(answers.toReversed(), 0.01)).toEqual(expected);
});
