/**
 * The ledger's end of the writer thread: collects operations, sends them as one message, settles their promises.
 *
 * One message is under way at a time. What arrives meanwhile goes with the next one, so the batch grows with the load and
 * a lone operation waits for nobody.
 */

import { Worker } from 'node:worker_threads';
import { ProxyError } from '../errors.ts';
import { type LedgerCause, LedgerError } from './ledger-error.ts';
import type { Migration } from './migration.ts';
import type { Committed, Failed, FromWriter, Operation, Result, ToWriter, WriterData } from './thread-protocol.ts';

/** Operations that may wait for the thread. Far above limits.exchanges: only connection records can come this far. */
const MAX_WAITING = 100_000;

export interface WriterEvents {
  /** A batch was committed; `refused` operations of it were not. `seq`: position of the last record. */
  committed(operations: number, refused: number, ms: number, seq: number): void;
  /** Operations that are not in the ledger and will not be. */
  failed(operations: number, cause: LedgerCause): void;
}

interface Waiting {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

export class WriterClient {
  readonly #worker: Worker;
  readonly #events: WriterEvents;
  readonly #exited: Promise<void>;
  #operations: Operation[] = [];
  #waiting: Waiting[] = [];
  /** Operations sent and not answered; their promises come first in `#waiting`. */
  #underWay = 0;
  #scheduled = false;
  #stopped = false;
  #closing = false;
  #idle: (() => void) | null = null;

  private constructor(worker: Worker, events: WriterEvents) {
    this.#worker = worker;
    this.#events = events;
    worker.on('message', (message: FromWriter) => this.#answered(message));
    worker.on('error', () => this.#abandon());
    this.#exited = new Promise((done) => {
      worker.once('exit', () => {
        this.#abandon();
        done();
      });
    });
  }

  /**
   * Starts the thread and waits until it has the file.
   * @throws {LedgerError} when the file cannot be written by this process
   */
  static async start(
    data: WriterData,
    events: WriterEvents,
    migrating: (migration: Migration) => void,
  ): Promise<WriterClient> {
    const worker = new Worker(new URL('./sqlite-thread.ts', import.meta.url), { workerData: data, name: 'ledger' });
    const answer = await opened(worker, migrating);
    if (answer.type === 'refused') {
      await worker.terminate();
      throw new LedgerError(answer.cause, data.file, { cause: answer.message, detail: answer.detail });
    }
    return new WriterClient(worker, events);
  }

  /** Rejects with ProxyError `ledger_unavailable`; its reason is a cause of LEDGER_CAUSES. */
  send(operation: Operation): Promise<Result> {
    if (this.#stopped || this.#closing) return Promise.reject(unavailable('stopped'));
    if (this.#waiting.length >= MAX_WAITING) {
      this.#events.failed(1, 'overloaded');
      return Promise.reject(unavailable('overloaded'));
    }
    this.#operations.push(operation);
    this.#schedule();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  /** Takes no more, and waits for what was sent. */
  async settle(): Promise<void> {
    this.#closing = true;
    await this.#settled();
  }

  /** Waits for what was sent, closes the file, ends the thread. */
  async close(): Promise<void> {
    if (!this.#stopped) {
      await this.settle();
      this.#stopped = true;
      this.#worker.postMessage('close' satisfies ToWriter);
    }
    await this.#exited;
  }

  async #settled(): Promise<void> {
    if (this.#waiting.length === 0) return;
    await new Promise<void>((done) => {
      this.#idle = done;
    });
  }

  /** Sent after the callbacks of this turn of the event loop: they often bring operations of their own. */
  #schedule(): void {
    if (this.#scheduled || this.#underWay > 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#post();
    });
  }

  #post(): void {
    if (this.#underWay > 0 || this.#operations.length === 0) return;
    const batch = this.#operations;
    this.#operations = [];
    this.#underWay = batch.length;
    this.#worker.postMessage(batch satisfies ToWriter);
  }

  #answered(message: FromWriter): void {
    if (message.type !== 'committed' && message.type !== 'failed') return;
    const answered = this.#waiting.splice(0, message.count);
    this.#underWay -= message.count;
    this.#post();
    if (message.type === 'failed') this.#fail(answered, message);
    else this.#settle(answered, message);
    if (this.#waiting.length === 0) this.#idle?.();
  }

  #settle(answered: readonly Waiting[], { count, results, refused, ms, seq }: Committed): void {
    this.#events.committed(count, refused.length, ms, seq);
    for (const [index, result] of results) answered[index]?.resolve(result);
    for (const [index, cause] of refused) answered[index]?.reject(unavailable(cause));
    // A second call on a promise that is settled does nothing.
    for (const waiting of answered) waiting.resolve(undefined);
  }

  #fail(answered: readonly Waiting[], { count, cause }: Pick<Failed, 'count' | 'cause'>): void {
    this.#events.failed(count, cause);
    for (const waiting of answered) waiting.reject(unavailable(cause));
  }

  /** The thread is gone: by our wish, or for a reason that nobody foresaw and that another one would meet again. */
  #abandon(): void {
    const lost = this.#waiting;
    if (!this.#stopped || lost.length > 0) this.#events.failed(lost.length, 'stopped');
    this.#stopped = true;
    this.#waiting = [];
    this.#operations = [];
    for (const waiting of lost) waiting.reject(unavailable('stopped'));
    this.#idle?.();
  }
}

/** The first message that says whether the thread has the file. */
function opened(worker: Worker, migrating: (migration: Migration) => void): Promise<FromWriter> {
  return new Promise((resolve, reject) => {
    const settled = () => {
      worker.off('message', onMessage);
      worker.off('error', onError);
    };
    const onMessage = (message: FromWriter) => {
      if (message.type === 'migrating') {
        migrating(message.migration);
        return;
      }
      settled();
      resolve(message);
    };
    const onError = (error: Error) => {
      settled();
      reject(error);
    };
    worker.on('message', onMessage);
    worker.on('error', onError);
  });
}

function unavailable(cause: LedgerCause): ProxyError {
  return new ProxyError('ledger_unavailable', { reason: cause });
}
