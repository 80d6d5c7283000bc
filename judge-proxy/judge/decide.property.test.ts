/**
 * What holds of every decision: the same input gives the same one, failures are never clean, models only narrow.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Severity } from '../ledger/records.ts';
import type { ModelOutcome } from './decide.ts';
import { decided, FAILED, FULL, hit, NONE, PARTIAL, scored } from './testing/decisions.ts';

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
