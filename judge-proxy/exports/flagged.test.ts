/** Contract: whatever found something, stopped something or failed where it matters is for people; the rest is not. */

import { describe, expect, it } from 'vitest';
import { type CoverageReason, JUDGE_STATES, type JudgeState, type Verdict } from '../ledger/records.ts';
import { sampleVerdict } from '../ledger/sample-records.ts';
import { failedState, isFlagged, title, violated } from './flagged.ts';

type Overall = Verdict['overall'];

describe('flagged', () => {
  it.each<[Overall['label'], Overall['severity'], Verdict['action'], boolean]>([
    ['clean', 'none', 'allowed', false],
    ['undetermined', 'none', 'allowed', false],
    ['undetermined', 'low', 'allowed', true],
    ['undetermined', 'medium', 'allowed', true],
    ['undetermined', 'none', 'blocked', true],
    ['violation', 'high', 'allowed', true],
    ['violation', 'none', 'allowed', true],
    ['undetermined', 'none', 'would_block', true],
    ['undetermined', 'none', 'cut', true],
  ])('%s, %s, %s: %s', (label, severity, action, expected) => {
    expect(isFlagged({ overall: { label, severity, score: null }, action })).toBe(expected);
  });
});

it('names criteria and rules that were violated once each, and the title has them', () => {
  const one = { score: 1, threshold: 1, severity: 'high', evidence: [], explanation: 'free text' } as const;
  const hit = { rule: 'secrets', version: '1', place: 'p', preview: 'x', severity: 'high' } as const;
  const verdict = sampleVerdict('e', {
    criteria: [
      { ...one, id: 'b', label: 'violation' },
      { ...one, id: 'a', label: 'pass' },
    ],
    ...{ rule_hits: [hit, hit], action: 'cut', overall: { label: 'violation', severity: 'high', score: 1 } },
  });
  expect(violated(verdict)).toEqual(['b', 'secrets']);
  expect(title(verdict as Verdict)).toBe('violation, severity high, cut: b, secrets');
});

describe('the failure of a judge', () => {
  const FAILED: readonly JudgeState[] = [
    ...(['refused', 'invalid_output', 'nonce_mismatch', 'quote_mismatch', 'timeout', 'provider_error'] as const),
    ...(['circuit_open', 'queue_full'] as const),
  ];

  it.each(JUDGE_STATES)('of state %s', (state) => {
    const reasons: readonly CoverageReason[] = FAILED.includes(state) ? ['model_failed'] : [];
    const failed = FAILED.includes(state) || state === 'interrupted' || state === 'unparseable';
    expect(failedState({ state, coverage: { level: 'partial', reasons } })).toBe(failed ? state : null);
  });
});
