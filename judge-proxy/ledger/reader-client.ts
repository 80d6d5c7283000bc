/** The ledger's end of the reader thread, which is started by the first question. */

import { Worker } from 'node:worker_threads';
import type { LedgerReader } from './ledger.ts';
import { LedgerError, LookupError } from './ledger-error.ts';
import type { ErasureReader } from './reader.ts';
import type { FromReader, Question, ReaderData, ToReader } from './reader-thread.ts';

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class ReaderClient implements LedgerReader, ErasureReader {
  readonly #url: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #exited: Promise<void> = Promise.resolve();
  #lastId = 0;
  #closed = false;

  /** @param url of a ledger that exists when the first question comes */
  constructor(url: string) {
    this.#url = url;
  }

  verdicts: LedgerReader['verdicts'] = (filter) => this.#ask(['verdicts', filter]);
  unjudged: LedgerReader['unjudged'] = (filter) => this.#ask(['unjudged', filter]);
  exchange: LedgerReader['exchange'] = (id) => this.#ask(['exchange', id]);
  connections: LedgerReader['connections'] = (filter) => this.#ask(['connections', filter]);
  stats: LedgerReader['stats'] = () => this.#ask(['stats']);
  costs: LedgerReader['costs'] = (filter) => this.#ask(['costs', filter]);
  earlier: LedgerReader['earlier'] = (link) => this.#ask(['earlier', link]);
  spending: LedgerReader['spending'] = (sinceTs) => this.#ask(['spending', sinceTs]);
  rows: LedgerReader['rows'] = (read, ...values) => this.#ask(['rows', read, ...values]);
  sealed: LedgerReader['sealed'] = (exchangeId) => this.#ask(['sealed', exchangeId]);
  erasable: ErasureReader['erasable'] = (question) => this.#ask(['erasable', question]);
  erasuresUnderWay: ErasureReader['erasuresUnderWay'] = () => this.#ask(['erasuresUnderWay']);
  head: LedgerReader['head'] = (seq) => this.#ask(['head', seq]);

  async close(): Promise<void> {
    this.#closed = true;
    this.#worker?.postMessage('close' satisfies ToReader);
    await this.#exited;
  }

  /** The answer has the type that LedgerReader gives the question: the thread calls the method of that name. */
  #ask<T>(question: Question): Promise<T> {
    if (this.#closed) return Promise.reject(new LedgerError('stopped', this.#url));
    this.#worker ??= this.#start();
    const id = ++this.#lastId;
    this.#worker.postMessage([id, question] satisfies ToReader);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
    });
  }

  #start(): Worker {
    const workerData: ReaderData = { url: this.#url };
    const worker = new Worker(new URL('./reader-thread.ts', import.meta.url), { workerData, name: 'ledger-reader' });
    worker.on('message', (message: FromReader) => this.#answered(message));
    worker.on('error', (error) => this.#abandon(error));
    this.#exited = new Promise((done) => {
      worker.once('exit', () => {
        this.#abandon(new LedgerError('stopped', this.#url));
        done();
      });
    });
    return worker;
  }

  #answered(message: FromReader): void {
    const waiting = this.#waiting.get(message[0]);
    this.#waiting.delete(message[0]);
    if (message[1]) waiting?.resolve(message[2]);
    else waiting?.reject(message[2] === 'lookup' ? new LookupError(message[3]) : new Error(message[3]));
  }

  /** The thread is gone: the next question starts another. */
  #abandon(error: unknown): void {
    this.#worker = null;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
