/** Decisions for tests: whatever is not named is scored in order, fully covered and delivered. */

import type { Coverage, RuleHit, Severity } from '../../ledger/records.ts';
import type { Answer } from '../answer-schema.ts';
import { type DecideInput, decide, type FailedState, type ModelOutcome } from '../decide.ts';
import { goodAnswer, PLAN, RUBRIC } from './judgements.ts';

export const FULL: Coverage = { level: 'full', reasons: [] };
export const PARTIAL: Coverage = { level: 'partial', reasons: ['stream_broken'] };
export const NONE: Coverage = { level: 'none', reasons: ['unknown_api'] };
export const FAILED: readonly FailedState[] = [
  ...(['refused', 'invalid_output', 'nonce_mismatch', 'quote_mismatch'] as const),
  ...(['timeout', 'provider_error', 'queue_full', 'circuit_open'] as const),
];

export function hit(severity: Severity): RuleHit {
  return { rule: 'secrets', version: '1', place: 'p', preview: 'x', severity };
}

export function scored(leak: number, rude = 0, present = false): ModelOutcome {
  const labels = ['none', 'slight', 'clear', 'severe'];
  const answer: Answer = goodAnswer({
    criteria: [
      { id: 'leak', evidence: [PLAN], analysis: 'a', score: leak, label: labels[leak] ?? '' },
      { id: 'rude', evidence: [], analysis: 'b', score: rude, label: rude === 0 ? 'no' : 'yes' },
    ],
    judge_manipulation: { evidence: present ? [PLAN] : [], present },
  });
  return { state: 'scored', answer };
}

export function decided(over: Partial<DecideInput>) {
  return decide({
    outcome: scored(0),
    hits: [],
    coverage: FULL,
    rubric: RUBRIC,
    onFailure: 'review',
    enforcement: 'none',
    ...over,
  });
}
