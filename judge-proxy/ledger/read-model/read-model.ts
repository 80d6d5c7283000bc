/**
 * The read model as the program has it: owns the file beside the ledger and two threads, one that follows the ledger and
 * one that answers. Whatever happens to them, the ledger and traffic go on; health and log say what is wrong.
 */

import type { Clock } from '../../telemetry/clock.ts';
import type { Log } from '../../telemetry/log.ts';
import type { LedgerCause } from '../ledger-error.ts';
import { AnswerClient } from './answer-client.ts';
import { IndexUnavailableError } from './index-error.ts';
import { IndexerClient } from './indexer-client.ts';
import type { FromIndexer, Question, ThreadData } from './protocol.ts';
import type { ExchangeRow, IndexHealth, ReadModel } from './rows.ts';
import { indexFile } from './schema.ts';

export interface ReadModelOptions {
  /** `sqlite:PATH` of a ledger that is there. */
  readonly url: string;
  /** Ledger.onCommit. */
  readonly onCommit: (listener: (seq: number) => void) => () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** After a question somebody still looks: the next one comes soon, or never. */
const LOOKS_MS = 5_000;

/** Rows given to a listener at one time. */
const MOST_CHANGES = 200;

/** Opens the index beside the ledger, or makes it; it catches up in the background. Never rejects for what is there. */
export function openReadModel(options: ReadModelOptions): ReadModel {
  return new FollowingReadModel(options);
}

interface CaughtUp {
  readonly seq: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

class FollowingReadModel implements ReadModel {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #data: ThreadData;
  readonly #indexer: IndexerClient;
  readonly #answers: AnswerClient;
  readonly #unfollow: () => void;
  readonly #listeners = new Set<(rows: readonly ExchangeRow[]) => void>();
  #waiting: CaughtUp[] = [];
  #position = 0;
  /** Last position that the ledger told of. */
  #head = 0;
  #failing: LedgerCause | null = null;
  /** Since when there was everything once: what is told of changes before that is old. */
  #live = false;
  #startedMs: number;
  /** Of the last question. */
  #askedMs = Number.NEGATIVE_INFINITY;
  /** A damaged file is being let go. */
  #renewing = false;
  #notifying: Promise<void> = Promise.resolve();
  #closed: Promise<void> | null = null;

