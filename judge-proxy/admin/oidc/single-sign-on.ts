/** Signing in by OpenID Connect, without HTTP: begun for one browser, finished by it. */

import type { Log } from '../../telemetry/log.ts';
import type { Origin, Sessions, Started } from '../accounts/sessions.ts';
import { type Attempt, SignInLimits } from '../auth/sign-in-limits.ts';
import { type Pending, PendingSignIns } from './pending.ts';
import { personOf } from './person.ts';
import { Provider, type ProviderParts } from './provider.ts';
import { Refusal } from './refusal.ts';

export interface SingleSignOnParts extends ProviderParts {
  readonly log: Log;
  readonly sessions: Pick<Sessions, 'signInAs'>;
  /** Ends connections to the provider. */
  readonly close: () => Promise<void>;
}

/** What the browser takes along. */
export interface Begun {
  readonly url: URL;
  /** For the cookie. */
  readonly id: string;
}

/** How it went, and the page that was asked for. */
export interface Finished {
  readonly outcome: Started | Refusal;
  readonly next: string | undefined;
}

export class SingleSignOn {
  readonly #parts: SingleSignOnParts;
  readonly #provider: Provider;
  readonly #pending: PendingSignIns;
  /** Apart from that of passwords: a provider that is down must not lock those out. */
  readonly #attempts = new SignInLimits();

  constructor(parts: SingleSignOnParts) {
    this.#parts = parts;
    this.#provider = new Provider(parts);
    this.#pending = new PendingSignIns(parts.clock);
  }

  /** What the button says. */
  get name(): string {
    return this.#parts.oidc.name;
  }

  async begin({ redirectUri, next }: Pick<Pending, 'redirectUri' | 'next'>, origin: Origin): Promise<Begun | Refusal> {
    const { address, cookieSha256 } = origin;
    const attempt = await this.#attempts.take({ name: address, address, device: null });
    return await this.#refusing(origin, attempt, async () => {
      if (attempt.wait > 0) throw new Refusal('too_many_requests');
      const { url, ...secrets } = await this.#provider.begin(redirectUri);
      return { url, id: this.#pending.add({ ...secrets, redirectUri, next, cookieSha256, attempt }) };
    });
  }

  /**
   * @param key SHA-256 of the browser's cookie; null without one
   * @param search of the address that the provider sent the browser to, as it came
   */
  async finish(key: string | null, search: string, origin: Origin): Promise<Finished> {
    const pending = key === null ? null : this.#pending.take(key);
    const outcome = await this.#refusing(origin, pending?.attempt ?? null, async () => {
      if (pending === null || new URLSearchParams(search).get('state') !== pending.state) {
        throw new Refusal('not_begun');
      }
      const person = personOf(await this.#provider.finish(pending, search), this.#parts.oidc);
      return await this.#parts.sessions.signInAs(person, { ...origin, cookieSha256: pending.cookieSha256 });
    });
    if (!(outcome instanceof Refusal)) await pending?.attempt.good();
    return { outcome, next: pending?.next };
  }

  async close(): Promise<void> {
    await this.#parts.close();
  }

  async #refusing<T>(
    { address, requestId: request_id }: Origin,
    attempt: Pick<Attempt, 'good'> | null,
    work: () => Promise<T>,
  ): Promise<T | Refusal> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const reason = error.reason === undefined ? `oidc_${error.code}` : `oidc_${error.code}: ${error.reason}`;
      this.#parts.log.write('warn', 'sign_in_refused', { address, request_id, reason });
      if (error.code === 'unavailable') await attempt?.good();
      return error;
    }
  }
}
