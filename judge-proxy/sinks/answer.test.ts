/**
 * Contract: what a receiver answers is read by its status, and for the bulk API by each item. Nothing is given up that
 * people or time may mend; what a smaller request can tell apart is split; waiting doubles and has bounds.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bulkOutcome, DELIVERED, outcomeOf, retryAfterMs, retryMs } from './answer.ts';

const NOW = Date.parse('2026-01-31T12:00:00Z');

describe('status', () => {
  test.each([[200], [201], [202], [204], [299]])('%i: delivered', (status) => {
    expect(outcomeOf(status, null, NOW)).toEqual(DELIVERED);
  });

  test.each([[400], [413], [422]])('%i: split', (status) => {
    expect(outcomeOf(status, null, NOW)).toEqual({ kind: 'split', code: `http_${status}` });
  });

  test.each([[100], [301], [302], [401], [403], [404], [408], [429], [500], [502], [503]])('%i: again', (status) => {
    expect(outcomeOf(status, null, NOW)).toEqual({ kind: 'retry', afterMs: null, code: `http_${status}` });
  });
});

describe('Retry-After', () => {
  test.each([
    [null, null],
    ['0', 0],
    [' 7 ', 7_000],
    ['86400', 3_600_000],
    ['Sat, 31 Jan 2026 12:00:30 GMT', 30_000],
    ['Sat, 31 Jan 2026 11:00:00 GMT', 0],
    ['soon', null],
    ['', null],
  ] as const)('%j → %j', (value, expected) => {
    expect(retryAfterMs(value, NOW)).toBe(expected);
  });

  test('whatever it says, at most an hour', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const ms = retryAfterMs(value, NOW);
        return ms === null || (ms >= 0 && ms <= 3_600_000);
      }),
    );
  });
});

describe('bulk', () => {
  const items = (...statuses: number[]) => ({ items: statuses.map((status) => ({ create: { status } })) });

  test.each([
    ['all new', items(201, 201), { kind: 'delivered', refused: [], again: [] }],
    ['one there already', items(409, 201), { kind: 'delivered', refused: [], again: [] }],
    ['one refused, one later', items(400, 429, 201), { kind: 'delivered', refused: [0], again: [1] }],
    ['all later', items(429, 503), { kind: 'retry', afterMs: null, code: 'items_refused' }],
  ])('%s', (_name, body, expected) => {
    expect(bulkOutcome(body, body.items.length)).toEqual(expected);
  });

  test.each([[null], [{}], [{ items: 'x' }], [items(201)], ['text'], [{ items: [null, 7] }]])(
    'an answer that does not tell of each is no delivery: %j',
    (body) => {
      expect(bulkOutcome(body, 2)).toMatchObject({ kind: 'retry' });
    },
  );

  test('every item is delivered, refused or again, and none twice', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 20 }), (statuses) => {
        const outcome = bulkOutcome(items(...statuses), statuses.length);
        if (outcome.kind !== 'delivered') return outcome.kind === 'retry';
        const named = [...outcome.refused, ...outcome.again];
        return new Set(named).size === named.length && named.every((index) => index < statuses.length);
      }),
    );
  });
});

describe('waiting', () => {
  test.each([
    [1, 0.5, 1_000],
    [2, 0.5, 2_000],
    [9, 0.5, 256_000],
    [10, 0.5, 300_000],
    [1_000, 0.5, 300_000],
    [1, 0, 900],
    [1, 1, 1_100],
  ])('after %i failures, random %f: %i ms', (failures, random, expected) => {
    expect(retryMs(failures, null, random)).toBe(expected);
  });

  test('the receiver asks for more', () => {
    expect(retryMs(1, 60_000, 0.5)).toBe(60_000);
    expect(retryMs(9, 1_000, 0.5)).toBe(256_000);
  });
});
