/** How often somebody may try to sign in: by address, by name and by browser. Its memory has a bound, whoever tries. */

import { hash, randomBytes } from 'node:crypto';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { sourceNetwork } from './source-network.ts';

/** Failed attempts in a quarter of an hour (NIST SP 800-63B §3.2.2 asks for at most 100 in a row). */
const ATTEMPTS = { address: 10, name: 20, device: 10 } as const;
const PERIOD_S = 900;
/**
 * Sources share so many counters, by a hash with a key that nobody knows: a million of them take no more memory than
 * 16,384, and then some wait for what others did. The other way, forgetting some, would let them in. Devices are those that
 * signed in once, which nobody makes by the million.
 */
const SOURCES = 16_384;

/** Who tries to sign in. */
export interface Trying {
  readonly name: string;
  readonly address: string;
  /** The browser signed in by this name before (known-device.ts). */
  readonly device: string | null;
}

export interface Attempt {
  /** Seconds to wait, 0 when it may be made. */
  readonly wait: number;
  /** It was good, and does not count. */
  good(): Promise<void>;
}

export interface SignInLimitsOptions {
  /** Counters of a kind. */
  readonly sources: number;
  /** Nobody may know it. */
  readonly key: string;
}

export class SignInLimits {
  readonly #options: SignInLimitsOptions;
  readonly #limiters = {
    address: new RateLimiterMemory({ keyPrefix: '', points: ATTEMPTS.address, duration: PERIOD_S }),
    name: new RateLimiterMemory({ keyPrefix: '', points: ATTEMPTS.name, duration: PERIOD_S }),
    device: new RateLimiterMemory({ keyPrefix: '', points: ATTEMPTS.device, duration: PERIOD_S }),
  };

  constructor({ sources = SOURCES, key = randomBytes(32).toString('hex') }: Partial<SignInLimitsOptions> = {}) {
    this.#options = { sources, key };
  }

  /**
   * Counts an attempt, before it is made: many at one time are as many. A known device has a counter of its own, so that
   * nobody else's failures keep it out, and is like any other when it has failed too often. One that its address may not
   * make does not count for the name.
   */
  async take({ name, address, device }: Trying): Promise<Attempt> {
    if (device !== null && (await this.#consume('device', device)) === 0) return this.#permitted(['device', device]);
    const network = sourceNetwork(address);
    const wait = (await this.#consume('address', network)) || (await this.#consume('name', name));
    return wait === 0 ? this.#permitted(['address', network], ['name', name]) : { wait, good: async () => undefined };
  }

  /** Counters that are held just now. */
  get kept(): number {
    return Object.values(this.#limiters).reduce((sum, limiter) => sum + limiter.dump().storage.length, 0);
  }

  #permitted(...counted: readonly [kind: keyof typeof ATTEMPTS, source: string][]): Attempt {
    const good = async () => {
      for (const [kind, source] of counted) await this.#limiters[kind].reward(this.#counter(source));
    };
    return { wait: 0, good };
  }

  async #consume(kind: keyof typeof ATTEMPTS, source: string): Promise<number> {
    try {
      await this.#limiters[kind].consume(this.#counter(source));
      return 0;
    } catch (error) {
      if (error instanceof RateLimiterRes) return Math.max(1, Math.ceil(error.msBeforeNext / 1000));
      throw error;
    }
  }

  #counter(source: string): number {
    const { key, sources } = this.#options;
    return hash('sha256', `${key}${source}`, 'buffer').readUInt32BE(0) % sources;
  }
}
