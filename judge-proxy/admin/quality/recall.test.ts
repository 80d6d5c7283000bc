/**
 * Contract: over and over, in a simulated population whose recall is known, the interval of the recall holds the true one
 * in about 95 of 100 samples, with one probability of being drawn and with two; labels from other queues, which show what
 * the judge flagged, do not move it. The generator has a seed: the figures are the same each time.
 */

import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../commands/eval/random.ts';
import type { LabelledVerdict } from '../../ledger/read-model/rows.ts';
import { qualityOf } from './quality.ts';

const RECALL = 0.7;
const PREVALENCE = 0.3;
const FALSE_ALARMS = 0.02;

interface World {
  readonly exchanges: number;
  /** Of an exchange by its place in time, 0 to 1. */
  readonly rate: (when: number) => number;
}

/** What reviewers said when the control sample and everything flagged was worked through. */
function sample({ exchanges, rate }: World, random: Random): LabelledVerdict[] {
  return Array.from({ length: exchanges }, (_, i) => i).flatMap((i) => {
    const violation = random() < PREVALENCE;
    const flagged = random() < (violation ? RECALL : FALSE_ALARMS);
    const probability = rate(i / exchanges);
    const drawn = random() < probability;
    if (!drawn && !flagged) return [];
    return [
      {
        ...{ exchange_id: `e${i}`, ts: '2026-01-31T12:00:00.000Z', reviewer: 'ann' },
        human: violation ? ('violation' as const) : ('clean' as const),
        // Flagged ones are met in their own queue first, whether or not they were drawn.
        queue: flagged ? ('severe' as const) : ('control' as const),
        blind: false,
        sampling_probability: drawn ? probability : null,
        ...{ judge: 'default', judge_hash: 'a'.repeat(64) },
        label: flagged ? ('violation' as const) : ('clean' as const),
        severity: flagged ? ('high' as const) : ('none' as const),
      },
    ];
  });
}

function coverage(world: World, samples: number, seed: number) {
  const random = seededRandom(seed);
  const found = Array.from({ length: samples }, () => qualityOf(sample(world, random)).recall);
  const covering = found.filter(({ low, high }) => low !== null && high !== null && low <= RECALL && RECALL <= high);
  const mean = found.reduce((sum, { value }) => sum + (value ?? 0), 0) / samples;
  return { share: covering.length / samples, mean };
}

describe('the interval of recall', () => {
  it.each([
    ['one rate', { exchanges: 2_000, rate: () => 0.1 }],
    ['a rate that was raised', { exchanges: 2_000, rate: (when: number) => (when < 0.5 ? 0.08 : 0.16) }],
  ])('%s: holds the true recall in about 95 of 100 samples', (_name, world) => {
    const { share, mean } = coverage(world, 500, 20260131);
    // Four standard deviations of 500 draws at 95 % are 3.9 points.
    expect(share).toBeGreaterThan(0.911);
    expect(share).toBeLessThan(0.989);
    expect(mean).toBeCloseTo(RECALL, 1.5);
  });

  it('everything flagged, counted as if it had been drawn, would be far off', () => {
    const labels = sample({ exchanges: 2_000, rate: () => 0.1 }, seededRandom(1)).map((label) => ({
      ...label,
      sampling_probability: 0.1,
    }));
    expect(qualityOf(labels).recall.low).toBeGreaterThan(RECALL + 0.1);
  });
});
