/**
 * Several questions about one exchange (the windows of a stream, then the whole) as one: per criterion the highest
 * score, and never better than the worst of them.
 */

import type { Evidence } from '../ledger/records.ts';
import type { Answer } from './answer-schema.ts';
import type { Consultation } from './consult.ts';
import type { FailedState, ModelOutcome } from './decide.ts';
import { addSpending } from './spent.ts';

/**
 * @param consultations in the order in which they were asked, about the same judge's rubric
 * @returns null when there is none
 */
export function mergeConsultations(consultations: readonly Consultation[]): Consultation | null {
  const last = consultations.at(-1);
  if (last === undefined || consultations.length === 1) return last ?? null;
  return {
    outcome: mergeOutcomes(consultations.map(({ outcome }) => outcome)) ?? last.outcome,
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
 * A failure stays one whatever the others said: not all was judged. Of several the last is named; a model that failed
 * counts more than one that was not to be asked.
 */
function mergeOutcomes(outcomes: readonly ModelOutcome[]): ModelOutcome | null {
  const answers = outcomes.flatMap((outcome) => ('answer' in outcome && outcome.answer ? [outcome.answer] : []));
  const answer = answers.length === 0 ? null : answers.reduce(worseOfBoth);
  const unasked = outcomes.findLast(isUnasked);
  const failed = outcomes.findLast((outcome) => isFailed(outcome) && !isUnasked(outcome)) ?? unasked;
  if (failed !== undefined && isFailed(failed)) {
    return answer === null ? { state: failed.state } : { state: failed.state, answer };
  }
  const without = outcomes.findLast((outcome) => !('answer' in outcome));
  if (without !== undefined || answer === null) return without ?? null;
  const truncated = outcomes.some(({ state }) => state === 'truncated_input');
  return { state: truncated ? 'truncated_input' : 'scored', answer };
}

type Failed = Extract<ModelOutcome, { readonly state: FailedState }>;

function isFailed(outcome: ModelOutcome): outcome is Failed {
  switch (outcome.state) {
    case 'scored':
    case 'truncated_input':
    case 'rules_only':
    case 'unparseable':
    case 'interrupted':
      return false;
    default:
      return true;
  }
}

function isUnasked({ state }: ModelOutcome): boolean {
  return state === 'sampled_out' || state === 'budget_exhausted';
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
