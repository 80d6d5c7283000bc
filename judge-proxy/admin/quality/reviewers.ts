/** Agreement of people with each other: by pairs of reviewers, over the exchanges that both answered. Pure. */

import type { Quality } from '../../contract/responses.ts';
import type { LabelledVerdict } from '../../ledger/read-model/rows.ts';
import { agreementOf, type Pair } from './agreement.ts';
import { type Answered, isAnswer } from './cases.ts';

/** @returns pairs that have an exchange in common, by name */
export function reviewerPairs(labels: readonly LabelledVerdict[]): Quality['reviewers'] {
  const compared = new Map<string, { readonly a: string; readonly b: string; readonly pairs: Pair[] }>();
  for (const of of Map.groupBy(labels.filter(isAnswer), ({ exchange_id }) => exchange_id).values()) {
    for (const [first, second] of twos(of)) {
      const key = `${first.reviewer}\n${second.reviewer}`;
      const entry = compared.get(key) ?? { a: first.reviewer, b: second.reviewer, pairs: [] };
      compared.set(key, entry);
      entry.pairs.push([first.human, second.human]);
    }
  }
  return [...compared.values()]
    .map(({ a, b, pairs }) => ({ a, b, agreement: agreementOf(pairs) }))
    .sort((one, other) => compare(one.a, other.a) || compare(one.b, other.b));
}

/** Each two once, the lesser name first. */
function twos(labels: readonly Answered[]): (readonly [Answered, Answered])[] {
  if (labels.length < 2) return [];
  const sorted = labels.toSorted((one, other) => compare(one.reviewer, other.reviewer));
  return sorted.flatMap((first, i) => sorted.slice(i + 1).map((second) => [first, second] as const));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
