/** What changed between two cards. */

import type { Card, Figure, Question } from './card-schema.ts';

export const COMPARED = ['precision', 'recall', 'fpr', 'recall_at_1_fpr', 'kappa'] as const;
type Compared = (typeof COMPARED)[number];

export interface Change {
  readonly before: number | null;
  readonly after: number | null;
  /** After less before; null where one of them is not defined. */
  readonly delta: number | null;
  /** Neither value lies in the interval of the other: more than resampling explains, and no test of significance. */
  readonly clear: boolean;
}

/** What has to be the same for two cards to be about one judge. */
const JUDGED_BY = ['hash', 'endpoint', 'small_endpoint'] as const;

export interface Comparison {
  /** Same pairs, same labels, same documents: only then are the figures about the judge alone. */
  readonly same_data: boolean;
  readonly same_judge: boolean;
  /** Overall first, then the criteria that both cards have. */
  readonly questions: readonly { readonly id: string; readonly changes: Readonly<Record<Compared, Change>> }[];
  readonly criteria_added: readonly string[];
  readonly criteria_removed: readonly string[];
  /** `ID criterion`: wrong now and not before, and the reverse. Empty unless the data are the same. */
  readonly newly_wrong: readonly string[];
  readonly newly_right: readonly string[];
}

export function compareCards(before: Card, after: Card): Comparison {
  const sameData = before.data.sha256 === after.data.sha256;
  const [old, now] = [before, after].map((card) => [card.overall, ...card.criteria]) as [Question[], Question[]];
  const wrong = (card: Card) => new Set(card.mistakes.map(({ id, criterion }) => `${id} ${criterion}`));
  const [wrongBefore, wrongAfter] = [wrong(before), wrong(after)];
  return {
    same_data: sameData,
    same_judge: JUDGED_BY.every((key) => before.judge[key] === after.judge[key]),
    questions: now.flatMap((question) => {
      const earlier = old.find(({ id }) => id === question.id);
      return earlier === undefined ? [] : [{ id: question.id, changes: changesOf(earlier, question) }];
    }),
    criteria_added: missing(now, old),
    criteria_removed: missing(old, now),
    newly_wrong: sameData ? [...wrongAfter.difference(wrongBefore)] : [],
    newly_right: sameData ? [...answered(after, wrongBefore.difference(wrongAfter))] : [],
  };
}

/** A mistake is not mended by an answer that never came: with fewer answers of a criterion nothing is claimed. */
function* answered(after: Card, fixed: ReadonlySet<string>): Generator<string> {
  for (const entry of fixed) {
    const question = [after.overall, ...after.criteria].find(({ id }) => entry.endsWith(` ${id}`));
    if (question === undefined) continue;
    const { unanswered_passes, unanswered_violations } = question.confusion;
    if (unanswered_passes + unanswered_violations === 0) yield entry;
  }
}

function changesOf(before: Question, after: Question): Record<Compared, Change> {
  const changes = COMPARED.map((key): [Compared, Change] => [key, change(before[key], after[key])]);
  return Object.fromEntries(changes) as Record<Compared, Change>;
}

function change(before: Figure, after: Figure): Change {
  const defined = before.value !== null && after.value !== null;
  return {
    before: before.value,
    after: after.value,
    delta: defined ? Number(after.value) - Number(before.value) : null,
    clear: defined && outside(after.value, before) && outside(before.value, after),
  };
}

function outside(value: number | null, { low, high }: Figure): boolean {
  return value !== null && low !== null && high !== null && (value < low || value > high);
}

function missing(here: readonly Question[], there: readonly Question[]): string[] {
  return here.map(({ id }) => id).filter((id) => !there.some((question) => question.id === id));
}
