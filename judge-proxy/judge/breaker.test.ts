/**
 * The breaker, on a clock that the test moves. It opens after failures in a row and never before; while it is open nobody
 * calls; after its time exactly one probe is on its way at any moment; two successes close it, one failure opens it anew.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Breaker, type BreakerState, type CallResult } from './breaker.ts';

const LIMITS = { failures: 5, openMs: 60_000, successes: 2 };

class Bench {
  now = 0;
  readonly states: BreakerState[] = [];
  readonly breaker = new Breaker(LIMITS, { monotonic: () => this.now }, (state) => this.states.push(state));

  /** A whole call; null when it was not let through. */
  call(result: CallResult): CallResult | null {
    const admission = this.breaker.enter();
    if (!admission.admitted) return null;
    this.breaker.leave(admission.ticket, result);
    return result;
  }

  open(): this {
    for (let i = 0; i < LIMITS.failures; i++) this.call('failure');
    return this;
  }

  halfOpen(): this {
    this.open().now += LIMITS.openMs;
    return this;
  }

  enter(): number {
    const admission = this.breaker.enter();
    if (!admission.admitted) throw new Error('not admitted');
    return admission.ticket;
  }
}

describe('closed', () => {
  const S = 'success';
  const F = 'failure';
  const U = 'unknown';
  it.each<[CallResult[], BreakerState]>([
    [[F, F, F, F], 'closed'],
    [[F, F, F, F, F], 'open'],
    [[F, F, F, F, S, F, F, F, F], 'closed'],
    [[F, F, F, F, S, F, F, F, F, F], 'open'],
    [[F, F, U, F, F, U, F], 'open'],
    [[U, U, U, U, U, U], 'closed'],
    [[S, S, S], 'closed'],
  ])('after %j is %s', (results, state) => {
    const bench = new Bench();
    for (const result of results) expect(bench.call(result)).toBe(result);
    expect(bench.breaker.state).toBe(state);
  });

  it('opens by calls that overlap', () => {
    const bench = new Bench();
    const tickets = Array.from({ length: 16 }, () => bench.enter());
    for (const ticket of tickets) bench.breaker.leave(ticket, 'failure');
    expect(bench.states).toEqual(['open']);
  });
});

describe('open', () => {
  it('lets nobody through and says how long', () => {
    const bench = new Bench().open();
    expect(bench.breaker.enter()).toEqual({ admitted: false, why: 'open', afterMs: 60_000 });
    bench.now += 59_999;
    expect(bench.breaker.enter()).toEqual({ admitted: false, why: 'open', afterMs: 1 });
  });

  it('is not closed by a call that began before', () => {
    const bench = new Bench();
    const early = [bench.enter(), bench.enter()];
    bench.open();
    for (const ticket of early) bench.breaker.leave(ticket, 'success');
    expect(bench.call('success')).toBeNull();
  });
});

describe('half-open', () => {
  it('has one probe at a time', () => {
    const bench = new Bench().halfOpen();
    const probe = bench.enter();
    expect(bench.breaker.enter()).toEqual({ admitted: false, why: 'open', afterMs: 0 });
    bench.breaker.leave(probe, 'success');
    expect(bench.breaker.state).toBe('half_open');
    bench.enter();
    expect(bench.breaker.enter().admitted).toBe(false);
  });

  it('closes after two successes, and counts failures from none again', () => {
    const bench = new Bench().halfOpen();
    bench.call('success');
    bench.call('success');
    expect(bench.states).toEqual(['open', 'half_open', 'closed']);
    for (let i = 0; i < 4; i++) bench.call('failure');
    expect(bench.breaker.state).toBe('closed');
  });

  it.each([0, 1])('opens anew, for the whole time, by a failure after %d successes', (successes) => {
    const bench = new Bench().halfOpen();
    for (let i = 0; i < successes; i++) bench.call('success');
    bench.now += 1_000;
    bench.call('failure');
    expect(bench.breaker.enter()).toEqual({ admitted: false, why: 'open', afterMs: 60_000 });
    bench.now += 60_000;
    bench.call('success');
    expect(bench.breaker.state).toBe('half_open');
  });

  it('makes room for another probe when one was given up', () => {
    const bench = new Bench().halfOpen();
    bench.breaker.leave(bench.enter(), 'unknown');
    expect(bench.call('success')).toBe('success');
  });

  it('is not moved by calls that began before', () => {
    const bench = new Bench();
    const early = bench.enter();
    bench.halfOpen();
    const probe = bench.enter();
    bench.breaker.leave(early, 'failure');
    expect(bench.breaker.state).toBe('half_open');
    expect(bench.breaker.enter().admitted).toBe(false);
    bench.breaker.leave(probe, 'success');
    expect(bench.breaker.state).toBe('half_open');
  });
});

