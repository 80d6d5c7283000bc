/**
 * What a judge answered, for the next who asks the same. Bounded in number and age; the key cannot be made without this
 * process's own secret, and holds the client, so that nobody is answered by what another asked unless the operator says
 * so. Only answers that passed every check are kept, never a failure.
 */

import { createHmac } from 'node:crypto';
import type { Clock } from '../telemetry/clock.ts';

export interface CacheLimits {
  /** 0 keeps none. */
  readonly entries: number;
  /** Milliseconds. */
  readonly ttl: number;
}

/** Least recently used goes first. */
export class VerdictCache<T> {
  readonly #limits: CacheLimits;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #entries = new Map<string, { readonly value: T; readonly until: number }>();

  constructor(limits: CacheLimits, clock: Pick<Clock, 'monotonic'>) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    this.#entries.delete(key);
    if (entry.until <= this.#clock.monotonic()) return null;
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: T): void {
    if (this.#limits.entries === 0) return;
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: this.#clock.monotonic() + this.#limits.ttl });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limits.entries) break;
      this.#entries.delete(oldest);
    }
  }
}

/**
 * HMAC-SHA-256 (hex, full length).
 * @param client null: any
 * @param document as `numberTokens` gives it
 */
export function cacheKey(secret: Uint8Array, client: string | null, judgeHash: string, document: string): string {
  // JSON ends where its bracket closes, so nothing can move from one part of the key to the next.
  const scope = JSON.stringify([client, judgeHash]);
  return createHmac('sha256', secret).update(scope).update(document).digest('hex');
}
