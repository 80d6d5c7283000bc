/** Contract: the interval of the textbooks, within 0 and 1, around the share, narrower with more cases, mirrored. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { wilson } from './wilson.ts';

/** Newcombe, Statistics in Medicine 17:857 (1998), table I, method 3: score without continuity correction. */
it.each([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])('%i of %i: %d to %d, as Newcombe has it', (hits, n, low, high) => {
  const interval = wilson(hits / n, n);
  expect(interval?.low).toBeCloseTo(low, 4);
  expect(interval?.high).toBeCloseTo(high, 4);
});

it('is none without cases', () => {
  expect(wilson(0, 0)).toBeNull();
  expect(wilson(Number.NaN, 0)).toBeNull();
});

const share = fc.double({ min: 0, max: 1, noNaN: true });
const size = fc.double({ min: 0.1, max: 1e9, noNaN: true });

it('holds the share, stays within 0 and 1, and is mirrored with it', () => {
  fc.assert(
    fc.property(share, size, (p, n) => {
      const { low, high } = wilson(p, n) ?? expect.unreachable();
      expect(low).toBeGreaterThanOrEqual(0);
      expect(low).toBeLessThanOrEqual(p);
      expect(high).toBeGreaterThanOrEqual(p);
      expect(high).toBeLessThanOrEqual(1);
      const other = wilson(1 - p, n) ?? expect.unreachable();
      expect(other.low).toBeCloseTo(1 - high, 9);
      expect(other.high).toBeCloseTo(1 - low, 9);
    }),
  );
});

it('is narrower with more cases', () => {
  fc.assert(
    fc.property(share, fc.integer({ min: 1, max: 100_000 }), (p, n) => {
      const few = wilson(p, n) ?? expect.unreachable();
      const many = wilson(p, 2 * n) ?? expect.unreachable();
      expect(many.high - many.low).toBeLessThan(few.high - few.low);
    }),
  );
});
