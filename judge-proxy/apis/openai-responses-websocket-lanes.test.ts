/**
 * Contract: however the events of lanes interleave, each belongs to the response that it is of, and to no other; steering,
 * unasked responses and errors have their place; what belongs to nothing is said to.
 */

import fc from 'fast-check';
import { beforeEach, describe, expect, it, test } from 'vitest';
import type { Envelope } from './openai-responses-websocket-envelope.ts';
import { Lanes, type Slot } from './openai-responses-websocket-lanes.ts';

const NOTHING: Envelope = { type: null, lane: null, responseId: null, previousId: null, status: null };
const event = (type: string, more: Partial<Envelope> = {}): Envelope => ({ ...NOTHING, type, ...more });

let lanes: Lanes;
beforeEach(() => {
  lanes = new Lanes();
});

const heard = (table: Lanes, envelope: Envelope | null, plain = true) => table.server(envelope, () => plain);

function opened(envelope: Envelope): Slot {
  const step = lanes.client(envelope);
  if (step.kind !== 'opens') throw new Error(step.kind);
  return step.slot;
}

const create = (lane: string | null = null, more: Partial<Envelope> = {}) =>
  event('response.create', { lane, ...more });

test('random interleavings of lanes and of queued requests are never mixed', () => {
  const plan = fc.array(
    fc.record({
      lane: fc.constantFrom(null, 'a', 'b', 'c'),
      deltas: fc.nat(4),
      named: fc.boolean(),
      fails: fc.boolean(),
      lost: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(plan, fc.infiniteStream(fc.nat(1_000)), (requests, choices) => {
      const table = new Lanes();
      const pick = choices[Symbol.iterator]();
      // For each lane its requests in order, each with its events to come.
      const asked = new Map<string | null, { slot: Slot | null; events: Envelope[] }[]>();
      for (const [index, { lane, deltas, named, fails, lost }] of requests.entries()) {
        const responseId = `resp_${index}`;
        const id = named ? responseId : null;
        const events = [
          event('response.created', { lane, responseId }),
          ...Array.from({ length: deltas }, () => event('response.output_text.delta', { lane, responseId: id })),
          ...(lost ? [] : [fails ? event('error', { lane }) : event('response.completed', { lane, responseId })]),
        ];
        asked.set(lane, [...(asked.get(lane) ?? []), { slot: null, events }]);
      }
      // The client asks and the origin answers in any order that the protocol allows.
      for (;;) {
        const moves = [...asked.entries()].flatMap(([lane, queue]) => {
          const next = queue.find((request) => request.slot === null);
          const first = queue.find((request) => request.events.length > 0);
          return [
            ...(next === undefined ? [] : [() => ask(table, lane, next)]),
            ...(first?.slot ? [() => answer(table, first)] : []),
          ];
        });
        if (moves.length === 0) break;
        moves[Number(pick.next().value) % moves.length]?.();
      }
      // Of those whose end was lost, at most the last of a lane is still open.
      const open = table.open.map(({ lane }) => lane);
      expect(open).toHaveLength(new Set(open).size);
    }),
  );
});

function ask(table: Lanes, lane: string | null, request: { slot: Slot | null }): void {
  const step = table.client(create(lane));
  if (step.kind !== 'opens') throw new Error(step.kind);
  request.slot = step.slot;
}

function answer(table: Lanes, request: { slot: Slot | null; events: Envelope[] }): void {
  const next = request.events.shift();
  const step = heard(table, next ?? null);
  expect(step.slot).toBe(request.slot);
  expect(step.opens).toBe(false);
  if (step.ends) expect(request.events).toEqual([]);
}

describe('errors', () => {
  it('end the response that is under way, or the one that is next', () => {
    const first = opened(create());
    expect(heard(lanes, event('error'))).toMatchObject({ slot: first, ends: true });
    const second = opened(create());
    heard(lanes, event('response.created', { responseId: 'r' }));
    expect(heard(lanes, event('error'))).toMatchObject({ slot: second, ends: true });
    const alone = heard(lanes, event('error'));
    expect(alone).toMatchObject({ opens: true, ends: true, session: false });
    expect([first, second]).not.toContain(alone.slot);
  });

  it('of one lane leave the others alone', () => {
    const a = opened(create('a'));
    const b = opened(create('b'));
    expect(heard(lanes, event('error', { lane: 'b' })).slot).toBe(b);
    expect(lanes.open).toEqual([a]);
    expect(heard(lanes, event('error'))).toMatchObject({ opens: true, slot: { kind: 'unasked', lane: null } });
    expect(lanes.open).toEqual([a]);
  });
});

describe('steering', () => {
  const steer = event('response.steer', { previousId: 'r1' });
  beforeEach(() => {
    opened(create('a'));
    heard(lanes, event('response.created', { lane: 'a', responseId: 'r1' }));
  });

  it('is a response of its own, which begins by naming the one that it follows', () => {
    const slot = opened(steer);
    expect(slot.lane).toBe('a');
    expect(lanes.client(steer)).toEqual({ kind: 'joins', slot });
    expect(heard(lanes, event('response.steer.accepted', { previousId: 'r1' }))).toMatchObject({
      slot,
      session: true,
      ends: false,
    });
    expect(heard(lanes, event('response.incomplete', { lane: 'a', responseId: 'r1' })).slot).not.toBe(slot);
    const created = event('response.created', { lane: 'a', responseId: 'r2', previousId: 'r1' });
    expect(heard(lanes, created)).toMatchObject({ slot, opens: false });
    expect(heard(lanes, event('response.completed', { lane: 'a', responseId: 'r2' }))).toMatchObject({
      slot,
      ends: true,
    });
  });

  it('is over when the origin refuses all of it', () => {
    const slot = opened(steer);
    lanes.client(steer);
    const failed = event('response.steer.failed', { previousId: 'r1' });
    expect(heard(lanes, failed)).toMatchObject({ slot, ends: false });
    expect(heard(lanes, failed)).toMatchObject({ slot, ends: true });
  });

  it('goes with the request that brings what it waits for', () => {
    const slot = opened(steer);
    heard(lanes, event('response.completed', { lane: 'a', responseId: 'r1' }));
    heard(lanes, event('response.steer.pending', { previousId: 'r1' }));
    expect(lanes.client(create('a', { previousId: 'r1' }))).toEqual({ kind: 'joins', slot });
    expect(heard(lanes, event('response.created', { lane: 'a', responseId: 'r2', previousId: 'r1' })).slot).toBe(slot);
  });
});

test('a response that nobody asked for is one of its own', () => {
  const step = heard(lanes, event('response.created', { responseId: 'r' }));
  expect(step).toMatchObject({ opens: true, ends: false });
  expect(heard(lanes, event('response.completed', { responseId: 'r' }))).toMatchObject({ slot: step.slot, ends: true });
});

test('more input for a known response joins it; for any other it is a stranger', () => {
  const slot = opened(create());
  heard(lanes, event('response.created', { responseId: 'r' }));
  expect(lanes.client(event('response.inject', { responseId: 'r' }))).toEqual({ kind: 'joins', slot });
  expect(lanes.client(event('response.inject', { responseId: 'x' }))).toEqual({ kind: 'stranger' });
  expect(lanes.client(event('session.update'))).toEqual({ kind: 'stranger' });
  expect(lanes.client(null)).toEqual({ kind: 'stranger' });
});

test('events of the session belong to no response', () => {
  opened(create());
  expect(heard(lanes, event('codex.rate_limits'))).toMatchObject({ slot: null, session: true });
  expect(heard(lanes, null).slot).toBeNull();
});

test('what has room for words is of the response under way, whatever it calls itself, and never of the session', () => {
  const slot = opened(create());
  expect(heard(lanes, event('assistant.text'))).toMatchObject({ slot: null, session: false });
  heard(lanes, event('response.created', { responseId: 'r' }));
  for (const type of ['codex.rate_limits', 'keepalive', 'assistant.text'])
    expect(heard(lanes, event(type), false)).toMatchObject({ slot, ends: false, session: false });
  expect(heard(lanes, event('response.steer.failed'), false)).toMatchObject({ opens: true, session: false });
});
