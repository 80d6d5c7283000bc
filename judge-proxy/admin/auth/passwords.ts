/** Passwords: argon2id by Node's own OpenSSL, a few at one time. */

import { type Argon2Parameters, argon2, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { ApiProblem } from '../problems.ts';
import { type Argon2Cost, formatPhc, type PasswordHash, parsePhc } from './phc.ts';

/** OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, 2 passes, 1 lane. 35 ms on the machine of the bench. */
export const ARGON2_COST: Argon2Cost = { memory: 19_456, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const TAG_BYTES = 32;

/**
 * Two at one time: argon2 runs on the four threads of libuv, which DNS and files of the data path need, too; and 64 that
 * wait, so that a flood of sign-ins holds 38 MiB and no more.
 */
export const PASSWORD_LIMITS = { running: 2, waiting: 64 } as const;

export class Passwords {
  readonly #cost: Argon2Cost;
  readonly #decoy: PasswordHash;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param cost of new hashes; tests take a small one */
  constructor(cost: Argon2Cost = ARGON2_COST) {
    this.#cost = cost;
    this.#decoy = { ...cost, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) };
  }

  /**
   * A PHC string.
   * @throws {ApiProblem} `too_many_requests` when too many wait
   */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const tag = await this.#turn(() => derive(password, { ...this.#cost, salt }, TAG_BYTES));
    return formatPhc({ ...this.#cost, salt, tag });
  }

  /**
   * Whether the password is the one behind the PHC string. Takes as long when there is none (null): an answer must not
   * tell which names exist.
   * @throws {ApiProblem} `too_many_requests` when too many wait
   */
  async verify(password: string, phc: string | null): Promise<boolean> {
    const stored = phc === null ? null : parsePhc(phc);
    const { tag, ...cost } = stored ?? this.#decoy;
    const derived = await this.#turn(() => derive(password, cost, tag.length));
    return timingSafeEqual(derived, tag) && stored !== null;
  }

  async #turn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= PASSWORD_LIMITS.running) {
      if (this.#waiting.length >= PASSWORD_LIMITS.waiting) throw new ApiProblem('too_many_requests');
      await new Promise<void>((next) => this.#waiting.push(next)); // the one that ends hands its place over
    } else {
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

function derive(password: string, { salt, ...cost }: Omit<PasswordHash, 'tag'>, tagLength: number): Promise<Buffer> {
  // NFKC: the same password typed on two keyboards is the same bytes (NIST SP 800-63B §3.1.1.2).
  const message = Buffer.from(password.normalize('NFKC'));
  const parameters: Argon2Parameters = { ...cost, message, nonce: salt, tagLength };
  return new Promise((done, fail) => {
    argon2('argon2id', parameters, (error, tag) => (error === null ? done(tag) : fail(error)));
  });
}

/** Without letters that look alike, so that it can be read from a screen. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

/** A password for a person to type once: 20 of 31 letters, 99 bits, in groups of five. */
export function newPassword(): string {
  const group = () => Array.from({ length: 5 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return [group(), group(), group(), group()].join('-');
}
