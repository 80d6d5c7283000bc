/**
 * Several questions about one exchange (the windows of a stream, then the whole) as one: per criterion the highest
 * score, and never better than the worst of them.
 */

import type { Evidence } from '../ledger/records.ts';
import type { Answer } from './answer-schema.ts';
import type { Consultation } from './consult.ts';
import { isFailure, type ModelOutcome } from './decide.ts';
import { addSpending } from './spent.ts';

/**
 * @param consultations in the order in which they were asked, about the same judge's rubric
 * @returns null when there is none
 */
export function mergeConsultations(consultations: readonly Consultation[]): Consultation | null {
  const [first, ...more] = consultations;
  if (first === undefined || more.length === 0) return first ?? null;
  return {
    outcome: mergeOutcomes([first.outcome, ...more.map(({ outcome }) => outcome)]),
    samplingProbability: Math.max(...consultations.map(({ samplingProbability }) => samplingProbability)),
    model: latest(consultations.map(({ model }) => model)),
    outputMode: latest(consultations.map(({ outputMode }) => outputMode)),
    nonceOk: allTrue(consultations.map(({ nonceOk }) => nonceOk)),
    cacheHit: consultations.every(({ cacheHit }) => cacheHit),
    escalatedFrom: latest(consultations.map(({ escalatedFrom }) => escalatedFrom)),
    ...addSpending(consultations),
    error: latest(consultations.map(({ error }) => error)),
    again: null,
  };
}

/**
 * The gravest state, of equals the last, with all that was answered: a failure stays one whatever the others said, since
 * not all was judged.
 */
function mergeOutcomes(outcomes: readonly [ModelOutcome, ...ModelOutcome[]]): ModelOutcome {
  const gravest = outcomes.reduce((found, next) => (gravity(next) >= gravity(found) ? next : found));
  const answers = outcomes.flatMap(({ answer }) => answer ?? []);
  return answers.length === 0 ? gravest : { ...gravest, answer: answers.reduce(worseOfBoth) };
}

/** What must be told first: a judge that failed, something it did not see, then that it was not to be asked. */
function gravity(outcome: ModelOutcome): number {
  // Windows that were not drawn are made up for by a rule hit after them: it has the whole asked about.
  if (outcome.state === 'scored' || outcome.state === 'sampled_out') return 0;
  if (outcome.state === 'truncated_input') return 2;
  return isFailure(outcome, 'none') ? 3 : 1;
}

function worseOfBoth(a: Answer, b: Answer): Answer {
  return {
    nonce: b.nonce,
    criteria: b.criteria.map((item, index) => {
      const other = a.criteria[index];
      return other !== undefined && other.id === item.id && other.score > item.score ? other : item;
    }),
    judge_manipulation: {
      present: a.judge_manipulation.present || b.judge_manipulation.present,
      evidence: unlike([...a.judge_manipulation.evidence, ...b.judge_manipulation.evidence]),
    },
    unreadable: [...new Set([...a.unreadable, ...b.unreadable])].slice(0, MOST_LISTED),
  };
}

/** As many as one answer may have (answer-schema.ts), or half of it. */
const MOST_LISTED = 50;

function unlike(evidence: readonly Evidence[]): Evidence[] {
  const byText = new Map(evidence.map((item) => [JSON.stringify([item.place, item.quote]), item]));
  return [...byText.values()].slice(0, MOST_LISTED);
}

function latest<T>(values: readonly (T | null)[]): T | null {
  return values.findLast((value) => value !== null) ?? null;
}

function allTrue(values: readonly (boolean | null)[]): boolean | null {
  if (values.includes(false)) return false;
  return values.includes(true) ? true : null;
}
