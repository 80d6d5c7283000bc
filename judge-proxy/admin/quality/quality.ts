/** All figures of agreement, from the labels that stand. Pure. */

import type { Agreement, Quality } from '../../contract/responses.ts';
import type { LabelledVerdict } from '../../ledger/read-model/rows.ts';
import { agreementOf, meanAgreement } from './agreement.ts';
import { type Case, casesOf, isAnswer } from './cases.ts';
import { confusion, precision, recall } from './rates.ts';
import { reviewerPairs } from './reviewers.ts';

/** @param labels standing ones, in any order: the figures do not depend on it */
export function qualityOf(labels: readonly LabelledVerdict[]): Quality {
  const { cases, ties, without_verdict } = casesOf(labels);
  const blind = labels.filter((label) => label.blind);
  const reviewers = reviewerPairs(labels);
  return {
    confusion: confusion(cases),
    ...{ precision: precision(cases), recall: recall(cases) },
    judge_people: withJudge(cases),
    judge_people_blind: withJudge(casesOf(blind).cases),
    people: meanAgreement(reviewers.map(({ agreement }) => agreement)),
    reviewers,
    blind_share: labels.length === 0 ? null : blind.length / labels.length,
    labels: labels.filter(isAnswer).length,
    unsure: labels.filter(({ human }) => human === 'unsure').length,
    invalid: labels.filter(({ human }) => human === 'invalid').length,
    ...{ ties, without_verdict },
    over_time: overTime(cases),
    by_judge: byJudge(cases),
  };
}

/** Of the exchanges on which the judge decided: `undetermined` is no answer that could agree with people. */
function withJudge(cases: readonly Case[]): Agreement {
  return agreementOf(cases.filter(({ said }) => said !== 'undetermined').map(({ said, truth }) => [said, truth]));
}

function overTime(cases: readonly Case[]): Quality['over_time'] {
  return [...Map.groupBy(cases, ({ ts }) => weekDay(ts))]
    .map(([day, of]) => ({ day, precision: precision(of), recall: recall(of), kappa: withJudge(of).kappa }))
    .map(({ day, ...figures }) => ({ ts: new Date(day * DAY).toISOString(), ...figures }))
    .sort((a, b) => (a.ts < b.ts ? -1 : 1));
}

const DAY = 86_400_000;

/** The Monday, 00:00 UTC, with which the week of ISO 8601 begins. */
export function weekOf(ts: string): string {
  return new Date(weekDay(ts) * DAY).toISOString();
}

/** The same as days since 1970. */
function weekDay(ts: string): number {
  const day = Math.floor(Date.parse(ts) / DAY);
  // 1970-01-01 was a Thursday.
  return day - ((((day + 3) % 7) + 7) % 7);
}

function byJudge(cases: readonly Case[]): Quality['by_judge'] {
  return [...Map.groupBy(cases, ({ judge, judge_hash }) => `${judge_hash} ${judge}`).values()]
    .flatMap((of) => {
      const [first] = of;
      return first === undefined ? [] : [versionOf(first, of)];
    })
    .sort((a, b) => (a.first_ts < b.first_ts ? -1 : 1));
}

function versionOf({ judge, judge_hash, ts }: Case, of: readonly Case[]): Quality['by_judge'][number] {
  return {
    ...{ judge, judge_hash },
    first_ts: of.reduce((first, one) => (one.ts < first ? one.ts : first), ts),
    labels: of.reduce((sum, { labels }) => sum + labels, 0),
    ...{ precision: precision(of), recall: recall(of), agreement: withJudge(of) },
  };
}
