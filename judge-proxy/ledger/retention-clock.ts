/**
 * Whether the clock of the machine can be believed, before anything is erased by it: an erasure cannot be undone. A clock
 * that leaps forward is held to be wrong until it has gone steadily for a day. What it is measured against is the time
 * that was believed last, which outlives a restart, and the monotonic clock since. A machine that was off for a week, or
 * slept, looks the same: there everything goes on a day later.
 */

import type { Clock } from '../telemetry/clock.ts';
import type { Ledger } from './ledger.ts';

const DAY_MS = 86_400_000;
/** More than this at once is a leap: more than a night, less than would matter where records are kept for days. */
const LEAP_MS = DAY_MS;
/** So long without another leap, and the clock is believed. */
const STEADY_MS = DAY_MS;
/** How far the stored time may be behind. */
const STORED_MS = 3_600_000;

/** Beside how far the followers of the ledger have read: milliseconds since 1970. */
const STORED_AS = 'retention:believed_ms';

export type TimeStore = Pick<Ledger, 'rows' | 'append'>;

/**
 * The time that was believed last: as it was stored, else that of the last record, null for a ledger without any. To be
 * asked before this process writes a record; stored, so that the next start asks no record of this one.
 */
export async function believedBefore(ledger: TimeStore): Promise<number | null> {
  const [stored] = await ledger.rows<{ seq: number }>('cursor', STORED_AS);
  if (stored !== undefined) return stored.seq;
  const [last] = await ledger.rows<{ ts: string | null }>('lastRecordTs');
  const ms = Date.parse(last?.ts ?? '');
  if (Number.isNaN(ms)) return null;
  await believeClock(ledger, ms);
  return ms;
}

/** A person says that the clock is right: as if it had always been. */
export async function believeClock(ledger: TimeStore, ms: number): Promise<void> {
  await ledger.append([], [['setCursor', STORED_AS, ms]]);
}

interface Moment {
  readonly wall: number;
  readonly monotonic: number;
}

export class RetentionClock {
  readonly #clock: Clock;
  readonly #store: TimeStore;
  #stored: number | null;
  #known: Moment;
  /** The last leap, while the clock is not believed. */
  #leap: Moment | null = null;

  /** @param before of `believedBefore` */
  constructor(clock: Clock, store: TimeStore, before: number | null) {
    this.#clock = clock;
    this.#store = store;
    this.#stored = before;
    this.#known = { wall: before ?? clock.now(), monotonic: clock.monotonic() };
  }

  /** The clock leapt, and has neither been set right nor gone on for long enough. */
  get held(): boolean {
    return this.#leap !== null;
  }

  /** Looks at the clock: before each use of it. @returns milliseconds since 1970, null while it is held */
  look(): number | null {
    const now = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
    const ahead = aheadOf(this.#known, now);
    // Not moved on with the clock: small leaps would add up to any time.
    if (ahead < 0) this.#known = now;
    if (ahead <= LEAP_MS) this.#leap = null;
    else {
      if (this.#leap === null || Math.abs(aheadOf(this.#leap, now)) > LEAP_MS) this.#leap = now;
      if (now.monotonic - this.#leap.monotonic < STEADY_MS) return null;
      this.#known = now;
      this.#leap = null;
    }
    return now.wall;
  }

  /** Keeps a time that was believed for the next start. */
  async keep(ms: number): Promise<void> {
    if (this.#stored !== null && ms >= this.#stored && ms - this.#stored < STORED_MS) return;
    await believeClock(this.#store, ms);
    this.#stored = ms;
  }
}

/** How much more the clock has gone on than time has. */
function aheadOf(then: Moment, now: Moment): number {
  return now.wall - then.wall - (now.monotonic - then.monotonic);
}
