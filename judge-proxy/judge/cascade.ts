/**
 * Two models, the cheaper one first: when the larger one is asked after it, and what is true when both spoke. The larger
 * one decides, also against the small one. When it fails, what the small one found wrong stands and what it found in
 * order does not, so a failure never makes a verdict weaker; the state is the failure's.
 */

import type { RuleHit } from '../ledger/records.ts';
import type { Answer } from './answer-schema.ts';
import type { Consultation } from './consult.ts';
import { findsViolation, type ModelOutcome } from './decide.ts';
import { type Criterion, type Rubric, SCALES } from './rubric.ts';
import { graver } from './rules/rule.ts';
import { addSpending } from './spent.ts';

/** @param outcome of the small model */
export function needsLarger(outcome: ModelOutcome, hits: readonly RuleHit[], rubric: Rubric): boolean {
  if (outcome.state !== 'scored' && outcome.state !== 'truncated_input') return true;
  const { answer } = outcome;
  return isGrave(answer, rubric) || isUnsure(answer, rubric) || contradictsRules(answer, hits, rubric);
}

function isGrave(answer: Answer, rubric: Rubric): boolean {
  if (answer.judge_manipulation.present) return true;
  return rubric.criteria.some(
    (criterion, index) => scoreAt(answer, index) >= criterion.threshold && isAtLeast(criterion.severity, 'high'),
  );
}

function isUnsure(answer: Answer, rubric: Rubric): boolean {
  if (answer.unreadable.length > 0) return true;
  return rubric.criteria.some((criterion, index) => isNearThreshold(criterion, scoreAt(answer, index)));
}

/**
 * Just below or just above the line of an ordinal scale. Its ends are no doubt: who finds nothing at all says the
 * lowest, who is certain the highest score.
 */
function isNearThreshold({ scale, threshold }: Criterion, score: number): boolean {
  const highest = SCALES[scale].length - 1;
  if (score === 0 || score === highest) return false;
  return score === threshold || score === threshold - 1;
}

/** A rule found something of weight, and the model nothing. */
function contradictsRules(answer: Answer, hits: readonly RuleHit[], rubric: Rubric): boolean {
  return hits.some(({ severity }) => isAtLeast(severity, 'medium')) && !findsViolation(answer, rubric);
}

function scoreAt(answer: Answer, index: number): number {
  return answer.criteria[index]?.score ?? 0;
}

function isAtLeast(severity: RuleHit['severity'], least: RuleHit['severity']): boolean {
  return graver(severity, least) === severity;
}

/**
 * @param smallName as configured
 * @returns one consultation for both
 */
export function joinCascade(small: Consultation, smallName: string, large: Consultation, rubric: Rubric): Consultation {
  return {
    ...large,
    outcome: joinOutcomes(small.outcome, large.outcome, rubric),
    escalatedFrom: smallName,
    ...addSpending([small, large]),
  };
}

function joinOutcomes(small: ModelOutcome, large: ModelOutcome, rubric: Rubric): ModelOutcome {
  const found = small.answer;
  const stands = large.answer === undefined && found !== undefined && findsViolation(found, rubric);
  return stands ? { ...large, answer: found } : large;
}
