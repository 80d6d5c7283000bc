/**
 * Contract: what a rule hits is always asked about; all else with the probability of its route, which stands beside the
 * verdict. One exchange has one draw, however often and wherever it is asked about.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newId } from '../telemetry/clock.ts';
import { drawOf, sample } from './sampling.ts';

const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const probability = fc.double({ min: 0, max: 1, noNaN: true });

describe('sample', () => {
  it('a hit is always asked about, and its probability is 1', () => {
    fc.assert(
      fc.property(probability, draw, (p, d) => {
        expect(sample(p, true, d)).toEqual({ probability: 1, asked: true });
      }),
    );
  });

  it('without one: everything at 1, nothing at 0, and the probability is the route’s', () => {
    fc.assert(
      fc.property(probability, draw, (p, d) => {
        expect(sample(p, false, d)).toEqual({ probability: p, asked: d < p });
        expect(sample(1, false, d).asked).toBe(true);
        expect(sample(0, false, d).asked).toBe(false);
      }),
    );
  });
});

describe('the draw of an exchange', () => {
  it('is the same each time', () => {
    const id = newId();
    expect(drawOf(id)).toBe(drawOf(id));
  });

  it('spreads our ids evenly: a tenth of them are under a tenth', () => {
    const draws = Array.from({ length: 20_000 }, () => drawOf(newId()));
    expect(draws.every((value) => value >= 0 && value < 1)).toBe(true);
    // Six standard deviations of a binomial share: sqrt(0.1 × 0.9 ÷ 20,000) = 0.0021.
    const share = draws.filter((value) => value < 0.1).length / draws.length;
    expect(Math.abs(share - 0.1)).toBeLessThan(0.013);
  });
});
