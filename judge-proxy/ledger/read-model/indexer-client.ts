/** The read model's end of the thread that writes the index: starts it, wakes it, and starts it again when it dies. */

import { Worker } from 'node:worker_threads';
import type { FromIndexer, ThreadData, ToIndexer } from './protocol.ts';
import { Waking } from './waking.ts';

export interface IndexerEvents {
  message(message: FromIndexer): void;
  /** The thread died; another one will be started. */
  lost(): void;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

export class IndexerClient {
  readonly #data: ThreadData;
  readonly #events: IndexerEvents;
  readonly waking = new Waking((call) => this.#post(call));
  #worker: Worker;
  #exited: Promise<void> = Promise.resolve();
  #waitMs = FIRST_WAIT_MS;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(data: ThreadData, events: IndexerEvents) {
    this.#data = data;
    this.#events = events;
    this.#worker = this.#start();
  }

  renew(): void {
    this.#post('renew');
  }

  #post(message: ToIndexer): void {
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    const url = new URL('./index-thread.ts', import.meta.url);
    const worker = new Worker(url, { workerData: this.#data, name: 'ledger-index', env: {} });
    worker.on('message', (message: FromIndexer) => this.#told(message));
    worker.on('error', () => undefined); // 'exit' follows
    this.#exited = new Promise((done) => {
      worker.once('exit', () => {
        done();
        this.#ended();
      });
    });
    return worker;
  }

  #told(message: FromIndexer): void {
    if (message.type === 'moved') {
      this.waking.moved(message.caughtUp);
      this.#waitMs = FIRST_WAIT_MS;
    }
    this.#events.message(message);
  }

  /** Not at once: what killed it may kill the next one, too. */
  #ended(): void {
    if (this.#closed) return;
    this.waking.lost();
    this.#events.lost();
    this.#timer = setTimeout(() => {
      this.#worker = this.#start();
    }, this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#post('close');
    await this.#exited;
  }
}
