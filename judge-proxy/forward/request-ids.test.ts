import fc from 'fast-check';
import { expect, test } from 'vitest';
import { vettedId } from './request-ids.ts';

test.each<[string | null, string | null]>([
  ['req_0123456789abcdef', 'req_0123456789abcdef'],
  ['a'.repeat(128), 'a'.repeat(128)],
  ['a'.repeat(129), null],
  ['', null],
  [null, null],
  ['with space', null],
  ['line\nbreak', null],
  ['\u001b[31m', null],
  ['\u00e9', null],
])('%j becomes %j', (id, expected) => {
  expect(vettedId(id)).toBe(expected);
});

test('whatever comes, what is kept is short and printable', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (id) => {
      expect(vettedId(id) ?? 'x').toMatch(/^[!-~]{1,128}$/);
    }),
  );
});
