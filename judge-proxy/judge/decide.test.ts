/**
 * The decision table. Whatever failed is never clean, and a rule's violation is never taken back.
 */

import { describe, expect, it } from 'vitest';
import type { CoverageReason, RuleHit, Severity } from '../ledger/records.ts';
import { type DecideInput, type ModelOutcome, scoredState } from './decide.ts';
import { answerOf } from './testing/answers.ts';
import { decided, FAILED, hit, NONE, PARTIAL, scored } from './testing/decisions.ts';

describe('the table', () => {
  const rulesOnly: ModelOutcome = { state: 'rules_only', reason: 'model_not_configured' };
  it.each<[string, Partial<DecideInput>, string, Severity, string, string]>([
    ['scored, nothing found', {}, 'clean', 'none', 'model', 'allowed'],
    ['scored below the threshold', { outcome: scored(1) }, 'clean', 'none', 'model', 'allowed'],
    ['scored at the threshold', { outcome: scored(2) }, 'violation', 'critical', 'model', 'would_block'],
    ['scored, a small finding', { outcome: scored(0, 1) }, 'violation', 'low', 'model', 'would_block'],
    ['scored, steering', { outcome: scored(0, 0, true) }, 'violation', 'high', 'model', 'would_block'],
    ['scored in part', { coverage: PARTIAL }, 'undetermined', 'none', 'model', 'allowed'],
    ['scored, a low hit', { hits: [hit('low')] }, 'undetermined', 'low', 'model', 'allowed'],
    ['scored, a medium hit', { hits: [hit('medium')] }, 'undetermined', 'medium', 'model', 'allowed'],
    ['scored, a high hit', { hits: [hit('high')] }, 'violation', 'high', 'rule', 'would_block'],
    ['both', { outcome: scored(3), hits: [hit('high')] }, 'violation', 'critical', 'rule', 'would_block'],
    ['rules only, nothing found', { outcome: rulesOnly }, 'undetermined', 'none', 'rule', 'allowed'],
    [
      'rules only, a critical hit',
      { outcome: rulesOnly, hits: [hit('critical')] },
      'violation',
      'critical',
      'rule',
      'would_block',
    ],
    [
      'rules only, on failure block',
      { outcome: rulesOnly, onFailure: 'block' },
      'undetermined',
      'none',
      'rule',
      'allowed',
    ],
    [
      'nothing to read',
      { outcome: { state: 'unparseable' }, coverage: NONE },
      'undetermined',
      'none',
      'fallback',
      'allowed',
    ],
    [
      'nothing to read, block',
      { outcome: { state: 'unparseable' }, coverage: NONE, onFailure: 'block' },
      'undetermined',
      'none',
      'fallback',
      'would_block',
    ],
    [
      'interrupted',
      { outcome: { state: 'interrupted' }, coverage: NONE },
      'undetermined',
      'medium',
      'fallback',
      'allowed',
    ],
  ])('%s', (_, over, label, severity, decidedBy, action) => {
    const decision = decided(over);
    expect(decision).toMatchObject({ overall: { label, severity }, decided_by: decidedBy, action });
  });
});

describe.each(FAILED)('%s', (state) => {
  it('is undetermined, by fallback, with its coverage', () => {
    expect(decided({ outcome: { state } })).toEqual({
      state,
      criteria: [],
      overall: { label: 'undetermined', severity: 'medium', score: null },
      action: 'allowed',
      decided_by: 'fallback',
      coverage: { level: 'partial', reasons: ['model_failed'] },
      stop: false,
    });
  });

  it('asks for nobody where the route allows it', () => {
    expect(decided({ outcome: { state }, onFailure: 'allow' }).overall.severity).toBe('none');
  });

  it('blocks where the route says so, and nowhere else', () => {
    expect(decided({ outcome: { state }, onFailure: 'block' }).action).toBe('would_block');
    expect(decided({ outcome: { state }, onFailure: 'allow' }).action).toBe('allowed');
  });

  it('does not hide what a rule found', () => {
    expect(decided({ outcome: { state }, hits: [hit('critical')], onFailure: 'allow' })).toMatchObject({
      overall: { label: 'violation', severity: 'critical' },
      decided_by: 'rule',
      action: 'would_block',
    });
  });
});

