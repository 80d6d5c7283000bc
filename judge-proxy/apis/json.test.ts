/** JSON from the wire: any prefix of a document reads as a prefix of its value, depth is bounded, keys are only keys. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fields, isArray, isObject, type Json, MAX_DEPTH, own, parseJson } from './json.ts';
import { outline } from './outline.ts';
import { anyText } from './testing/exchange.ts';
import { jsonShape } from './truncated-json.ts';

describe('parseJson', () => {
  it.each<[text: string, value: Json, whole: boolean]>([
    ['{"a":1}', { a: 1 }, true],
    [' [1, 2] ', [1, 2], true],
    ['{"a":1', {}, false],
    ['{"a":1,', { a: 1 }, false],
    ['{"a":tru', {}, false],
    ['{"a":[1,{"b":"c', { a: [1, { b: 'c' }] }, false],
    ['{"a":"x\\', { a: 'x' }, false],
    ['{"a":"x\\u00e', { a: 'x' }, false],
    ['{"a":"x\\\\', { a: 'x\\' }, false],
    ['{"a":"b","key', { a: 'b' }, false],
    ['{"a":"b","key"', { a: 'b' }, false],
    ['{"a":"b","key":', { a: 'b' }, false],
    ['"half a str', 'half a str', false],
  ])('reads %s', (text, value, whole) => {
    expect(parseJson(text)).toEqual({ ok: true, value, whole });
  });

  it.each(['', 'hello', '{"a":1}}', '{a:1}', '[1,]x', '}{', '{"a":nope,"b":1}', "{'a':1"])(
    'does not guess at %s',
    (text) => {
      expect(parseJson(text)).toMatchObject({ ok: false, reason: 'malformed' });
    },
  );

  it.each([
    '{"content":"one thing","content":"another"}',
    '{"choices":[{"message":{"content":"a","role":"b","content":"c"}}]}',
    '{"a":1,"\\u0061":2}',
    '{"__proto__":{},"__proto__":1}',
  ])('does not choose one of two values of a key: %s', (text) => {
    expect(JSON.parse(text)).toBeTypeOf('object');
    expect(parseJson(text)).toEqual({ ok: false, reason: 'malformed' });
  });

  it.each(['{"a":":,\\"b\\":"}', '{"a":{"a":[{"a":1},{"a":2}]}}', '{"__proto__":1,"constructor":{"":0}}', '[":"]'])(
    'takes no colon in a string for a key, and no key of another object for the same: %s',
    (text) => {
      expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text), whole: true });
    },
  );

  it('reads any prefix as a prefix of the value (property)', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(0, 2),
        (value, share, indent) => {
          const text = JSON.stringify([value], null, indent);
          const cut = text.slice(0, 1 + Math.floor(share * (text.length - 1)));
          const parsed = parseJson(cut);
          expect(parsed.ok).toBe(true);
          if (parsed.ok) expect(isPrefix(parsed.value, JSON.parse(text) as Json)).toBe(true);
          expect(parsed).toMatchObject({ whole: cut.length === text.length });
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('never throws (property)', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.string({ unit: fc.constantFrom(...'{}[]",:\\u01tn ') })), (text) => {
        parseJson(text);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses depth before anything is built, however deep', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(parseJson(nested(MAX_DEPTH))).toMatchObject({ ok: true });
    expect(parseJson(nested(MAX_DEPTH + 1))).toEqual({ ok: false, reason: 'too_deep' });
    expect(parseJson('{"a":'.repeat(800_000))).toEqual({ ok: false, reason: 'too_deep' });
    expect(jsonShape(JSON.stringify('['.repeat(1000))).depth).toBe(0);
  });
});

describe('Fields', () => {
  const object = JSON.parse(
    '{"s":"x","n":3,"neg":-1,"big":1e30,"o":{"k":1},"l":[1],"z":null,"__proto__":{"p":1}}',
  ) as Record<string, Json>;

  it('gives values of the type asked for and leaves others unread', () => {
    const fields = new Fields(object);
    expect([
      fields.string('s'),
      fields.string('n'),
      fields.count('n'),
      fields.count('neg'),
      fields.count('big'),
    ]).toEqual(['x', null, 3, null, null]);
    expect([fields.array('l'), fields.array('s'), fields.object('l'), fields.object('o')?.any('k')]).toEqual([
      [1],
      null,
      null,
      1,
    ]);
    expect(fields.unread().map(([key]) => key)).toEqual(['neg', 'big', '__proto__']);
  });

  it('sees own properties alone', () => {
    const fields = new Fields({});
    for (const key of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(fields.any(key)).toBeNull();
      expect(own({}, key)).toBeUndefined();
    }
    expect(new Fields(object).object('__proto__')?.any('p')).toBe(1);
  });
});

describe('outline', () => {
  it.each<[value: Json, text: string]>([
    ['text\nas it is', 'text\nas it is'],
    [5, '5'],
    [null, 'null'],
    [[], '[]'],
    [{}, '{}'],
    [{ a: 1, b: { c: 'd', e: [] } }, 'a: 1\nb:\n c: d\n e: []'],
    [[1, [2], { '': 'x' }], '- 1\n-\n - 2\n-\n : x'],
  ])('%j', (value, text) => {
    expect(outline(value)).toBe(text);
  });

  it('holds every string of the value as it is (property)', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = outline(value as Json);
        for (const string of stringsIn(value as Json)) expect(text).toContain(string);
      }),
    );
  });

  it('does not multiply a hostile value', () => {
    const deep = `${'['.repeat(100)}${'1,'.repeat(10_000)}1${']'.repeat(100)}`;
    expect(outline(JSON.parse(deep) as Json).length).toBeLessThan(deep.length * 8);
  });
});

function isPrefix(part: Json, whole: Json): boolean {
  if (typeof part === 'string' && typeof whole === 'string') return whole.startsWith(part);
  if (isArray(part) && isArray(whole)) return part.every((item, index) => isPrefix(item, whole[index] ?? null));
  if (isObject(part) && isObject(whole))
    return Object.keys(part).every((key) => isPrefix(own(part, key) ?? null, own(whole, key) ?? null));
  return Object.is(part, whole);
}

function stringsIn(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (isArray(value)) return value.flatMap(stringsIn);
  return isObject(value) ? Object.entries(value).flatMap(([key, item]) => [key, ...stringsIn(item)]) : [];
}
