/** The read model's end of the thread that answers. It is started by the first question, once there is an index. */

import { Worker } from 'node:worker_threads';
import type { LedgerCause } from '../ledger-error.ts';
import { BadCursorError } from './cursor.ts';
import { IndexUnavailableError } from './index-error.ts';
import type { FromAnswers, Question, ThreadData, ToAnswers } from './protocol.ts';

interface Waiting {
  readonly question: Question;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class AnswerClient {
  readonly #data: ThreadData;
  readonly #damaged: () => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #exited: Promise<void> = Promise.resolve();
  #lastId = 0;
  /** `shut`: there is no index to be asked now; questions wait for it. */
  #state: 'open' | 'shut' | 'ended' = 'shut';
  #failing: LedgerCause | null = null;

  /** @param damaged called when an answer met a damaged file */
  constructor(data: ThreadData, damaged: () => void) {
    this.#data = data;
    this.#damaged = damaged;
  }

  /** The answer has the type that ReadModel gives the question. */
  ask<T>(question: Question): Promise<T> {
    const refusal = this.#state === 'ended' ? 'stopped' : this.#state === 'shut' ? this.#failing : null;
    if (refusal !== null) return Promise.reject(new IndexUnavailableError(refusal, this.#data.file));
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { question, resolve: resolve as (answer: unknown) => void, reject });
      if (this.#state === 'open') this.#post(id, question);
    });
  }

  #post(id: number, question: Question): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage([id, question] satisfies ToAnswers);
  }

  /** There is an index, perhaps another one than before. */
  open(): void {
    this.#failing = null;
    if (this.#state === 'ended') return;
    if (this.#state === 'open') void this.shut().then(() => this.#opened());
    else this.#opened();
  }

  #opened(): void {
    if (this.#state === 'ended') return;
    this.#state = 'open';
    for (const [id, { question }] of this.#waiting) this.#post(id, question);
  }

  /** There is no index, and there will be none soon: whoever waits for it is told. */
  failing(cause: LedgerCause): void {
    if (this.#state !== 'shut') return;
    this.#failing = cause;
    this.#abandon(cause);
  }

  /** Resolves when the file is not open any more. Questions wait from now on. */
  async shut(): Promise<void> {
    this.#state = 'shut';
    this.#worker?.postMessage('close' satisfies ToAnswers);
    await this.#exited;
  }

  async close(): Promise<void> {
    this.#state = 'ended';
    this.#worker?.postMessage('close' satisfies ToAnswers);
    await this.#exited;
    this.#abandon('stopped');
  }

  #start(): Worker {
    const url = new URL('./answer-thread.ts', import.meta.url);
    const worker = new Worker(url, { workerData: this.#data, name: 'ledger-answers', env: {} });
    worker.on('message', (message: FromAnswers) => this.#answered(message));
    worker.on('error', () => undefined); // 'exit' follows
    this.#exited = new Promise((done) => {
      worker.once('exit', (code) => {
        this.#worker = null;
        // What was asked may be what killed it: it is not asked again.
        if (code !== 0) this.#abandon('unknown');
        done();
      });
    });
    return worker;
  }

  #answered(message: FromAnswers): void {
    const [id] = message;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (message[1]) {
      waiting?.resolve(message[2]);
      return;
    }
    const [, , kind, text] = message;
    if (kind === 'damaged') this.#damaged();
    waiting?.reject(
      kind === 'cursor'
        ? new BadCursorError(text)
        : kind === 'damaged'
          ? new IndexUnavailableError('corrupt', this.#data.file)
          : new Error(text),
    );
  }

  #abandon(cause: LedgerCause): void {
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of lost) reject(new IndexUnavailableError(cause, this.#data.file));
  }
}