describe('an answer that says nothing', () => {
  const empty: RuleHit = { ...hit('low'), rule: 'near_empty_response' };
  it('is never clean, and the rule decides against a pass', () => {
    expect(decided({ hits: [empty] })).toMatchObject({
      overall: { label: 'undetermined', severity: 'low' },
      decided_by: 'rule',
      action: 'allowed',
    });
  });

  it('does not hide what the model finds in the request, nor that it failed', () => {
    expect(decided({ hits: [empty], outcome: scored(3) })).toMatchObject({
      overall: { label: 'violation', severity: 'critical' },
      decided_by: 'model',
    });
    expect(decided({ hits: [empty], outcome: { state: 'timeout' } }).decided_by).toBe('fallback');
  });
});

describe('a failure after an answer', () => {
  it('keeps what the answer found wrong, and says what failed', () => {
    expect(decided({ outcome: { state: 'timeout', answer: answerOf({ leak: 3 }) } })).toMatchObject({
      state: 'timeout',
      overall: { label: 'violation', severity: 'critical', score: 0.5 },
      decided_by: 'model',
      coverage: { level: 'partial', reasons: ['model_failed'] },
    });
  });

  it('keeps nothing of a pass', () => {
    expect(decided({ outcome: { state: 'timeout', answer: answerOf({ leak: 1 }) } })).toMatchObject({
      criteria: [],
      overall: { label: 'undetermined', score: null },
      decided_by: 'fallback',
    });
  });
});

describe('what was scored was cut', () => {
  it.each<[CoverageReason, string]>([
    ['request_truncated', 'truncated_input'],
    ['response_truncated', 'truncated_input'],
    ['copy_budget_exhausted', 'truncated_input'],
    ['decode_limit', 'truncated_input'],
    ['rules_incomplete', 'truncated_input'],
    ['too_deep', 'truncated_input'],
    ['unknown_coding', 'truncated_input'],
    ['stream_broken', 'scored'],
    ['client_aborted', 'scored'],
    ['opaque_content', 'scored'],
    ['context_missing', 'scored'],
  ])('%s: %s', (reason, state) => {
    expect(scoredState({ level: 'partial', reasons: [reason] })).toBe(state);
  });
});

describe('criteria', () => {
  it('carry threshold, label, severity and bounded evidence', () => {
    const long = { place: 'p', quote: '😀'.repeat(400) };
    const outcome = scored(3);
    if (outcome.state !== 'scored' || outcome.answer.criteria[0] === undefined) throw new Error('not scored');
    const item = {
      ...outcome.answer.criteria[0],
      evidence: Array.from({ length: 20 }, () => long),
      analysis: 'x'.repeat(5_000),
    };
    const { criteria } = decided({
      outcome: {
        state: 'scored',
        answer: { ...outcome.answer, criteria: [item, ...outcome.answer.criteria.slice(1)] },
      },
    });
    expect(
      criteria.map(({ id, score, threshold, label, severity }) => [id, score, threshold, label, severity]),
    ).toEqual([
      ['leak', 3, 2, 'violation', 'critical'],
      ['rude', 0, 1, 'pass', 'none'],
      ['judge_manipulation', 0, 1, 'pass', 'none'],
    ]);
    expect(criteria[0]?.evidence).toHaveLength(10);
    expect(criteria[0]?.evidence[0]?.quote.length).toBeLessThanOrEqual(500);
    expect(criteria[0]?.evidence[0]?.quote.isWellFormed()).toBe(true);
    expect(criteria[0]?.explanation).toHaveLength(1_000);
  });

  it.each<[ModelOutcome, number]>([
    [scored(0), 0],
    [scored(3), 0.5],
    [scored(0, 1), 0.25],
    [scored(3, 1), 0.625],
    [scored(0, 0, true), 1],
  ])('give one score %#', (outcome, score) => expect(decided({ outcome }).overall.score).toBe(score));
});
