/** What a judge reads has a bound; every cut is marked, named by its side, and takes from the largest part first. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Part } from '../exchange/transcript.ts';
import { INPUT } from './testing/judgements.ts';
import { TRANSCRIPT_CHARACTERS, TRANSCRIPT_PARTS, trimTranscript } from './trim.ts';

function part(text: string, index = 0, side: Part['side'] = 'request'): Part {
  return { side, place: `${side}.p[${index}]`, role: 'user', kind: 'text', text };
}

function trim(parts: readonly Part[]) {
  const { transcript, cut } = trimTranscript({ ...INPUT.transcript, parts });
  return { parts: transcript.parts, cut: [...cut].sort() };
}

it('leaves what fits as it is', () => {
  const parts = [part('a'.repeat(TRANSCRIPT_CHARACTERS - 1)), part('b', 1)];
  expect(trim(parts)).toEqual({ parts, cut: [] });
});

it('keeps head and tail, and says how much is missing', () => {
  const { parts, cut } = trim([part(`HEAD${'x'.repeat(500_000)}TAIL`), part('short', 1, 'response')]);
  expect(cut).toEqual(['request']);
  expect(parts[0]?.text).toMatch(/^HEADx+\[CUT:\d+ characters\]x+TAIL$/);
  expect(parts[1]?.text).toBe('short');
});

it('takes from the largest', () => {
  const { parts } = trim([part('a'.repeat(190_000)), part('b'.repeat(5_000), 1), part('c'.repeat(190_000), 2)]);
  expect(parts.map(({ text }) => text.length > 90_000)).toEqual([true, false, true]);
  expect(parts[1]?.text).toBe('b'.repeat(5_000));
});

it('leaves out the middle of too many parts', () => {
  const { parts, cut } = trim(Array.from({ length: 5_000 }, (_, index) => part('x', index)));
  expect(parts).toHaveLength(TRANSCRIPT_PARTS);
  expect([parts[0]?.place, parts.at(-1)?.place]).toEqual(['request.p[0]', 'request.p[4999]']);
  expect(parts[500]).toMatchObject({ place: 'request.cut', kind: 'other', text: '[CUT:4001 parts]' });
  expect(cut).toEqual(['request']);
});

describe('for any lengths', () => {
  it('the sum is bounded, and a side is named exactly when it lost text', () => {
    const length = fc.oneof(fc.nat(100), fc.nat(300_000));
    fc.assert(
      fc.property(fc.array(length, { maxLength: 12 }), (lengths) => {
        const given = lengths.map((n, index) =>
          part('😀'.repeat(n / 2), index, index % 2 === 0 ? 'request' : 'response'),
        );
        const { parts, cut } = trim(given);
        const total = parts.reduce((sum, { text }) => sum + text.replace(/\[CUT:\d+ characters\]/, '').length, 0);
        expect(total).toBeLessThanOrEqual(TRANSCRIPT_CHARACTERS + 2 * parts.length);
        for (const side of ['request', 'response'] as const) {
          const changed = given.some((one, index) => one.side === side && parts[index]?.text !== one.text);
          expect(cut.includes(side)).toBe(changed);
        }
        expect(parts.every(({ text }) => text.isWellFormed())).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
