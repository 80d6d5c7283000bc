/**
 * Contract: of any JSON object the envelope is what JSON.parse would show, also with repeated members, escapes and white
 * space; of a cut one what stands before the cut; of anything else nothing, and never an exception.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readEnvelope } from './openai-responses-websocket-envelope.ts';

const read = (text: string) => readEnvelope(Buffer.from(text));

function parsed(text: string): unknown {
  const value = JSON.parse(text) as Record<string, unknown>;
  const at = (object: unknown, key: string): string | null => {
    const found =
      typeof object === 'object' && object !== null && !Array.isArray(object) && Object.hasOwn(object, key)
        ? (object as Record<string, unknown>)[key]
        : null;
    return typeof found === 'string' ? found : null;
  };
  const inner = (name: string) => (Object.hasOwn(value, name) ? value[name] : null);
  const status = Object.hasOwn(value, 'status') ? value.status : null;
  return {
    type: at(value, 'type'),
    lane: at(value, 'stream_id'),
    responseId: at(inner('response'), 'id') ?? at(value, 'response_id'),
    previousId:
      at(value, 'previous_response_id') ??
      at(inner('response'), 'previous_response_id') ??
      at(inner('steer'), 'previous_response_id'),
    status: Number.isSafeInteger(status) ? status : null,
  };
}

const KEYS = ['type', 'stream_id', 'response_id', 'previous_response_id', 'status', 'response', 'steer', 'id', 'a"\\'];
const key = fc.constantFrom(...KEYS);
const leaf = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constant('é"\\\n'),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5 }),
  ),
}));
const object = fc.dictionary(key, value, { maxKeys: 8, minKeys: 1 });

test('the same as JSON.parse', () => {
  fc.assert(
    fc.property(object, fc.constantFrom(0, 2), (message, indent) => {
      const text = JSON.stringify(message, null, indent);
      expect(read(text)).toEqual(parsed(text));
    }),
    { numRuns: 1_000 },
  );
});

test('of repeated members the last, with all that stands in it', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), { maxLength: 8 }), (members) => {
      const text = `{${members.map(([name, item]) => `${JSON.stringify(name)}:${JSON.stringify(item)}`).join(',')}}`;
      expect(read(text)).toEqual(parsed(text));
    }),
    { numRuns: 1_000 },
  );
});

test('a name that is written with escapes', () => {
  expect(read('{"\\u0074ype":"response.cr\\u0065ate"}')?.type).toBe('response.create');
});

test('what stands before a cut', () => {
  const text = '{"type":"response.create","stream_id":"a","input":"long';
  expect(read(text)).toMatchObject({ type: 'response.create', lane: 'a' });
});

test('any bytes: an envelope or none', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.string().map((text) => Buffer.from(`{"type":${text}`)),
      ),
      (bytes) => {
        readEnvelope(bytes);
      },
    ),
    { numRuns: 1_000 },
  );
});

test.each(['', '[]', '"text"', 'null', '  '])('%j is none', (text) => {
  expect(read(text)).toBeNull();
});

test.each([
  ['{"type":"response.completed","response":{"id":"real"},"response.id":"forged"}', 'responseId', 'real'],
  ['{"type":"response.completed","response.id":"forged"}', 'responseId', null],
  ['{"type":"response.create","steer.previous_response_id":"forged"}', 'previousId', null],
  ['{"type":"response.create","response.x":{"id":"forged"},"response":{"a.id":"forged"}}', 'responseId', null],
] as const)('a name with a dot of its own is no path: %s', (text, member, expected) => {
  expect(read(text)?.[member]).toBe(expected);
});
