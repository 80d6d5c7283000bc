/**
 * The decision table. Whatever failed is never clean, a rule's violation is never taken back, and the same input gives
 * the same decision.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Coverage, CoverageReason, RuleHit, Severity } from '../ledger/records.ts';
import type { Answer } from './answer-schema.ts';
import { type DecideInput, decide, type FailedState, type ModelOutcome, scoredState } from './decide.ts';
import { answerOf } from './testing/answers.ts';
import { goodAnswer, PLAN, RUBRIC } from './testing/judgements.ts';

const FULL: Coverage = { level: 'full', reasons: [] };
const PARTIAL: Coverage = { level: 'partial', reasons: ['stream_broken'] };
const NONE: Coverage = { level: 'none', reasons: ['unknown_api'] };
const FAILED: readonly FailedState[] = [
  ...(['refused', 'invalid_output', 'nonce_mismatch', 'quote_mismatch'] as const),
  ...(['timeout', 'provider_error', 'queue_full', 'circuit_open'] as const),
];

function hit(severity: Severity): RuleHit {
  return { rule: 'secrets', version: '1', place: 'p', preview: 'x', severity };
}

function scored(leak: number, rude = 0, present = false): ModelOutcome {
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

function decided(over: Partial<DecideInput>) {
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

describe('while the exchange waits', () => {
  const cut: ModelOutcome = { state: 'truncated_input', answer: answerOf() };
  const cutAndBad: ModelOutcome = { state: 'truncated_input', answer: answerOf({ leak: 3 }) };
  const held = 'before_first_byte';
  const block = 'block';
  it.each<[string, Partial<DecideInput>, string, boolean, string, Severity]>([
    ['a violation, nothing sent', { outcome: scored(3), enforcement: held }, 'blocked', true, 'model', 'critical'],
    ['a violation, half sent', { outcome: scored(3), enforcement: 'mid_stream' }, 'cut', true, 'model', 'critical'],
    ['a violation, all sent', { outcome: scored(3) }, 'would_block', false, 'model', 'critical'],
    ['a pass', { enforcement: held, onFailure: block }, 'allowed', false, 'model', 'none'],
    ['a rule', { hits: [hit('high')], enforcement: held, onFailure: 'allow' }, 'blocked', true, 'rule', 'high'],
    [
      'a failure, block',
      { outcome: { state: 'timeout' }, enforcement: held, onFailure: block },
      'blocked',
      true,
      'fallback',
      'medium',
    ],
    [
      'a failure half-way, block',
      { outcome: { state: 'timeout' }, enforcement: 'mid_stream', onFailure: block },
      'cut',
      true,
      'fallback',
      'medium',
    ],
    ['a failure, review', { outcome: { state: 'timeout' }, enforcement: held }, 'allowed', false, 'fallback', 'medium'],
    ['cut input, block', { outcome: cut, enforcement: held, onFailure: block }, 'blocked', true, 'fallback', 'medium'],
    ['cut input, review', { outcome: cut, enforcement: held }, 'allowed', false, 'fallback', 'medium'],
    ['cut input, all sent', { outcome: cut, onFailure: block }, 'allowed', false, 'model', 'none'],
    [
      'cut input with a violation',
      { outcome: cutAndBad, enforcement: held, onFailure: 'allow' },
      'blocked',
      true,
      'model',
      'critical',
    ],
    [
      'nothing readable, review',
      { outcome: { state: 'unparseable' }, coverage: NONE, enforcement: held },
      'allowed',
      false,
      'fallback',
      'medium',
    ],
    [
      'nothing readable, block',
      { outcome: { state: 'unparseable' }, coverage: NONE, enforcement: held, onFailure: block },
      'blocked',
      true,
      'fallback',
      'medium',
    ],
    [
      'not drawn, block',
      { outcome: { state: 'sampled_out' }, enforcement: held, onFailure: block },
      'allowed',
      false,
      'rule',
      'none',
    ],
    [
      'nothing left to spend, block',
      { outcome: { state: 'budget_exhausted' }, enforcement: held, onFailure: block },
      'allowed',
      false,
      'rule',
      'none',
    ],
  ])('%s', (_, over, action, stop, decidedBy, severity) => {
    expect(decided(over)).toMatchObject({ action, stop, decided_by: decidedBy, overall: { severity } });
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

describe('for every input', () => {
  const coverage = fc.constantFrom(FULL, PARTIAL, NONE);
  const severity = fc.constantFrom<Severity>('low', 'medium', 'high', 'critical');
  const outcome = fc.oneof(
    fc.tuple(fc.nat(3), fc.nat(1), fc.boolean()).map(([leak, rude, present]) => scored(leak, rude, present)),
    fc.constantFrom<ModelOutcome>(
      ...FAILED.map((state) => ({ state })),
      { state: 'rules_only', reason: 'no_judge' },
      { state: 'unparseable' },
      { state: 'interrupted' },
    ),
  );
  const input = fc.record({
    outcome,
    coverage,
    hits: fc.array(severity.map(hit), { maxLength: 3 }),
    onFailure: fc.constantFrom('allow' as const, 'block' as const, 'review' as const),
  });

  it('clean is scored, in full, without any hit', () => {
    fc.assert(
      fc.property(input, (over) => {
        const decision = decided(over);
        if (decision.overall.label !== 'clean') return;
        expect(decision.state).toBe('scored');
        expect(decision.coverage).toEqual(FULL);
        expect(over.hits).toEqual([]);
        expect(decision.criteria.every(({ label }) => label === 'pass')).toBe(true);
      }),
    );
  });

  it('the model only narrows: with it nothing passes that the rules alone refuse', () => {
    fc.assert(
      fc.property(input, (over) => {
        const alone = decided({ ...over, outcome: { state: 'rules_only', reason: 'no_judge' } });
        if (alone.overall.label !== 'violation') return;
        expect(decided(over)).toMatchObject({
          overall: { label: 'violation' },
          action: 'would_block',
          decided_by: 'rule',
        });
      }),
    );
  });

  it('coverage is full exactly without reasons, and never grows', () => {
    fc.assert(
      fc.property(input, (over) => {
        const { coverage } = decided(over);
        expect(coverage.level === 'full').toBe(coverage.reasons.length === 0);
        expect(coverage.reasons).toEqual([...new Set(coverage.reasons)].sort());
        expect(coverage.reasons).toEqual(expect.arrayContaining([...over.coverage.reasons]));
        if (over.coverage.level === 'none') expect(coverage.level).toBe('none');
      }),
    );
  });
});
