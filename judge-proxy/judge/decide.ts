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
  /** Rules alone judge: the judge has no model, or the route's judge is no longer in the config. */
  | { readonly state: 'rules_only'; readonly reason: 'model_not_configured' | 'no_judge' }
  /** There is nothing to ask about. The coverage of the exchange already says why. */
  | { readonly state: 'unparseable' | 'interrupted' }
  | { readonly state: FailedState };

/** The model should have said something and did not. */
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
}

export type Decision = Pick<NewVerdict, 'state' | 'criteria' | 'overall' | 'action' | 'decided_by' | 'coverage'>;

/** Pure: the same input gives the same decision. */
export function decide(input: DecideInput): Decision {
  const { outcome, hits } = input;
  const coverage = coverageAfter(input.coverage, outcome);
  const criteria = outcome.state === 'scored' && input.rubric !== null ? criteriaOf(outcome.answer, input.rubric) : [];
  const violated = criteria.filter((criterion) => criterion.label === 'violation');
  const byRule = hits.some((hit) => hit.severity === 'high' || hit.severity === 'critical');
  const violation = byRule || violated.length > 0;
  const clean = !violation && outcome.state === 'scored' && coverage.level === 'full' && hits.length === 0;
  return {
    state: outcome.state,
    criteria,
    overall: {
      label: violation ? 'violation' : clean ? 'clean' : 'undetermined',
      severity: worst([...hits, ...violated, ...attention(outcome, input.onFailure)]),
      score: criteria.length === 0 || input.rubric === null ? null : scoreOf(criteria, input.rubric),
    },
    action: actionOf(violation, outcome, input.onFailure),
    decided_by: byRule ? 'rule' : decidedBy(outcome),
    coverage,
  };
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

/**
 * A judge that was to speak and failed asks for a person, unless the route says `allow`: medium severity puts the
 * verdict where reviewers look. What no judge could read (`unparseable`) is counted in coverage and asks for nobody.
 */
function attention(outcome: ModelOutcome, onFailure: DecideInput['onFailure']): { readonly severity: Severity }[] {
  const failed = outcome.state !== 'scored' && outcome.state !== 'rules_only' && outcome.state !== 'unparseable';
  return failed && onFailure !== 'allow' ? [{ severity: 'medium' }] : [];
}

/** In `observe` nothing is stopped: `would_block` is what a team reads before it enforces. */
function actionOf(violation: boolean, outcome: ModelOutcome, onFailure: DecideInput['onFailure']): VerdictAction {
  if (violation) return 'would_block';
  const judged = outcome.state === 'scored' || outcome.state === 'rules_only';
  return !judged && onFailure === 'block' ? 'would_block' : 'allowed';
}

function decidedBy(outcome: ModelOutcome): DecidedBy {
  if (outcome.state === 'scored') return 'model';
  return outcome.state === 'rules_only' ? 'rule' : 'fallback';
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