describe('a pause', () => {
  it('keeps everybody away, and no longer than the breaker would', () => {
    const bench = new Bench();
    bench.breaker.pause(2_000);
    expect(bench.breaker.enter()).toEqual({ admitted: false, why: 'paused', afterMs: 2_000 });
    bench.breaker.pause(1_000);
    bench.now += 1_999;
    expect(bench.call('success')).toBeNull();
    bench.now += 1;
    expect(bench.call('success')).toBe('success');
    bench.breaker.pause(86_400_000);
    bench.now += 60_000;
    expect(bench.call('success')).toBe('success');
  });

  it('takes no place of a probe', () => {
    const bench = new Bench().halfOpen();
    bench.breaker.pause(10);
    expect(bench.breaker.enter()).toMatchObject({ admitted: false, why: 'paused' });
    bench.now += 10;
    expect(bench.call('success')).toBe('success');
  });
});

type Step =
  | { readonly do: 'enter' }
  | { readonly do: 'leave'; readonly result: CallResult; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>({ do: 'enter' }),
  fc.record({
    do: fc.constant('leave' as const),
    result: fc.constantFrom<CallResult>('success', 'failure', 'failure', 'unknown'),
    which: fc.nat(20),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 1_000, 59_999, 60_000) }),
);

const ALLOWED = ['closed → open', 'open → half_open', 'half_open → open', 'half_open → closed'];

it('whatever happens in whatever order: closed lets all through, open none, half-open one', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (script) => {
      const bench = new Bench();
      /** Calls on their way, and whether each is a probe of the present half-open time. */
      let calls: { readonly ticket: number; readonly changes: number; readonly probe: boolean }[] = [];
      for (const one of script) {
        if (one.do === 'wait') bench.now += one.ms;
        if (one.do === 'leave' && calls.length > 0) {
          const call = calls[one.which % calls.length];
          calls = calls.filter((other) => other !== call);
          if (call !== undefined) bench.breaker.leave(call.ticket, one.result);
        }
        if (one.do === 'enter') {
          const { state } = bench.breaker;
          const admission = bench.breaker.enter();
          const changes = bench.states.length;
          const probes = calls.filter((call) => call.probe && call.changes === changes).length;
          const expected = state === 'closed' || (state === 'half_open' && probes === 0);
          expect(admission.admitted).toBe(expected);
          if (admission.admitted) calls.push({ ticket: admission.ticket, changes, probe: state === 'half_open' });
        }
      }
      // Each change follows from the one before: nothing opens twice, nothing closes that was not tried.
      const walk: BreakerState[] = ['closed', ...bench.states];
      const steps = walk.slice(1).map((state, index) => `${walk[index]} → ${state}`);
      expect(ALLOWED).toEqual(expect.arrayContaining(steps));
    }),
    { numRuns: 500 },
  );
});

it('a judge that is down for good is asked once a minute', () => {
  const bench = new Bench();
  let calls = 0;
  for (; bench.now < 3_600_000; bench.now += 100) if (bench.call('failure') !== null) calls += 1;
  expect(calls).toBe(5 + 59);
});
