/** Time and ids come in as arguments, so that tests decide them. */

import { v7 } from 'uuid';

export interface Clock {
  /** Milliseconds since 1970, for records. */
  now(): number;
  /** Milliseconds from an arbitrary start, for durations; never goes back. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** RFC 3339 UTC with milliseconds: the form of every time in the ledger. */
export function timestamp(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}

/** A new id: UUID version 7 (RFC 9562), so that ids sort by time. */
export function newId(): string {
  return v7();
}
