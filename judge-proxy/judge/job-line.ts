/**
 * Jobs that wait for a model: bounded in number and in characters, clients by turns. A client that floods it makes room
 * for the others.
 */

import type { Job } from '../ledger/ledger.ts';
import type { Judge } from './judges.ts';
import { type Waiter, WaitingLine } from './waiting-line.ts';

export interface ModelJob {
  readonly job: Job;
  readonly judge: Judge;
  readonly document: string;
}

interface Queued extends Waiter {
  readonly next: ModelJob;
}

/** Documents that wait for the model, all together: 64 MiB of memory, twice that where they are not Latin. */
const MOST_CHARACTERS = 64 * 2 ** 20;

export class JobLine {
  readonly #most: number;
  readonly #displaced: (job: ModelJob) => void;
  readonly #line: WaitingLine<Queued>;
  #characters = 0;

  /** @param displaced told of a job that lost its place to another client's */
  constructor(most: number, displaced: (job: ModelJob) => void) {
    this.#most = most;
    this.#displaced = displaced;
    this.#line = new WaitingLine(most);
  }

  get size(): number {
    return this.#line.size;
  }

  /** @param elsewhere jobs that wait for another try: an endpoint that is down must not make the queue endless */
  hasRoom(characters: number, elsewhere: number): boolean {
    return this.#line.size + elsewhere < this.#most && this.#characters + characters <= MOST_CHARACTERS;
  }

  /** @returns false when there is no room, and no other client has more waiting */
  enter(next: ModelJob, elsewhere: number): boolean {
    const { client } = next.job.opened;
    const { length } = next.document;
    while (!this.hasRoom(length, elsewhere)) if (!this.#line.makeRoom(client)) return false;
    const displace = () => {
      this.#characters -= length;
      this.#displaced(next);
    };
    this.#characters += length;
    return this.#line.enter({ client, next, call: () => undefined, displace });
  }

  next(): ModelJob | null {
    const queued = this.#line.next();
    if (queued === null) return null;
    this.#characters -= queued.next.document.length;
    return queued.next;
  }
}
