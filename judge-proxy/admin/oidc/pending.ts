/**
 * Sign-ins that are under way at the provider. Each belongs to one browser, by a cookie whose SHA-256 finds it, is taken
 * out by the first answer whether that is good or not, and ends after ten minutes.
 */

import { randomBytes } from 'node:crypto';
import type { Clock } from '../../telemetry/clock.ts';
import { sha256 } from '../auth/credentials.ts';
import type { Attempt } from '../auth/sign-in-limits.ts';

export interface Pending {
  readonly state: string;
  readonly nonce: string;
  /** PKCE, RFC 7636. */
  readonly verifier: string;
  readonly redirectUri: string;
  /** Page of the console to be shown afterwards. */
  readonly next: string | undefined;
  /** SHA-256 of the session that the browser had: it ends when the new one starts. */
  readonly cookieSha256: string | null;
  /** The one that it counts as until it was good. */
  readonly attempt: Pick<Attempt, 'good'>;
}

export const PENDING_MS = 600_000;
/** About 8 MB. Beyond it the oldest goes: it has the least chance of coming back. */
export const MOST_PENDING = 10_000;

export class PendingSignIns {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Pending & { readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns what the browser's cookie holds: 256 random bits, base64url */
  add(pending: Pending): string {
    const now = this.#clock.monotonic();
    for (const [key, { until }] of this.#kept) {
      if (until > now && this.#kept.size < MOST_PENDING) break; // in order of time
      this.#kept.delete(key);
    }
    const id = randomBytes(32).toString('base64url');
    this.#kept.set(sha256(id), { ...pending, until: now + PENDING_MS });
    return id;
  }

  /** The one of this cookie, which is then gone. @param key SHA-256 of the cookie */
  take(key: string): Pending | null {
    const found = this.#kept.get(key);
    this.#kept.delete(key);
    return found === undefined || found.until <= this.#clock.monotonic() ? null : found;
  }

  get size(): number {
    return this.#kept.size;
  }
}
