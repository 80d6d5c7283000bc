/**
 * Questions that are on their way to a model, by their key in the cache: who asks the same meanwhile waits for the
 * answer of the first. Waiting is bounded in number by the caller's limit, and in time by each one's own.
 */

export type Wait =
  /** What came of it is in the cache, or nothing is. */
  'settled' | 'timeout' | 'aborted';

export class InFlight {
  readonly #most: number;
  readonly #open = new Map<string, Promise<unknown>>();
  #waiting = 0;

  /** @param most that wait at one time */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * @param waitMs longest wait in milliseconds; null: as long as it takes
   * @returns null at once when there is nobody to wait for, or too many wait; else a promise that never rejects
   */
  join(key: string, signal: AbortSignal, waitMs: number | null): Promise<Wait> | null {
    const open = this.#open.get(key);
    return open === undefined || this.#waiting >= this.#most ? null : this.#wait(open, signal, waitMs);
  }

  async #wait(open: Promise<unknown>, signal: AbortSignal, waitMs: number | null): Promise<Wait> {
    const { promise, resolve } = Promise.withResolvers<Wait>();
    const aborted = () => resolve('aborted');
    const timer = waitMs === null ? undefined : setTimeout(resolve, Math.max(waitMs, 0), 'timeout');
    signal.addEventListener('abort', aborted, { once: true });
    open.then(
      () => resolve('settled'),
      () => resolve('settled'),
    );
    this.#waiting += 1;
    try {
      return await promise;
    } finally {
      this.#waiting -= 1;
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
    }
  }

  /** Others with this key wait for it until it ends, however it does. One that is on its way already stays the first. */
  async lead<T>(key: string, work: () => Promise<T>): Promise<T> {
    const answer = work();
    if (this.#open.has(key)) return answer;
    this.#open.set(key, answer);
    try {
      return await answer;
    } finally {
      this.#open.delete(key);
    }
  }
}
