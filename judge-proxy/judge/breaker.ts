/**
 * The breaker of one judge endpoint: closed, after failures in a row open for a while, then half-open with one probe at
 * a time until successes in a row close it. A clock and counters, no calls and no timers of its own.
 */

import type { Clock } from '../telemetry/clock.ts';

export interface BreakerLimits {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds that it stays open. */
  readonly openMs: number;
  /** Successes in a row, one probe after the other, that close it. */
  readonly successes: number;
}

/**
 * What a call says about its endpoint. `success`: it works, whatever it answered. `failure`: it does not. `unknown`: the
 * call was given up, or the endpoint asked for patience.
 */
export type CallResult = 'success' | 'failure' | 'unknown';

export type BreakerState = 'closed' | 'open' | 'half_open';

export type Admission =
  /** `ticket` is handed back to `leave`, once. */
  | { readonly admitted: true; readonly ticket: number }
  /** `afterMs`: when a call may be tried at the earliest; 0 while a probe is on its way. */
  | { readonly admitted: false; readonly why: 'open' | 'paused'; readonly afterMs: number };

export class Breaker {
  readonly #limits: BreakerLimits;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #onState: (state: BreakerState) => void;
  #state: BreakerState = 'closed';
  /** Raised with every change of state: calls of an earlier one have nothing to say about this one. */
  #generation = 0;
  /** Failures in a row when closed, successes in a row when half-open. */
  #inARow = 0;
  #probing = false;
  #openUntil = 0;
  #pausedUntil = 0;

  constructor(
    limits: BreakerLimits,
    clock: Pick<Clock, 'monotonic'>,
    onState: (state: BreakerState) => void = () => undefined,
  ) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onState = onState;
  }

  /** As it is for the next call. */
  get state(): BreakerState {
    return this.#state === 'open' && this.#clock.monotonic() >= this.#openUntil ? 'half_open' : this.#state;
  }

  /** Asks to make a call. Whoever is admitted must leave. */
  enter(): Admission {
    const now = this.#clock.monotonic();
    if (this.#state === 'open') {
      if (now < this.#openUntil) return { admitted: false, why: 'open', afterMs: this.#openUntil - now };
      this.#become('half_open');
    }
    if (this.#state === 'half_open' && this.#probing) return { admitted: false, why: 'open', afterMs: 0 };
    if (now < this.#pausedUntil) return { admitted: false, why: 'paused', afterMs: this.#pausedUntil - now };
    this.#probing = this.#state === 'half_open';
    return { admitted: true, ticket: this.#generation };
  }

  /** The call is over. A call that began before the state changed changes nothing. */
  leave(ticket: number, result: CallResult): void {
    if (ticket !== this.#generation) return;
    this.#probing = false;
    if (result === 'unknown') return;
    if (this.#state === 'closed') this.#whenClosed(result);
    else this.#whenHalfOpen(result);
  }

  /** The endpoint asked to be left alone: nobody calls for `ms`, at most as long as the breaker would stay open. */
  pause(ms: number): void {
    const until = this.#clock.monotonic() + Math.min(ms, this.#limits.openMs);
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
  }

  #whenClosed(result: 'success' | 'failure'): void {
    this.#inARow = result === 'failure' ? this.#inARow + 1 : 0;
    if (this.#inARow >= this.#limits.failures) this.#open();
  }

  #whenHalfOpen(result: 'success' | 'failure'): void {
    if (result === 'success' && ++this.#inARow >= this.#limits.successes) this.#become('closed');
    else if (result === 'failure') this.#open();
  }

  #open(): void {
    this.#openUntil = this.#clock.monotonic() + this.#limits.openMs;
    this.#become('open');
  }

  #become(state: BreakerState): void {
    this.#state = state;
    this.#generation += 1;
    this.#inARow = 0;
    this.#probing = false;
    this.#onState(state);
  }
}
