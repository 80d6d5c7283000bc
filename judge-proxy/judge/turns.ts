/**
 * Turns with the judge models: so many calls at one time, whoever asks. A client that waits goes before the jobs of the
 * queue, but for one turn in nine, so that no flood of clients leaves what was delivered without its verdict; clients go
 * by turns among themselves. What nobody waits for (`spare`: replays, shadow judges) gets a turn when the other lines are
 * empty, and never more than a quarter of them, so that traffic finds free ones. Each line is bounded, and the time in it is
 * the caller's to bound: what waits too long gets its answer on time.
 */

import { type Waiter, WaitingLine } from './waiting-line.ts';

export type Urgency = 'inline' | 'background' | 'spare';

export type TurnEnd =
  /** Call `release` once when done; more often does nothing. */
  { readonly kind: 'turn'; release(): void } | { readonly kind: 'timeout' | 'queue_full' | 'aborted' };

export interface TurnRequest {
  readonly urgency: Urgency;
  readonly client: string;
  readonly signal: AbortSignal;
  /** Longest wait in milliseconds; null: as long as it takes. */
  readonly waitMs: number | null;
}

/** Turns of clients in a row while a job waits. */
const MOST_IN_A_ROW = 8;
/** Of all turns; at least one, or there would be no replay where there is one turn. */
const SPARE_SHARE = 0.25;

export class Turns {
  readonly #most: number;
  readonly #lines: Readonly<Record<Urgency, WaitingLine>>;
  readonly #mostSpare: number;
  #running = 0;
  #spare = 0;
  /** Turns that clients had since a job had one, or since none waited. */
  #inARow = 0;

  /** @param waiting most that wait in each of the lines */
  constructor(limits: { readonly running: number; readonly waiting: number }) {
    this.#most = limits.running;
    this.#mostSpare = Math.max(1, Math.floor(limits.running * SPARE_SHARE));
    this.#lines = {
      inline: new WaitingLine(limits.waiting),
      background: new WaitingLine(limits.waiting),
      spare: new WaitingLine(limits.waiting),
    };
  }

  get running(): number {
    return this.#running;
  }

  waiting(urgency: Urgency): number {
    return this.#lines[urgency].size;
  }

  /** Never rejects. */
  take({ urgency, client, signal, waitMs }: TurnRequest): Promise<TurnEnd> {
    if (signal.aborted) return Promise.resolve({ kind: 'aborted' });
    if (this.#running < this.#most && (urgency !== 'spare' || this.#spare < this.#mostSpare)) {
      return Promise.resolve(this.#start(urgency));
    }
    const line = this.#lines[urgency];
    const { promise, resolve } = Promise.withResolvers<TurnEnd>();
    // Leaving the line and the answer are one step: nobody is called who has his answer.
    const end = (answer: () => TurnEnd) => {
      line.leave(waiter);
      signal.removeEventListener('abort', aborted);
      clearTimeout(timer);
      resolve(answer());
    };
    const aborted = () => end(() => ({ kind: 'aborted' }));
    const waiter: Waiter = {
      client,
      call: () => end(() => this.#start(urgency)),
      displace: () => end(() => ({ kind: 'queue_full' })),
    };
    if (!line.enter(waiter)) return Promise.resolve({ kind: 'queue_full' });
    const timer = waitMs === null ? undefined : setTimeout(() => end(() => ({ kind: 'timeout' })), waitMs);
    signal.addEventListener('abort', aborted, { once: true });
    return promise;
  }

  #start(urgency: Urgency): TurnEnd {
    const spare = urgency === 'spare' ? 1 : 0;
    this.#running += 1;
    this.#spare += spare;
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      this.#running -= 1;
      this.#spare -= spare;
      this.#next()?.call();
    };
    return { kind: 'turn', release };
  }

  #next(): Waiter | null {
    const { inline, background, spare } = this.#lines;
    const jobsTurn = background.size > 0 && this.#inARow >= MOST_IN_A_ROW;
    const client = jobsTurn ? null : inline.next();
    this.#inARow = client === null || background.size === 0 ? 0 : this.#inARow + 1;
    return client ?? background.next() ?? (this.#spare < this.#mostSpare ? spare.next() : null);
  }
}