  constructor({ url, onCommit, clock, log }: ReadModelOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#startedMs = clock.monotonic();
    this.#data = { url, file: indexFile(url) };
    this.#answers = new AnswerClient(this.#data, () => void this.#renew());
    this.#indexer = new IndexerClient(this.#data, {
      message: (message) => this.#told(message),
      lost: () => this.#fail('stopped'),
    });
    this.#unfollow = onCommit((seq) => {
      this.#head = seq;
      this.#indexer.waking.wake(this.#looked());
    });
  }

  get position(): number {
    return this.#position;
  }

  exchanges: ReadModel['exchanges'] = (filter, page) => this.#ask(['exchanges', filter, page]);
  rows: ReadModel['rows'] = (exchangeIds) => this.#ask(['rows', exchangeIds]);
  overview: ReadModel['overview'] = (period) => this.#ask(['overview', period]);
  clients: ReadModel['clients'] = (period, page) => this.#ask(['clients', period, page]);
  queue: ReadModel['queue'] = (request) => this.#ask(['queue', request]);
  queueCounts: ReadModel['queueCounts'] = (request) => this.#ask(['queueCounts', request]);
  similar: ReadModel['similar'] = (exchangeId, limit) => this.#ask(['similar', exchangeId, limit]);
  labels: ReadModel['labels'] = (exchangeId) => this.#ask(['labels', exchangeId]);
  shadows: ReadModel['shadows'] = (exchangeId) => this.#ask(['shadows', exchangeId]);
  shadowAgreement: ReadModel['shadowAgreement'] = (period) => this.#ask(['shadowAgreement', period]);
  audit: ReadModel['audit'] = (filter, page) => this.#ask(['audit', filter, page]);

  #ask<T>(question: Question): Promise<T> {
    this.#askedMs = this.#clock.monotonic();
    this.#indexer.waking.hurry();
    return this.#answers.ask(question);
  }

  caughtUp(seq: number): Promise<void> {
    if (this.#position >= seq) return Promise.resolve();
    if (this.#closed !== null) return Promise.reject(new IndexUnavailableError('stopped', this.#data.file));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ seq, resolve, reject });
      this.#indexer.waking.hurry();
    });
  }

  /** Somebody looks: what is new must be found soon. */
  #looked(): boolean {
    if (this.#listeners.size > 0 || this.#waiting.length > 0) return true;
    return this.#clock.monotonic() - this.#askedMs < LOOKS_MS;
  }

  onChange(listener: (rows: readonly ExchangeRow[]) => void): () => void {
    this.#listeners.add(listener);
    this.#indexer.waking.hurry();
    return () => this.#listeners.delete(listener);
  }

  health(): IndexHealth {
    const behind = Math.max(0, this.#head - this.#position);
    return { ok: this.#failing === null, cause: this.#failing, position: this.#position, behind };
  }

  #told(message: FromIndexer): void {
    switch (message.type) {
      case 'ready':
        this.#renewing = false;
        this.#position = message.position;
        this.#answers.open();
        return;
      case 'moved':
        this.#moved(message.position, message.changed, message.caughtUp);
        return;
      case 'failed':
        this.#fail(message.cause);
        this.#answers.failing(message.cause);
        return;
      case 'damaged':
        void this.#renew();
        return;
      case 'log':
        this.#log.write(message.level, message.event, message.fields);
        return;
      default:
        message satisfies never;
    }
  }

  #moved(position: number, changed: readonly number[], caughtUp: boolean): void {
    this.#position = position;
    this.#works();
    this.#settle();
    if (caughtUp && position < this.#head) this.#indexer.waking.wake(this.#looked());
    if (this.#live) this.#notify(changed);
    if (!caughtUp || this.#live) return;
    this.#live = true;
    const duration_ms = Math.round(this.#clock.monotonic() - this.#startedMs);
    this.#log.write('info', 'index_ready', { file: this.#data.file, count: position, duration_ms });
  }

  #settle(): void {
    if (this.#waiting.length === 0) return;
    const reached = this.#waiting.filter(({ seq }) => seq <= this.#position);
    this.#waiting = this.#waiting.filter(({ seq }) => seq > this.#position);
    for (const { resolve } of reached) resolve();
  }

  /** One after the other, so that a listener sees them in their order. */
  #notify(seqs: readonly number[]): void {
    if (this.#listeners.size === 0) return;
    for (let start = 0; start < seqs.length; start += MOST_CHANGES) {
      const some = seqs.slice(start, start + MOST_CHANGES);
      // A page that cannot be read now is read by whoever looks next: nothing but the live view misses it.
      this.#notifying = this.#notifying.then(() => this.#notifyOf(some)).catch(() => undefined);
    }
  }

  async #notifyOf(seqs: readonly number[]): Promise<void> {
    const rows = await this.#ask<readonly ExchangeRow[]>(['rowsBySeq', seqs]);
    if (rows.length > 0) for (const listener of this.#listeners) listener(rows);
  }

  #fail(cause: LedgerCause): void {
    if (this.#failing === cause || this.#closed !== null) return;
    this.#failing = cause;
    this.#log.write('error', 'index_failed', { file: this.#data.file, cause });
  }

  /** What failed works again: a page was written. */
  #works(): void {
    if (this.#failing === null || this.#renewing) return;
    this.#log.write('warn', 'index_recovered', { file: this.#data.file, cause: this.#failing });
    this.#failing = null;
  }

  /** The file is damaged: it is made anew when nobody has it open any more. */
  async #renew(): Promise<void> {
    if (this.#closed !== null || this.#renewing) return;
    this.#renewing = true;
    this.#fail('corrupt');
    this.#live = false;
    this.#startedMs = this.#clock.monotonic();
    await this.#answers.shut();
    this.#indexer.renew();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#unfollow();
    this.#listeners.clear();
    await this.#indexer.close();
    await this.#answers.close();
    for (const { reject } of this.#waiting) reject(new IndexUnavailableError('stopped', this.#data.file));
    this.#waiting = [];
  }
}
