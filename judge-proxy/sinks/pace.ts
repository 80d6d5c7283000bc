/** When a sink may be asked next: digest, rate, and the pause after failures. Pure; times in milliseconds. */

export interface PaceSettings {
  /** Most events of one request. */
  readonly batch: number;
  readonly digest?: number | undefined;
  /** Requests a second. */
  readonly rate: number;
}

export interface Waiting {
  readonly count: number;
  /** When the oldest one was queued, milliseconds since 1970. */
  readonly oldest: number;
}

/**
 * When the next request may go out, milliseconds since 1970; what is past means now.
 * @param lastSent when the last one went out, null before the first
 * @param pausedUntil end of the pause after a failure
 */
export function nextAt(settings: PaceSettings, waiting: Waiting, lastSent: number | null, pausedUntil: number): number {
  const { batch, digest = 0, rate } = settings;
  const collected = waiting.count >= batch ? 0 : waiting.oldest + digest;
  const spaced = lastSent === null ? 0 : lastSent + 1_000 / rate;
  return Math.max(collected, spaced, pausedUntil);
}
