/** Labels of people, gathered by exchange: what they say together, beside what the judge said. Pure. */

import type { LabelledVerdict } from '../../ledger/read-model/rows.ts';
import type { OverallLabel } from '../../ledger/records.ts';

/** What a person can be compared by. `unsure` and `invalid` are no answers to the question. */
export type Answer = 'clean' | 'violation';

/** One exchange that people answered and a judge judged. */
export interface Case {
  readonly exchange_id: string;
  /** RFC 3339, of the first of its labels. */
  readonly ts: string;
  readonly judge: string;
  readonly judge_hash: string;
  readonly said: OverallLabel;
  /** What most people say. */
  readonly truth: Answer;
  /** Labels that it rests on. */
  readonly labels: number;
  /** How many exchanges it stands for: the inverse of the probability of being drawn. Null outside the control sample. */
  readonly weight: number | null;
}

export interface Cases {
  readonly cases: readonly Case[];
  /** Exchanges on which as many say the one as the other. */
  readonly ties: number;
  /** Exchanges of which no judge said anything: its route has none, or it has not judged yet. */
  readonly without_verdict: number;
}

export type Answered = LabelledVerdict & { readonly human: Answer };

export function isAnswer(label: LabelledVerdict): label is Answered {
  return label.human === 'clean' || label.human === 'violation';
}

/** @param labels standing ones: at most one of a reviewer on an exchange */
export function casesOf(labels: readonly LabelledVerdict[]): Cases {
  const byExchange = Map.groupBy(labels.filter(isAnswer), ({ exchange_id }) => exchange_id);
  const counts = { ties: 0, without_verdict: 0 };
  const cases: Case[] = [];
  for (const of of byExchange.values()) {
    const found = caseOf(of);
    if (typeof found === 'string') counts[found] += 1;
    else cases.push(found);
  }
  return { cases, ...counts };
}

function caseOf(labels: readonly Answered[]): Case | 'ties' | 'without_verdict' {
  const [first] = labels;
  if (first === undefined || first.label === null) return 'without_verdict';
  const truth = majority(labels);
  if (truth === null) return 'ties';
  const { exchange_id, judge, judge_hash, label } = first;
  return {
    ...{ exchange_id, judge: judge ?? '', judge_hash: judge_hash ?? '', said: label },
    ts: labels.reduce((earliest, { ts }) => (ts < earliest ? ts : earliest), first.ts),
    ...{ truth, labels: labels.length, weight: weightOf(labels) },
  };
}

function majority(labels: readonly Answered[]): Answer | null {
  const violations = labels.filter(({ human }) => human === 'violation').length;
  const passes = labels.length - violations;
  if (violations === passes) return null;
  return violations > passes ? 'violation' : 'clean';
}

/** A rate that was raised between two labels: it was in the larger sample, too. */
function weightOf(labels: readonly Answered[]): number | null {
  const probability = Math.max(...labels.map(({ sampling_probability }) => sampling_probability ?? 0));
  return probability > 0 ? 1 / probability : null;
}
