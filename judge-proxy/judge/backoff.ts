/** Waiting between tries of one judgement (DESIGN §6): 100 ms, doubled, at most 5 s, ± 10 %; the provider's word counts more. */

/** Tries in all. */
const MOST_ATTEMPTS = 5;
/** A timeout has cost a whole call already: it is tried once more. */
const MOST_TIMEOUTS = 2;
const FIRST_MS = 100;
const LONGEST_MS = 5_000;
/** A provider that asks for more patience than this is given up, as SDKs do above 60 s. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/**
 * A failure that may be another thing next time. An open breaker is none: it says that waiting is of no use for longer
 * than any job should be without its verdict.
 */
export type PassingState = 'timeout' | 'provider_error';

/** @param attempt that failed, from 1 */
export function isLastAttempt(attempt: number, state: PassingState): boolean {
  return attempt >= (state === 'timeout' ? MOST_TIMEOUTS : MOST_ATTEMPTS);
}

/**
 * @param attempt that failed, from 1
 * @param retryAfterMs what the provider asked for, null when nothing
 * @returns milliseconds until the next try
 */
export function backoffMs(
  attempt: number,
  retryAfterMs: number | null,
  randomBytes: (size: number) => Uint8Array,
): number {
  const own = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  const jitter = 0.9 + ((randomBytes(1)[0] ?? 0) / 255) * 0.2;
  return Math.round(Math.max(own * jitter, Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS)));
}
