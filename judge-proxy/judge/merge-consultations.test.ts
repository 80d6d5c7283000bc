/**
 * Contract: many questions about one exchange become one that is never better than any of them: per criterion the
 * highest score, a failure stays a failure, a violation stays a violation, and what each cost is in the sum.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Coverage } from '../ledger/records.ts';
import { type Consultation, notAsked } from './consult.ts';
import { decide } from './decide.ts';
import { mergeConsultations } from './merge-consultations.ts';
import { answerOf, FAILED_STATES, failedWith, scoredBy } from './testing/answers.ts';
import { RUBRIC } from './testing/judgements.ts';

const FULL: Coverage = { level: 'full', reasons: [] };
const RANK = { clean: 0, undetermined: 1, violation: 2 } as const;

function decided({ outcome }: Consultation) {
  return decide({ outcome, hits: [], coverage: FULL, rubric: RUBRIC, onFailure: 'block', enforcement: 'mid_stream' });
}

function merged(...parts: Consultation[]): Consultation {
  const one = mergeConsultations(parts);
  if (one === null) throw new Error('nothing to merge');
  return one;
}

describe('several questions', () => {
  it('none is none, one is itself', () => {
    expect(mergeConsultations([])).toBeNull();
    const only = scoredBy('m', { leak: 1 });
    expect(mergeConsultations([only])).toBe(only);
  });

  it('of each criterion the highest score, with its evidence', () => {
    const { outcome } = merged(scoredBy('m', { leak: 3 }), scoredBy('m', { rude: 1 }), scoredBy('m', { leak: 1 }));
    const { criteria } = decided({ ...scoredBy('m'), outcome });
    expect(criteria.map(({ id, score, explanation }) => [id, score, explanation])).toEqual([
      ['leak', 3, 'leak 3'],
      ['rude', 1, 'rude 1'],
      ['judge_manipulation', 0, ''],
    ]);
  });

  it('steering in one window is steering', () => {
    const one = merged(scoredBy('m', { manipulation: true }), scoredBy('m'));
    expect(decided(one).criteria.at(-1)).toMatchObject({ label: 'violation', evidence: [{ quote: 'secret plan' }] });
  });

  it('adds tokens, money and time; says the model that spoke last, and a wrong nonce wherever it was', () => {
    const parts = [
      scoredBy('a', {}, { samplingProbability: 0.1 }),
      failedWith('nonce_mismatch', { nonceOk: false }),
      scoredBy('b', {}, { escalatedFrom: 'small-1' }),
    ];
    expect(merged(...parts)).toMatchObject({
      tokens: { in: 180, out: 20 },
      costUsd: 0.002,
      latencyMs: 25,
      model: 'b',
      escalatedFrom: 'small-1',
      nonceOk: false,
      samplingProbability: 1,
      cacheHit: false,
      again: null,
    });
  });

  it('came from the cache when all of it did', () => {
    const hit = scoredBy('m', {}, { cacheHit: true });
    expect(merged(hit, hit).cacheHit).toBe(true);
    expect(merged(hit, scoredBy('m')).cacheHit).toBe(false);
  });

  it('a cut window makes it cut', () => {
    const cut = { ...scoredBy('m'), outcome: { state: 'truncated_input', answer: answerOf() } } as const;
    expect(merged(cut, scoredBy('m')).outcome.state).toBe('truncated_input');
  });

  it('a model that failed counts more than one that was not to be asked', () => {
    const { outcome } = merged(failedWith('timeout'), failedWith('budget_exhausted'), scoredBy('m'));
    expect(outcome.state).toBe('timeout');
  });

  it('windows that were not drawn are made up for by a rule hit that has the whole asked about', () => {
    const undrawn = failedWith('sampled_out', { samplingProbability: 0.1 });
    const asked = merged(undrawn, undrawn, scoredBy('m', { leak: 1 }));
    expect(asked).toMatchObject({ outcome: { state: 'scored' }, samplingProbability: 1 });
    expect(decided(asked).criteria).toHaveLength(3);
    expect(merged(undrawn, failedWith('timeout'), undrawn).outcome.state).toBe('timeout');
    expect(merged(undrawn, undrawn)).toMatchObject({ outcome: { state: 'sampled_out' }, samplingProbability: 0.1 });
  });

  it('what a model found before a rule stopped it is told, too', () => {
    const stopped = notAsked({ state: 'rules_only', reason: 'stopped' });
    const one = decided(merged(scoredBy('m', { leak: 3 }), stopped));
    expect(one).toMatchObject({ state: 'rules_only', decided_by: 'model', overall: { severity: 'critical' } });
  });
});

it('for every sequence: never better than its worst, and never clean with a failure in it', () => {
  const part = fc.oneof(
    fc.record({ leak: fc.nat(3), rude: fc.nat(1), manipulation: fc.boolean() }).map((scores) => scoredBy('m', scores)),
    fc.constantFrom(...FAILED_STATES, 'budget_exhausted' as const).map((state) => failedWith(state)),
    fc.constant({ ...scoredBy('m'), outcome: { state: 'truncated_input', answer: answerOf() } } as const),
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
      const whole = decided(merged(...parts));
      for (const one of parts.map(decided)) {
        expect(RANK[whole.overall.label]).toBeGreaterThanOrEqual(RANK[one.overall.label]);
        if (one.stop) expect(whole.stop).toBe(true);
        if (one.overall.label === 'violation') {
          for (const { id, score } of one.criteria)
            expect(whole.criteria.find((item) => item.id === id)?.score).toBeGreaterThanOrEqual(score);
        }
      }
    }),
  );
});
