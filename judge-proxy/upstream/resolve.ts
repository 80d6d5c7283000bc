/** Resolving with a bounded cache, one query at a time per name, and a deadline. */

import { ProxyError } from '../errors.ts';
import type { Clock } from '../telemetry/clock.ts';

export interface Answer {
  /** IP addresses without brackets, in the order in which they should be tried; at least one. */
  readonly addresses: readonly string[];
  /** How long the answer holds. */
  readonly ttlMs: number;
}

/** Asks for the addresses of a name. Rejects with any error; the signal ends a query that nobody waits for. */
export type Lookup = (name: string, signal: AbortSignal) => Promise<Answer>;

export interface ResolverOptions {
  readonly lookup: Lookup;
  readonly clock: Clock;
  /** Whole query, in milliseconds. */
  readonly timeoutMs: number;
  /** Names kept. Above it the oldest goes: a client can name as many hosts as it likes. */
  readonly maxNames?: number;
}

/** Longest time that an answer is kept, whatever its TTL: a failover of an origin is seen soon. */
const MAX_TTL_MS = 30_000;
/** A failure is kept this long, so that a client in a tight retry loop does not become a storm of queries. */
const FAILURE_TTL_MS = 1_000;
const MAX_NAMES = 10_000;

interface Entry {
  readonly answer: Promise<readonly string[]>;
  /** Clock time after which it is asked anew; infinite while the query runs. */
  expires: number;
}

export class CachingResolver {
  readonly #lookup: Lookup;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #maxNames: number;
  readonly #entries = new Map<string, Entry>();

  constructor(options: ResolverOptions) {
    this.#lookup = options.lookup;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
    this.#maxNames = options.maxNames ?? MAX_NAMES;
  }

  /** Names in the cache. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * @param name canonical host name
   * @returns its addresses, at least one
   * @throws ProxyError `dns_failed`, with the reason `timeout` or the code of the DNS client
   */
  resolve(name: string): Promise<readonly string[]> {
    const known = this.#entries.get(name);
    if (known !== undefined && known.expires > this.#clock.monotonic()) return known.answer;
    this.#entries.delete(name); // so that the new entry is the youngest
    const entry: Entry = { answer: this.#query(name, (ttlMs) => this.#keep(entry, ttlMs)), expires: Infinity };
    this.#entries.set(name, entry);
    this.#trim();
    return entry.answer;
  }

  async #query(name: string, settled: (ttlMs: number) => void): Promise<readonly string[]> {
    try {
      const answer = await withDeadline((signal) => this.#lookup(name, signal), this.#timeoutMs);
      if (answer.addresses.length === 0) throw new ProxyError('dns_failed', { reason: 'ENODATA' });
      settled(Math.min(answer.ttlMs, MAX_TTL_MS));
      return answer.addresses;
    } catch (error) {
      settled(FAILURE_TTL_MS);
      throw error instanceof ProxyError ? error : new ProxyError('dns_failed', { reason: 'unknown', cause: error });
    }
  }

  #keep(entry: Entry, ttlMs: number): void {
    entry.expires = this.#clock.monotonic() + ttlMs;
  }

  #trim(): void {
    for (const name of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxNames) return;
      this.#entries.delete(name);
    }
  }
}

async function withDeadline<T>(run: (signal: AbortSignal) => Promise<T>, timeoutMs: number): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ProxyError('dns_failed', { reason: 'timeout' })), timeoutMs);
  });
  try {
    return await Promise.race([run(controller.signal), deadline]);
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}
