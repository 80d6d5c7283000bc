/**
 * The sinks as the program sees them: a thread that follows the ledger and sends. It is told of commits, never waited for:
 * a sink that is dead or slow costs traffic nothing.
 */

import { Worker } from 'node:worker_threads';
import type { Limits } from '../config/schema.ts';
import type { SinkConfig } from '../config/sinks.ts';
import type { SinkRow } from '../contract/responses.ts';
import type { NewRecord } from '../ledger/acts.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Change } from '../ledger/tables/statements-of-tables.ts';
import type { Log } from '../telemetry/log.ts';
import type { FromSinks, SinksData, ToSinks } from './thread-protocol.ts';

export interface SinksMetrics {
  /** How many events wait, and what became of events since the start, by sink. */
  sink(
    name: string,
    now: { readonly waiting: number; readonly delivered: number; readonly failed: number; readonly gaps: number },
  ): void;
}

export interface SinksOptions {
  readonly sinks: readonly SinkConfig[];
  readonly ledgerUrl: string;
  readonly ledger: Pick<Ledger, 'append' | 'onCommit'>;
  readonly limits: Pick<Limits, 'dns' | 'connect' | 'tls_handshake'>;
  readonly log: Log;
  readonly metrics: SinksMetrics;
}

export interface Sinks {
  rows(): readonly SinkRow[];
  /** Sends a test event. @returns null when it arrived, a code of ours when not; undefined for an unknown sink */
  test(name: string): Promise<string | null | undefined>;
  /** A checkpoint was signed. */
  checkpoint(ledgerId: string, size: number, json: string): void;
  close(): Promise<void>;
}

/**
 * Starts the thread, if there is any sink.
 * @throws Error that names a CA file which cannot be read
 */
export async function startSinks(options: SinksOptions): Promise<Sinks> {
  if (options.sinks.length === 0) return NO_SINKS;
  const sinks = new RunningSinks(options);
  await sinks.ready;
  return sinks;
}

const NO_SINKS: Sinks = {
  rows: () => [],
  test: async () => undefined,
  checkpoint: () => undefined,
  close: async () => undefined,
};

class RunningSinks implements Sinks {
  readonly ready: Promise<void>;
  readonly #options: SinksOptions;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #rows: Map<string, SinkRow>;
  readonly #tests = new Map<number, (code: string | null) => void>();
  readonly #unfollow: () => void;
  #lastTest = 0;
  /** The thread has not seen the last word of a commit yet: another would say the same. */
  #told = false;
  #isNew = false;
  #closing = false;
  /** The thread has ended: nothing that is said to it has an answer. */
  #gone = false;

  constructor(options: SinksOptions) {
    const { sinks, ledgerUrl, limits, ledger } = options;
    this.#options = options;
    this.#rows = new Map(sinks.map((sink) => [sink.name, emptyRow(sink)]));
    const workerData: SinksData = { sinks, ledgerUrl, limits };
    this.#worker = new Worker(new URL('./sinks-thread.ts', import.meta.url), { workerData, name: 'sinks', env: {} });
    const ready = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.#worker.on('message', (message: FromSinks) => {
      if (message.type === 'ready') ready.resolve();
      else this.#take(message);
    });
    this.#worker.on('error', (error) => {
      ready.reject(error);
      this.#died();
    });
    this.#exited = new Promise((done) => this.#worker.once('exit', () => done(this.#ended())));
    this.#unfollow = ledger.onCommit(() => this.#committed());
  }

  rows(): readonly SinkRow[] {
    return [...this.#rows.values()];
  }

  test(name: string): Promise<string | null | undefined> {
    if (!this.#rows.has(name)) return Promise.resolve(undefined);
    if (this.#gone) return Promise.resolve('stopped');
    const id = ++this.#lastTest;
    this.#say({ type: 'test', id, sink: name });
    return new Promise((resolve) => this.#tests.set(id, resolve));
  }

  checkpoint(ledgerId: string, size: number, json: string): void {
    this.#say({ type: 'checkpoint', ledgerId, size, json });
  }

  /** Before the ledger: what is written last is written. */
  async close(): Promise<void> {
    this.#unfollow();
    this.#closing = true;
    this.#say({ type: 'close' });
    await this.#exited;
  }

  #ended(): void {
    this.#gone = true;
    for (const resolve of this.#tests.values()) resolve('stopped');
    this.#tests.clear();
  }

  #committed(): void {
    this.#isNew = true;
    if (this.#told) return;
    this.#told = true;
    this.#isNew = false;
    this.#say({ type: 'committed' });
  }

  #take(message: Exclude<FromSinks, { type: 'ready' }>): void {
    switch (message.type) {
      case 'seen':
        this.#told = false;
        if (this.#isNew) this.#committed();
        break;
      case 'write':
        void this.#write(message.id, message.records, message.changes);
        break;
      case 'state':
        this.#rows.set(message.row.name, message.row);
        this.#options.metrics.sink(message.row.name, message.row);
        break;
      case 'log': {
        const { level, event, sink, code, count } = message;
        const known = { ...(code === null ? {} : { code }), ...(count === null ? {} : { count }) };
        this.#options.log.write(level, event, { sink, ...known });
        break;
      }
      case 'tested':
        this.#tests.get(message.id)?.(message.code);
        this.#tests.delete(message.id);
        break;
      default:
        message satisfies never;
    }
  }

  async #write(id: number, records: readonly NewRecord[], changes: readonly Change[]): Promise<void> {
    const ok = await this.#options.ledger.append(records, changes).then(
      () => true,
      () => false,
    );
    this.#say({ type: 'written', id, ok });
  }

  /** By a defect of ours: what waits is safe, nothing is sent until the next start, and everybody is told. */
  #died(): void {
    if (this.#closing) return;
    this.#options.log.write('error', 'sinks_stopped', { reason: 'crashed' });
    for (const [name, row] of this.#rows) {
      this.#rows.set(name, { ...row, state: 'stopped', last_error: 'crashed' });
    }
  }

  #say(message: ToSinks): void {
    this.#worker.postMessage(message);
  }
}

function emptyRow({ name, type, url }: SinkConfig): SinkRow {
  const counts = { waiting: 0, position: 0, delivered: 0, failed: 0, gaps: 0 };
  const last = { last_delivered_at: null, last_error: null };
  return { name, type, target: new URL(url).origin, ...counts, ...last, state: 'ok' };
}
