/** How often somebody may try to sign in: by address and by name. Its memory has a bound, whoever tries. */

import { hash, randomBytes } from 'node:crypto';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { addressBits } from '../../config/cidr.ts';

/** Failed attempts in a quarter of an hour (NIST SP 800-63B §3.2.2 asks for at most 100 in a row). */
const ATTEMPTS = { address: 10, name: 20 } as const;
const PERIOD_S = 900;
/**
 * Sources share so many counters, by a hash with a key that nobody knows: a million of them take no more memory than
 * 16,384, and then some wait for what others did. The other way, forgetting some, would let them in.
 */
export const SOURCES = 16_384;

export class SignInLimits {
  readonly #key = randomBytes(32).toString('hex');
  readonly #limiters = {
    address: new RateLimiterMemory({ keyPrefix: '', points: ATTEMPTS.address, duration: PERIOD_S }),
    name: new RateLimiterMemory({ keyPrefix: '', points: ATTEMPTS.name, duration: PERIOD_S }),
  };

  /**
   * Counts an attempt, before it is made: many at one time are as many. One that its address may not make does not count
   * for the name: one machine alone must not be able to lock somebody out.
   * @returns seconds to wait, 0 when it may be made
   */
  async take(name: string, address: string): Promise<number> {
    const wait = await this.#consume('address', network(address));
    return wait > 0 ? wait : await this.#consume('name', name);
  }

  /** The attempt was good, and does not count. */
  async forgive(name: string, address: string): Promise<void> {
    await this.#limiters.address.reward(this.#counter(network(address)));
    await this.#limiters.name.reward(this.#counter(name));
  }

  /** Counters that are held just now. */
  get kept(): number {
    return this.#limiters.address.dump().storage.length + this.#limiters.name.dump().storage.length;
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
    return hash('sha256', `${this.#key}${source}`, 'buffer').readUInt32BE(0) % SOURCES;
  }
}

/** The address; of an IPv6 address its /64, which one machine has whole (RFC 6177). */
function network(address: string): string {
  const parsed = addressBits(address);
  if (parsed === null) return address;
  return parsed.version === 4 ? `4 ${parsed.bits}` : `6 ${parsed.bits >> 64n}`;
}
