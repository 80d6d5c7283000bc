/** Intervals are the same for the same seed, cover what they should, and are as wide as the groups make them. */

import { describe, expect, it } from 'vitest';
import { bootstrap } from './bootstrap.ts';
import { quantile } from './quantile.ts';
import { seededRandom } from './random.ts';

const mean = (rows: readonly number[]) => ({ mean: rows.reduce((sum, value) => sum + value, 0) / rows.length });
const options = (seed: number) => ({ resamples: 1_000, level: 0.95, random: seededRandom(seed) });
/** 100 rows, of which 30 are 1. */
const ROWS = Array.from({ length: 100 }, (_, index) => (index % 10 < 3 ? 1 : 0));

describe('bootstrap', () => {
  it('comes out the same for the same seed, and not for another', () => {
    const groups = ROWS.map((value) => [value]);
    expect(bootstrap(groups, mean, options(7))).toEqual(bootstrap(groups, mean, options(7)));
    expect(bootstrap(groups, mean, options(7))).not.toEqual(bootstrap(groups, mean, options(8)));
  });

  it('agrees with the normal approximation of a share: 0.30 ± 0.09', () => {
    const { mean: interval } = bootstrap(
      ROWS.map((value) => [value]),
      mean,
      options(1),
    );
    expect(interval?.low).toBeCloseTo(0.21, 1);
    expect(interval?.high).toBeCloseTo(0.39, 1);
  });

  it('is wider when rows hang together', () => {
    const sorted = ROWS.toSorted();
    const tens = Array.from({ length: 10 }, (_, index) => sorted.slice(index * 10, index * 10 + 10));
    const width = (groups: readonly (readonly number[])[]) => {
      const { mean: interval } = bootstrap(groups, mean, options(1));
      return (interval?.high ?? 0) - (interval?.low ?? 0);
    };
    expect(width(tens)).toBeGreaterThan(2 * width(ROWS.map((value) => [value])));
  });

  it('gives no interval for a figure that most resamples do not have', () => {
    const groups = [[1], ...Array.from({ length: 40 }, () => [0])];
    const measure = (rows: readonly number[]) => ({ rare: rows.includes(1) ? 1 : null, twice: rows[0] ? 1 : null });
    const { rare, twice } = bootstrap(groups, measure, options(1));
    expect(rare).toEqual({ low: 1, high: 1 });
    expect(twice).toBeNull();
  });

  it('of nothing is no interval', () => {
    expect(bootstrap([], () => ({ mean: null }), options(1))).toEqual({ mean: null });
  });
});

it('the generator fills 0 to 1 evenly', () => {
  const random = seededRandom(42);
  const buckets = Array.from({ length: 10 }, () => 0);
  for (let i = 0; i < 100_000; i++) {
    const at = Math.floor(random() * 10);
    buckets[at] = (buckets[at] ?? 0) + 1;
  }
  for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

it.each([
  [[], 0.5, null],
  [[7], 0.95, 7],
  [[3, 1, 2], 0.5, 2],
  [[1, 2], 0.5, 1.5],
  [[0, 10, 20, 30, 40], 0.95, 38],
])('the quantile of %j at %d is %d', (values, q, expected) => expect(quantile(values, q)).toBe(expected));
