/**
 * Contract (issue 4, item 6): over random routes, rule hits and answers the judge only narrows. What rules and policy
 * refuse without a model is refused with one, whatever it says; no failure is clean; an exchange is stopped exactly when
 * the verdict says so; and a route that blocks on failure lets no failed judgement of a held exchange through.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { COVERAGE_REASONS, type RuleHit, type Severity } from '../ledger/records.ts';
import { sampleCompleted, sampleOpened } from '../ledger/sample-records.ts';
import { buildVerdict, type Judged, type VerdictParts } from './build-verdict.ts';
import { type Consultation, notAsked } from './consult.ts';
import { isFailure } from './decide.ts';
import { mergeConsultations } from './merge-consultations.ts';
import { answerOf, FAILED_STATES, failedWith, scoredBy } from './testing/answers.ts';
import { judgeWith } from './testing/judged-ledger.ts';

const JUDGE = judgeWith({ name: 'test-judge', ask: () => Promise.reject(new Error('nobody asks')) });

const severity = fc.constantFrom<Severity>('low', 'medium', 'high', 'critical');
const hit: fc.Arbitrary<RuleHit> = fc.record({
  rule: fc.constantFrom('secrets', 'personal_data', 'near_empty_response'),
  version: fc.constant('1'),
  place: fc.constant('p'),
  preview: fc.constant('x'),
  severity,
});
const one: fc.Arbitrary<Consultation> = fc.oneof(
  fc.record({ leak: fc.nat(3), rude: fc.nat(1), manipulation: fc.boolean() }).map((scores) => scoredBy('m', scores)),
  fc
    .constantFrom(...FAILED_STATES, 'sampled_out' as const, 'budget_exhausted' as const)
    .map((state) => failedWith(state)),
  fc.record({ leak: fc.nat(3) }).map((scores) => ({
    ...scoredBy('m'),
    outcome: { state: 'truncated_input' as const, answer: answerOf(scores) },
  })),
  fc.constantFrom(
    notAsked({ state: 'unparseable' }),
    notAsked({ state: 'interrupted' }),
    notAsked({ state: 'rules_only', reason: 'no_judge' }),
  ),
);
const coverage = fc.uniqueArray(fc.constantFrom(...COVERAGE_REASONS), { maxLength: 3 }).map((reasons) => ({
  level: reasons.length === 0 ? ('full' as const) : ('partial' as const),
  reasons: reasons.sort(),
}));

const scene = fc.record({
  mode: fc.constantFrom('observe' as const, 'window' as const, 'hold' as const),
  enforcement: fc.constantFrom('none' as const, 'before_first_byte' as const, 'mid_stream' as const),
  subject: fc.constantFrom('request' as const, 'exchange' as const),
  onFailure: fc.constantFrom('allow' as const, 'block' as const, 'review' as const),
  hits: fc.array(hit, { maxLength: 3 }),
  coverage,
  consultations: fc.array(one, { minLength: 1, maxLength: 4 }),
});
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

const STRICTNESS = { allowed: 0, would_block: 1, blocked: 1, cut: 1 } as const;
const GRAVITY: Readonly<Record<Severity, number>> = { none: 0, low: 1, medium: 2, high: 3, critical: 4 };

function judged(given: Scene, over: Partial<VerdictParts> = {}): Judged {
  const { mode, enforcement, subject, hits, onFailure, consultations } = given;
  const consultation = mergeConsultations(consultations);
  return buildVerdict({
    opened: sampleOpened('e1', { mode }),
    completed: sampleCompleted('e1', { coverage: given.coverage }),
    summary: {
      rule_hits: hits,
      latest_user_message: null,
      latest_user_message_length: null,
      context_tail_preview: null,
    },
    judge: JUDGE,
    outcome: consultation?.outcome ?? { state: 'unparseable' },
    consultation,
    onFailure,
    held: { enforcement, release: mode === 'window' ? 'cleared' : null, subject, windows: consultations.length - 1 },
    verdictId: 'v1',
    ts: '2026-01-31T12:34:56.789Z',
    ...over,
  });
}

function always(property: (given: Scene) => void): void {
  fc.assert(fc.property(scene, property), { numRuns: 500 });
}

it('what rules alone refuse is refused, whatever a model says', () => {
  always((given) => {
    const alone = judged(given, { outcome: { state: 'rules_only', reason: 'no_judge' }, consultation: null });
    const withModel = judged(given);
    expect(STRICTNESS[withModel.verdict.action]).toBeGreaterThanOrEqual(STRICTNESS[alone.verdict.action]);
    if (alone.stop) expect(withModel.stop).toBe(true);
    if (alone.verdict.overall.label !== 'violation') return;
    expect(withModel.verdict).toMatchObject({ overall: { label: 'violation' }, decided_by: 'rule' });
    expect(GRAVITY[withModel.verdict.overall.severity]).toBeGreaterThanOrEqual(GRAVITY[alone.verdict.overall.severity]);
  });
});

it('clean is scored, in full, without any hit or failure', () => {
  always((given) => {
    const { verdict } = judged(given);
    if (verdict.overall.label !== 'clean') return;
    expect(verdict).toMatchObject({ state: 'scored', rule_hits: [], coverage: { level: 'full', reasons: [] } });
    // The last question is about all; a window that was not drawn before it is no failure.
    expect(given.consultations.at(-1)?.outcome.state).toBe('scored');
    for (const { outcome } of given.consultations) expect(['scored', 'sampled_out']).toContain(outcome.state);
    expect(verdict.criteria.every(({ label }) => label === 'pass')).toBe(true);
  });
});

it('it is stopped exactly when the action says so, and the action says where it stood', () => {
  always((given) => {
    const { verdict, stop } = judged(given);
    expect(stop).toBe(verdict.action === 'blocked' || verdict.action === 'cut');
    const refused = { none: 'would_block', before_first_byte: 'blocked', mid_stream: 'cut' }[given.enforcement];
    expect(['allowed', refused]).toContain(verdict.action);
  });
});

it('what any window finds is a violation, and it is stopped while it can be', () => {
  always((given) => {
    const found = given.consultations.some(
      ({ outcome }) =>
        outcome.answer !== undefined &&
        ((outcome.answer.criteria[0]?.score ?? 0) >= 2 ||
          outcome.answer.criteria[1]?.score === 1 ||
          outcome.answer.judge_manipulation.present),
    );
    if (!found) return;
    const { verdict, stop } = judged(given);
    expect(verdict.overall.label).toBe('violation');
    expect(stop).toBe(given.enforcement !== 'none');
  });
});

it('a failure is what the route makes of it, and a stricter route never lets more through', () => {
  always((given) => {
    const [allow, review, block] = (['allow', 'review', 'block'] as const).map((onFailure) =>
      judged({ ...given, onFailure }),
    );
    if (allow === undefined || review === undefined || block === undefined) return;
    const outcome = mergeConsultations(given.consultations)?.outcome;
    const failed = outcome !== undefined && isFailure(outcome, given.enforcement);
    if (failed) expect(block.verdict.action).not.toBe('allowed');
    if (failed && given.enforcement !== 'none') {
      expect(block.stop).toBe(true);
      expect(GRAVITY[review.verdict.overall.severity]).toBeGreaterThanOrEqual(GRAVITY.medium);
    }
    expect(review.verdict.action).toBe(allow.verdict.action);
    expect(STRICTNESS[block.verdict.action]).toBeGreaterThanOrEqual(STRICTNESS[review.verdict.action]);
    expect(GRAVITY[review.verdict.overall.severity]).toBeGreaterThanOrEqual(GRAVITY[allow.verdict.overall.severity]);
    if (!failed) expect(block.verdict.action).toBe(allow.verdict.action);
  });
});
