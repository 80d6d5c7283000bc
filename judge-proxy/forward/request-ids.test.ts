import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clientRequestId, vettedId } from './request-ids.ts';

test.each<[string | null | undefined, string | null]>([
  ['req_0123456789abcdef', 'req_0123456789abcdef'],
  ['a'.repeat(128), 'a'.repeat(128)],
  ['a'.repeat(129), null],
  ['', null],
  [null, null],
  [undefined, null],
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

test("the client's own name for the request comes first", () => {
  expect(clientRequestId(['X-Request-ID', 'a', 'X-Client-Request-Id', 'b'], true)).toBe('b');
  expect(clientRequestId(['X-Request-ID', 'a'], true)).toBe('a');
  expect(clientRequestId(['X-Request-ID', 'a', 'x-client-request-id', 'not printable\u0000'], true)).toBe('a');
});

test('outside a tunnel x-request-id is not the client’s', () => {
  expect(clientRequestId(['x-request-id', 'of-envoy'], false)).toBeNull();
  expect(clientRequestId(['x-client-request-id', 'own'], false)).toBe('own');
});
