/**
 * From rule hits and what the model said to one decision. Rules decide first, and a model only narrows: it can find a
 * violation that no rule found, and it cannot take a rule's violation back. Whatever failed never looks safe.
 */

import type {
  Coverage,
  CoverageReason,
  CriterionVerdict,
  DecidedBy,
  Evidence,
  JudgeState,
  NewVerdict,
  RuleHit,
  Severity,
  VerdictAction,
} from '../ledger/records.ts';
import type { Answer } from './answer-schema.ts';
import { type Criterion, type Rubric, SCALES } from './rubric.ts';
import { graver } from './rules/rule.ts';

/** What became of the question to the model. */
export type ModelOutcome =
  | { readonly state: 'scored' | 'truncated_input'; readonly answer: Answer }
  | (NoAnswer & Earlier);

type NoAnswer =
  /**
   * Rules alone judge: the judge has no model, the route's judge is no longer in the config, a rule stopped the
   * exchange before a model was asked, or the text may be shown to none.
   */
  | {
      readonly state: 'rules_only';
      readonly reason: 'model_not_configured' | 'no_judge' | 'stopped' | 'metadata_only';
    }
  /** There is nothing to ask about. The coverage of the exchange already says why. */
  | { readonly state: 'unparseable' | 'interrupted' }
  | { readonly state: FailedState };

interface Earlier {
  /**
   * What was answered before: by the small model, or about another window. What it found wrong stands; what it found in
   * order does not, since not all was judged.
   */
  readonly answer?: Answer;
}

/** The model should have said something and did not, or was not to be asked. */
export type FailedState = Exclude<
  JudgeState,
  'scored' | 'truncated_input' | 'rules_only' | 'unparseable' | 'interrupted'
>;

export interface DecideInput {
  readonly outcome: ModelOutcome;
  readonly hits: readonly RuleHit[];
  /** Of the exchange, before the judge. */
  readonly coverage: Coverage;
  readonly rubric: Rubric | null;
  /** `on_judge_failure` of the route. */
  readonly onFailure: 'allow' | 'block' | 'review';
  readonly enforcement: Enforcement;
}

/** Where the exchange stands when it is decided: delivered already, nothing of it sent yet, or a part of it. */
export type Enforcement = 'none' | 'before_first_byte' | 'mid_stream';

export type Decision = Pick<NewVerdict, 'state' | 'criteria' | 'overall' | 'action' | 'decided_by' | 'coverage'>;

/** What to do with an exchange that waits: true exactly when the action is `blocked` or `cut`. */
export interface Stoppable {
  readonly stop: boolean;
}

/** Pure: the same input gives the same decision. */
export function decide(input: DecideInput): Decision & Stoppable {
  const { outcome, hits, rubric, enforcement } = input;
  const coverage = coverageAfter(input.coverage, outcome);
  const criteria = rubric === null ? [] : countedCriteria(outcome, rubric);
  const violated = criteria.filter(isViolation);
  const byRule = hits.some((hit) => hit.severity === 'high' || hit.severity === 'critical');
  const violation = byRule || violated.length > 0;
  const failed = isFailure(outcome, enforcement);
  const refused = violation || (failed && input.onFailure === 'block');
  const clean = !violation && outcome.state === 'scored' && coverage.level === 'full' && hits.length === 0;
  return {
    state: outcome.state,
    criteria,
    overall: {
      label: violation ? 'violation' : clean ? 'clean' : 'undetermined',
      severity: worst([...hits, ...violated, ...attention(outcome, input)]),
      score: criteria.length === 0 || rubric === null ? null : scoreOf(criteria, rubric),
    },
    action: refused ? REFUSED[enforcement] : 'allowed',
    decided_by: byRule ? 'rule' : decidedBy(outcome, hits, { violated: violated.length > 0, failed }),
    coverage,
    stop: refused && enforcement !== 'none',
  };
}

/** In `observe` nothing is stopped: `would_block` is what a team reads before it enforces. */
const REFUSED: Readonly<Record<Enforcement, VerdictAction>> = {
  none: 'would_block',
  before_first_byte: 'blocked',
  mid_stream: 'cut',
};

/** Whether an answer finds a violation of the rubric, or an attempt to steer the judge. */
export function findsViolation(answer: Answer, rubric: Rubric): boolean {
  return criteriaOf(answer, rubric).some(isViolation);
}

function isViolation({ label }: CriterionVerdict): boolean {
  return label === 'violation';
}

function countedCriteria(outcome: ModelOutcome, rubric: Rubric): CriterionVerdict[] {
  if (outcome.answer === undefined) return [];
  const criteria = criteriaOf(outcome.answer, rubric);
  if (outcome.state === 'scored' || outcome.state === 'truncated_input') return criteria;
  return criteria.some(isViolation) ? criteria : [];
}

/**
 * Reasons of coverage that say: something was there, and the judge did not see it. What never came (`stream_broken`,
 * `origin_failed`) or is named to the judge with its kind and size (`opaque_content`) is not among them.
 */
const UNSEEN: ReadonlySet<CoverageReason> = new Set<CoverageReason>([
  'request_truncated',
  'response_truncated',
  'copy_budget_exhausted',
  'decode_limit',
  'decode_failed',
  'unknown_coding',
  'unparseable',
  'too_deep',
  'rules_incomplete',
]);

/** A score of something that was cut says so. */
export function scoredState(coverage: Coverage): 'scored' | 'truncated_input' {
  return coverage.reasons.some((reason) => UNSEEN.has(reason)) ? 'truncated_input' : 'scored';
}

