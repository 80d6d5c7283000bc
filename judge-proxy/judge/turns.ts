/**
 * Turns with the judge models: so many calls at one time, whoever asks. A client that waits goes before all jobs of the
 * queue. Each line is bounded, and the time in it is the caller's to bound: what waits too long gets its answer on time.
 */

export type Urgency = 'inline' | 'background';

export type TurnEnd =
  /** Call `release` once when done; more often does nothing. */
  { readonly kind: 'turn'; release(): void } | { readonly kind: 'timeout' | 'queue_full' | 'aborted' };

export interface TurnRequest {
  readonly urgency: Urgency;
  readonly signal: AbortSignal;
  /** Longest wait in milliseconds; null: as long as it takes. */
  readonly waitMs: number | null;
}

export class Turns {
  readonly #most: number;
  readonly #mostWaiting: number;
  readonly #lines: Readonly<Record<Urgency, Set<() => void>>> = { inline: new Set(), background: new Set() };
  #running = 0;

  /** @param waiting most that wait in each of the two lines */
  constructor(limits: { readonly running: number; readonly waiting: number }) {
    this.#most = limits.running;
    this.#mostWaiting = limits.waiting;
  }

  get running(): number {
    return this.#running;
  }

  waiting(urgency: Urgency): number {
    return this.#lines[urgency].size;
  }

  /** Never rejects. */
  async take({ urgency, signal, waitMs }: TurnRequest): Promise<TurnEnd> {
    if (signal.aborted) return { kind: 'aborted' };
    if (this.#running < this.#most) return this.#start();
    const line = this.#lines[urgency];
    if (line.size >= this.#mostWaiting) return { kind: 'queue_full' };
    const { promise, resolve } = Promise.withResolvers<TurnEnd>();
    // Leaving the line and the answer are one step: nobody is called who has his answer.
    const end = (answer: () => TurnEnd) => {
      line.delete(called);
      signal.removeEventListener('abort', aborted);
      clearTimeout(timer);
      resolve(answer());
    };
    const called = () => end(() => this.#start());
    const aborted = () => end(() => ({ kind: 'aborted' }));
    const timer = waitMs === null ? undefined : setTimeout(() => end(() => ({ kind: 'timeout' })), waitMs);
    line.add(called);
    signal.addEventListener('abort', aborted, { once: true });
    return promise;
  }

  #start(): TurnEnd {
    this.#running += 1;
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      this.#running -= 1;
      const [next] = this.#lines.inline.size > 0 ? this.#lines.inline : this.#lines.background;
      next?.();
    };
    return { kind: 'turn', release };
  }
}
