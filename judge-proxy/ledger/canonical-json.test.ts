/**
 * Canonical JSON is what `canonicalize`, a library for RFC 8785, writes: the same bytes for everything, the same refusal
 * of what JSON cannot carry. Hashes are made of it, and anybody may check them with a library.
 */

import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText } from './canonical-json.ts';
import { sampleCompleted, sampleOpened, sampleVerdict } from './sample-records.ts';

const units = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) });
const texts = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 200 }), units);
const anything = fc.anything({
  key: fc.oneof(texts, fc.constantFrom('a', 'b', 'toJSON', '__proto__', '10', '9', '')),
  values: [texts, fc.double(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant(undefined)],
  maxDepth: 4,
  withNullPrototype: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSparseArray: true,
  withTypedArray: true,
});

describe('canonical JSON', () => {
  it('is what the library writes, and refuses what it refuses', () => {
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(texts, anything), fc.array(anything)), (value) => {
        expect(attempt(() => canonicalText(value))).toEqual(attempt(() => canonicalize(value)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not depend on which shapes were met before', () => {
    const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(keys, { minLength: 2, maxLength: 10 }), (shapes) => {
        for (const names of shapes) {
          const value = Object.fromEntries(names.map((name, at) => [name, at]));
          expect(canonicalText(value)).toBe(canonicalize(value));
        }
      }),
    );
  });

  it.each<readonly [string, object]>([
    ['opened', sampleOpened('one')],
    ['completed', sampleCompleted('one')],
    ['verdict', sampleVerdict('one')],
    ['all printable ASCII', { text: Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join('') }],
    ['every character of one byte and some more', Array.from({ length: 0x120 }, (_, at) => String.fromCharCode(at))],
  ])('of %s', (_name, value) => {
    expect(canonicalText(value)).toBe(canonicalize(value));
  });

  it.each<readonly [string, object]>([
    ['a list with a method of its own', Object.assign([1], { toJSON: () => 'mine' })],
    ['an inherited method', Object.create({ toJSON: () => ({ b: 1, a: 2 }) }) as object],
    ['a date', { at: new Date(0) }],
    ['more keys than any shape of ours', Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`k${at}`, at]))],
    ['deeper than anything of ours', nested(200)],
  ])('of %s', (_name, value) => {
    expect(canonicalText(value)).toBe(canonicalize(value));
  });

  it('refuses a circle', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(() => canonicalText(circle)).toThrow('Circular');
  });
});

function nested(depth: number): object {
  let value: object = {};
  for (let at = 0; at < depth; at += 1) value = at % 2 === 0 ? { b: value, a: at } : { list: [value] };
  return value;
}

/** What a call returns, or that it throws. */
function attempt(call: () => string | undefined): string | undefined {
  try {
    return call();
  } catch {
    return 'refused';
  }
}