function coverageAfter(coverage: Coverage, outcome: ModelOutcome): Coverage {
  const reason = reasonOf(outcome);
  if (reason === null) return coverage;
  return {
    level: coverage.level === 'none' ? 'none' : 'partial',
    reasons: [...new Set([...coverage.reasons, reason])].sort(),
  };
}

function reasonOf(outcome: ModelOutcome): CoverageReason | null {
  switch (outcome.state) {
    case 'scored':
    case 'truncated_input':
    case 'unparseable':
      return null;
    case 'interrupted':
      return 'interrupted';
    case 'rules_only':
      return outcome.reason;
    case 'refused':
    case 'invalid_output':
    case 'nonce_mismatch':
    case 'quote_mismatch':
    case 'timeout':
    case 'provider_error':
    case 'queue_full':
    case 'circuit_open':
      return 'model_failed';
    case 'sampled_out':
    case 'budget_exhausted':
      return outcome.state;
    default:
      return outcome satisfies never;
  }
}

/** Whether `on_judge_failure` decides. Rules alone decide where the model was not to be asked: that is no failure. */
export function isFailure({ state }: ModelOutcome, enforcement: Enforcement): boolean {
  switch (state) {
    case 'scored':
    case 'rules_only':
    case 'sampled_out':
    case 'budget_exhausted':
      return false;
    case 'truncated_input':
      return enforcement !== 'none';
    case 'unparseable':
    case 'interrupted':
    case 'refused':
    case 'invalid_output':
    case 'nonce_mismatch':
    case 'quote_mismatch':
    case 'timeout':
    case 'provider_error':
    case 'circuit_open':
    case 'queue_full':
      return true;
    default:
      return state satisfies never;
  }
}

/**
 * A judge that was to speak and failed asks for a person, unless the route says `allow`: medium severity puts the
 * verdict where reviewers look. What no judge could read (`unparseable`) is counted in coverage and asks for nobody,
 * unless it was held back for a judgement.
 */
function attention(outcome: ModelOutcome, { onFailure, enforcement }: DecideInput): { readonly severity: Severity }[] {
  if (onFailure === 'allow' || !isFailure(outcome, enforcement)) return [];
  return outcome.state === 'unparseable' && enforcement === 'none' ? [] : [{ severity: 'medium' }];
}

/** The rule that decides although its severity is low: of an answer that says nothing, a model can say anything. */
const NEAR_EMPTY = 'near_empty_response';

function decidedBy(
  { state }: ModelOutcome,
  hits: readonly RuleHit[],
  { violated, failed }: { readonly violated: boolean; readonly failed: boolean },
): DecidedBy {
  if (violated) return 'model';
  if (failed) return 'fallback';
  switch (state) {
    case 'scored':
    case 'truncated_input':
      return hits.some(({ rule }) => rule === NEAR_EMPTY) ? 'rule' : 'model';
    case 'rules_only':
    case 'sampled_out':
    case 'budget_exhausted':
      return 'rule';
    default:
      return 'fallback';
  }
}

const MANIPULATION = { id: 'judge_manipulation', threshold: 1, weight: 1, severity: 'high' } as const;

function criteriaOf(answer: Answer, rubric: Rubric): CriterionVerdict[] {
  const criteria = rubric.criteria.flatMap((criterion, index) => {
    const item = answer.criteria[index];
    return item === undefined ? [] : [verdictOf(criterion, item.score, item.evidence, item.analysis)];
  });
  const { present, evidence } = answer.judge_manipulation;
  return [...criteria, verdictOf(MANIPULATION, present ? 1 : 0, evidence, '')];
}

function verdictOf(
  criterion: Pick<Criterion, 'id' | 'threshold' | 'severity'>,
  score: number,
  evidence: readonly Evidence[],
  analysis: string,
): CriterionVerdict {
  const violation = score >= criterion.threshold;
  return {
    id: criterion.id,
    score,
    threshold: criterion.threshold,
    label: violation ? 'violation' : 'pass',
    severity: violation ? criterion.severity : 'none',
    evidence: evidence.slice(0, MOST_EVIDENCE).map(({ place, quote }) => ({ place, quote: shortened(quote, 500) })),
    explanation: shortened(analysis, 1_000),
  };
}

/** A verdict is one log line: what the judge writes into it is bounded. */
const MOST_EVIDENCE = 10;

function shortened(text: string, limit: number): string {
  return (text.length <= limit ? text : `${text.slice(0, limit - 1)}…`).toWellFormed();
}

/**
 * 0 to 1: one minus the product of (1 − weight × share of the highest score) over all criteria. One grave finding
 * gives a high score by itself, several small ones add up, and no clean criterion dilutes them as a mean would.
 */
function scoreOf(criteria: readonly CriterionVerdict[], rubric: Rubric): number {
  const rest = criteria.reduce((product, { id, score }) => {
    const criterion = rubric.criteria.find((item) => item.id === id);
    const highest = criterion === undefined ? 1 : SCALES[criterion.scale].length - 1;
    return product * (1 - (criterion?.weight ?? MANIPULATION.weight) * (score / highest));
  }, 1);
  return Math.round((1 - rest) * 1_000) / 1_000;
}

function worst(findings: readonly { readonly severity: Severity }[]): Severity {
  return findings.reduce<Severity>((severity, finding) => graver(severity, finding.severity), 'none');
}
