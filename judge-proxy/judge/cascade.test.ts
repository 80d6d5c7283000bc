/**
 * Contract: the larger model is asked whenever the small one's word is not enough; it decides then; and whatever becomes
 * of it, a violation that the small one found is not lost.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuleHit, Severity } from '../ledger/records.ts';
import { joinCascade, needsLarger } from './cascade.ts';
import type { Consultation } from './consult.ts';
import { decide, type FailedState } from './decide.ts';
import { answerOf, FAILED_STATES, failedWith, type Scores, scoredBy } from './testing/answers.ts';
import { RUBRIC } from './testing/judgements.ts';

function hit(severity: Severity): RuleHit {
  return { rule: 'secrets', version: '1', place: 'p', preview: 'x', severity };
}

function labelOf({ outcome }: Consultation) {
  const coverage = { level: 'full', reasons: [] } as const;
  return decide({ outcome, hits: [], coverage, rubric: RUBRIC, onFailure: 'allow', enforcement: 'none' }).overall.label;
}

describe('the larger model is asked', () => {
  it.each<[string, Scores, Severity | null, boolean]>([
    ['not after a plain pass', {}, null, false],
    ['just below the threshold', { leak: 1 }, null, true],
    ['just above it', { leak: 2 }, null, true],
    ['after something grave, however sure', { leak: 3 }, null, true],
    ['not after something small on a scale of yes and no', { rude: 1 }, null, false],
    ['after an attempt to steer', { manipulation: true }, null, true],
    ['when a part could not be read', { unreadable: ['the image'] }, null, true],
    ['when a rule found what it did not', {}, 'medium', true],
    ['not when a rule found little', {}, 'low', false],
    ['not when a rule and it agree', { rude: 1 }, 'medium', false],
  ])('%s', (_, scores, severity, expected) => {
    const hits = severity === null ? [] : [hit(severity)];
    expect(needsLarger({ state: 'scored', answer: answerOf(scores) }, hits, RUBRIC)).toBe(expected);
  });

  it.each(FAILED_STATES)('after %s', (state) => {
    expect(needsLarger({ state }, [], RUBRIC)).toBe(true);
  });
});

describe('both together', () => {
  const join = (small: Consultation, large: Consultation) => joinCascade(small, 'small-1', large, RUBRIC);

  it('the larger one decides, either way, and both are paid', () => {
    const pass = join(scoredBy('small-1', { leak: 3 }), scoredBy('large-1'));
    expect(labelOf(pass)).toBe('clean');
    expect(pass).toMatchObject({
      model: 'large-1',
      escalatedFrom: 'small-1',
      tokens: { in: 180, out: 20 },
      costUsd: 0.002,
      latencyMs: 20,
    });
    expect(labelOf(join(scoredBy('small-1'), scoredBy('large-1', { leak: 3 })))).toBe('violation');
  });

  it.each([...FAILED_STATES, 'budget_exhausted' as const])('%s of the larger: the violation stands', (state) => {
    const joined = join(scoredBy('small-1', { leak: 3 }), failedWith(state));
    expect(joined.outcome.state).toBe(state);
    expect(labelOf(joined)).toBe('violation');
  });

  it.each([...FAILED_STATES, 'budget_exhausted' as const])(
    '%s of the larger: a pass of the small one is none',
    (state) => {
      const joined = join(scoredBy('small-1', { leak: 1 }), failedWith(state));
      expect(joined.outcome).toEqual({ state });
      expect(labelOf(joined)).toBe('undetermined');
    },
  );

  it('an unknown price makes the sum unknown, tokens stay', () => {
    const joined = join(scoredBy('small-1', {}, { costUsd: null }), scoredBy('large-1'));
    expect(joined).toMatchObject({ costUsd: null, tokens: { in: 180, out: 20 } });
  });

  it('for every pair: no failure of the larger takes a violation back, and none is clean', () => {
    const scores = fc.record({ leak: fc.nat(3), rude: fc.nat(1), manipulation: fc.boolean() });
    const failure = fc.constantFrom<FailedState>(...FAILED_STATES, 'budget_exhausted', 'sampled_out');
    fc.assert(
      fc.property(scores, failure, (found, state) => {
        const small = scoredBy('small-1', found);
        const label = labelOf(join(small, failedWith(state)));
        expect(label).toBe(labelOf(small) === 'violation' ? 'violation' : 'undetermined');
      }),
    );
  });
});
