/**
 * Secrets of requests whose responses are read in windows. What is a secret in the request, by its place or by the words
 * around it, is one in the response, where nothing tells. Kept in the analysis thread, until the exchange is analysed as
 * a whole.
 */

import type { KnownSecret } from '../exchange/known-secret.ts';
import type { JsonSecrets } from './json-secrets.ts';

export interface Remembered {
  readonly secrets: readonly KnownSecret[];
  /** Of the response, as far as it has come. */
  readonly stream: JsonSecrets;
}

/** Exchanges: as many as may be open (`limits.exchanges`), and those that ended without a word. */
const MOST_EXCHANGES = 10_000;

export class WindowMemory {
  readonly #byExchange = new Map<string, Remembered>();

  set(exchangeId: string, remembered: Remembered): void {
    this.#byExchange.delete(exchangeId);
    this.#byExchange.set(exchangeId, remembered);
    if (this.#byExchange.size <= MOST_EXCHANGES) return;
    const [oldest] = this.#byExchange.keys();
    if (oldest !== undefined) this.#byExchange.delete(oldest);
  }

  get(exchangeId: string): Remembered | null {
    return this.#byExchange.get(exchangeId) ?? null;
  }

  delete(exchangeId: string): void {
    this.#byExchange.delete(exchangeId);
  }
}
