/**
 * Contract: never more at one time than there are turns; who waits with a client goes before jobs and starves none; lines are
 * bounded and who finds one full is told at once; a wait ends on time, and whoever left is not called.
 */

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type TurnEnd, Turns, type Urgency } from './turns.ts';

const OPEN = new AbortController().signal;

function take(turns: Turns, urgency: Urgency, waitMs: number | null = null, signal = OPEN): Promise<TurnEnd> {
  return turns.take({ urgency, client: 'a', signal, waitMs });
}

async function taken(turns: Turns): Promise<() => void> {
  const end = await take(turns, 'background');
  if (end.kind !== 'turn') throw new Error(end.kind);
  return end.release;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

it('a client that waits goes before jobs that came first', async () => {
  const turns = new Turns({ running: 1, waiting: 10 });
  const release = await taken(turns);
  const order: string[] = [];
  const lines: [string, Urgency][] = [
    ['job 1', 'background'],
    ['job 2', 'background'],
    ['client 1', 'inline'],
    ['client 2', 'inline'],
  ];
  const all = lines.map(async ([name, urgency]) => {
    const end = await take(turns, urgency);
    order.push(name);
    if (end.kind === 'turn') end.release();
  });
  expect([turns.waiting('inline'), turns.waiting('background')]).toEqual([2, 2]);
  release();
  await Promise.all(all);
  expect(order).toEqual(['client 1', 'client 2', 'job 1', 'job 2']);
  expect(turns.running).toBe(0);
});

it('jobs are not starved by clients: after so many of them one job has its turn', async () => {
  const turns = new Turns({ running: 1, waiting: 100 });
  const release = await taken(turns);
  const order: string[] = [];
  const waits = async (name: string, urgency: Urgency) => {
    const end = await take(turns, urgency);
    order.push(name);
    if (end.kind === 'turn') end.release();
  };
  const all = [...Array.from({ length: 20 }, () => waits('client', 'inline')), waits('job', 'background')];
  release();
  await Promise.all(all);
  expect(order.indexOf('job')).toBe(8);
});

it('a wait ends on time, with every turn taken', async () => {
  const turns = new Turns({ running: 1, waiting: 10 });
  await taken(turns);
  const end = take(turns, 'inline', 30_000);
  let ended: TurnEnd | null = null;
  void end.then((value) => {
    ended = value;
  });
  await vi.advanceTimersByTimeAsync(29_999);
  expect(ended).toBeNull();
  await vi.advanceTimersByTimeAsync(1);
  expect(ended).toEqual({ kind: 'timeout' });
  expect(turns.waiting('inline')).toBe(0);
});

it('each line is full by itself', async () => {
  const turns = new Turns({ running: 1, waiting: 2 });
  const release = await taken(turns);
  const waiting = [take(turns, 'inline'), take(turns, 'inline'), take(turns, 'background')];
  expect(await take(turns, 'inline')).toEqual({ kind: 'queue_full' });
  const last = take(turns, 'background');
  expect(await take(turns, 'background')).toEqual({ kind: 'queue_full' });
  release();
  for (const each of [...waiting, last]) {
    const end = await each;
    if (end.kind === 'turn') end.release();
  }
  expect(turns.running).toBe(0);
});

it('who has to make room for another client is told at once', async () => {
  const turns = new Turns({ running: 1, waiting: 2 });
  await taken(turns);
  const flood = [take(turns, 'inline'), take(turns, 'inline')];
  const other = turns.take({ urgency: 'inline', client: 'b', signal: OPEN, waitMs: 10 });
  expect(await flood[1]).toEqual({ kind: 'queue_full' });
  expect(turns.waiting('inline')).toBe(2);
  await vi.advanceTimersByTimeAsync(10);
  expect(await other).toEqual({ kind: 'timeout' });
});

describe('whoever left', () => {
  it('by his signal is not called, and takes no turn with him', async () => {
    const turns = new Turns({ running: 1, waiting: 10 });
    const release = await taken(turns);
    const leaving = new AbortController();
    const gone = take(turns, 'inline', 1_000, leaving.signal);
    const next = take(turns, 'background');
    leaving.abort();
    expect(await gone).toEqual({ kind: 'aborted' });
    release();
    expect((await next).kind).toBe('turn');
    expect(turns.running).toBe(1);
  });

  it('before he came is not let in', async () => {
    const turns = new Turns({ running: 1, waiting: 10 });
    expect(await take(turns, 'inline', null, AbortSignal.abort())).toEqual({ kind: 'aborted' });
    expect(turns.running).toBe(0);
  });

  it('in the moment of being called loses nobody’s turn', async () => {
    const turns = new Turns({ running: 1, waiting: 10 });
    const release = await taken(turns);
    const slow = take(turns, 'inline', 5);
    // Both in one turn of the event loop: the timer first, then the turn.
    setTimeout(release, 5);
    await vi.advanceTimersByTimeAsync(5);
    expect((await slow).kind).toBe('timeout');
    expect(turns.running).toBe(0);
  });
});

it('a turn is given back once, however often that is said', async () => {
  const turns = new Turns({ running: 2, waiting: 10 });
  const release = await taken(turns);
  await taken(turns);
  release();
  release();
  expect(turns.running).toBe(1);
});

it('for every order of coming, going and giving up: the bound holds, and in the end nobody waits', async () => {
  type Step = readonly ['come', Urgency] | readonly ['release' | 'abort', number];
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.constantFrom<Step>(['come', 'inline'], ['come', 'background']),
    fc.tuple(fc.constantFrom('release' as const, 'abort' as const), fc.nat(9)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), async (steps, running) => {
      const turns = new Turns({ running, waiting: 4 });
      const held: (() => void)[] = [];
      const signals: AbortController[] = [];
      const ends: Promise<void>[] = [];
      for (const [what, which] of steps) {
        if (what === 'come') {
          const controller = new AbortController();
          signals.push(controller);
          const end = take(turns, which as Urgency, null, controller.signal);
          ends.push(end.then((value) => void (value.kind === 'turn' && held.push(value.release))));
        } else if (what === 'release') held.splice((which as number) % Math.max(1, held.length), 1)[0]?.();
        else signals[(which as number) % Math.max(1, signals.length)]?.abort();
        await Promise.resolve();
        expect(turns.running).toBeLessThanOrEqual(running);
        expect(turns.waiting('inline')).toBeLessThanOrEqual(4);
      }
      for (const controller of signals) controller.abort();
      await Promise.all(ends);
      for (const release of held) release();
      expect([turns.running, turns.waiting('inline'), turns.waiting('background')]).toEqual([0, 0, 0]);
    }),
  );
});

describe('spare turns', () => {
  it('are a quarter at most, so that who comes next finds a free one', async () => {
    const turns = new Turns({ running: 8, waiting: 10 });
    const ends = [await take(turns, 'spare'), await take(turns, 'spare')];
    void take(turns, 'spare');
    expect([turns.running, turns.waiting('spare')]).toEqual([2, 1]);
    for (let i = 0; i < 6; i++) await taken(turns);
    expect(turns.running).toBe(8);
    for (const end of ends) if (end.kind === 'turn') end.release();
    expect([turns.running, turns.waiting('spare')]).toEqual([7, 0]);
  });

  it('come after everybody else, however long it waited', async () => {
    const turns = new Turns({ running: 1, waiting: 10 });
    const release = await taken(turns);
    const order: string[] = [];
    const all = (['spare', 'background', 'inline', 'spare', 'background'] as const).map(async (urgency) => {
      const end = await take(turns, urgency);
      order.push(urgency);
      if (end.kind === 'turn') end.release();
    });
    release();
    await Promise.all(all);
    expect(order).toEqual(['inline', 'background', 'background', 'spare', 'spare']);
    expect(turns.running).toBe(0);
  });
});
