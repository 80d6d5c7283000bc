/** Contract: a rate takes that share of ids, a higher rate takes those of a lower one, and not those that the judge takes. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { controlDraw, drawLimit, isDrawn } from './control-draw.ts';

const IDS = Array.from({ length: 20_000 }, (_, i) => `exchange-${i}`);

it('takes the share that the rate says, within five standard deviations', () => {
  for (const rate of [0.01, 0.1, 0.5]) {
    const drawn = IDS.filter((id) => isDrawn(id, rate)).length;
    const deviation = Math.sqrt(IDS.length * rate * (1 - rate));
    expect(Math.abs(drawn - IDS.length * rate)).toBeLessThan(5 * deviation);
  }
  expect(IDS.filter((id) => isDrawn(id, 0))).toEqual([]);
  expect(IDS.filter((id) => isDrawn(id, 1))).toHaveLength(IDS.length);
});

it('gives integers below 2^52, and a higher rate keeps what a lower one took', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (id, a, b) => {
        expect(Number.isSafeInteger(controlDraw(id))).toBe(true);
        expect(controlDraw(id)).toBeLessThan(drawLimit(1));
        if (isDrawn(id, Math.min(a, b))) expect(isDrawn(id, Math.max(a, b))).toBe(true);
      },
    ),
  );
});
