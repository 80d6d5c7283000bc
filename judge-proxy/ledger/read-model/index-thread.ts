/**
 * Thread that follows the ledger and writes the index. Each page is a transaction; between two of them it listens, and when
 * it has everything it sleeps until it is woken. A failure is told and tried again: the ledger waits for nothing here.
 */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { causeOf, type LedgerCause } from '../ledger-error.ts';
import { Indexer, isDamage } from './indexer.ts';
import { LedgerSource } from './ledger-source.ts';
import type { FromIndexer, ThreadData, ToIndexer } from './protocol.ts';
import { removeIndex } from './schema.ts';

/**
 * From one transaction to the next at least, while the ledger grows slowly: one transaction for many commits costs a
 * fraction of one for each.
 */
const PAUSE_MS = 50;
/**
 * From a commit to the transaction that takes it, while nobody looks: an exchange is opened, completed and judged within
 * one, beside others, and its pages are written once: a third of the CPU (docs/performance.md).
 */
const LATER_MS = 2_000;
/** Before something that failed is tried again. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

class IndexThread {
  readonly #port: MessagePort;
  readonly #data: ThreadData;
  #source: LedgerSource | null = null;
  #indexer: Indexer | null = null;
  #timer: NodeJS.Timeout | null = null;
  #scheduled = false;
  /** The next transaction has time, and this is how it is hurried. */
  #later: NodeJS.Timeout | null = null;
  #ranAt = 0;
  #waitMs = FIRST_WAIT_MS;
  #failing: LedgerCause | null = null;
  /** The file is to be made anew by the owner's word. */
  #damaged = false;
  #closed = false;

  constructor(port: MessagePort, data: ThreadData) {
    this.#port = port;
    this.#data = data;
    port.on('message', (message: ToIndexer) => this.#told(message));
    this.#run();
  }

  #told(message: ToIndexer): void {
    switch (message) {
      case 'wake':
        // While writing fails, the timer says when it is tried again.
        if (this.#failing === null) this.#schedule(Math.max(0, this.#ranAt + PAUSE_MS - performance.now()));
        return;
      case 'wake_later':
        if (this.#failing === null) this.#scheduleLater();
        return;
      case 'renew':
        this.#renew();
        return;
      case 'close':
        this.#close();
        return;
      default:
        message satisfies never;
    }
  }

  #schedule(afterMs = 0): void {
    if (this.#scheduled || this.#damaged || this.#closed) return;
    this.#forgetLater();
    this.#scheduled = true;
    const go = () => {
      this.#scheduled = false;
      if (!this.#closed) this.#run();
    };
    if (afterMs > 0) setTimeout(go, afterMs);
    else setImmediate(go);
  }

  #scheduleLater(): void {
    if (this.#scheduled || this.#later !== null || this.#damaged || this.#closed) return;
    this.#later = setTimeout(() => this.#schedule(), LATER_MS);
  }

  #forgetLater(): void {
    if (this.#later !== null) clearTimeout(this.#later);
    this.#later = null;
  }

  #run(): void {
    try {
      const indexer = this.#opened();
      this.#ranAt = performance.now();
      const { position, changed, unreadable, more } = indexer.step();
      this.#tell({ type: 'moved', position, changed, caughtUp: !more });
      if (unreadable > 0) this.#log('error', 'index_record_unreadable', { count: unreadable });
      this.#worked();
      if (more) this.#schedule();
      else if (indexer.pending) this.#again();
    } catch (error) {
      this.#failed(error);
    }
  }

  #opened(): Indexer {
    if (this.#indexer !== null) return this.#indexer;
    this.#source ??= new LedgerSource(this.#data.url);
    const { indexer, renewed } = Indexer.open(this.#data.file, this.#source);
    this.#indexer = indexer;
    if (renewed !== null) {
      this.#log(renewed === 'missing' ? 'info' : 'warn', 'index_rebuilding', { reason: renewed });
    }
    this.#tell({ type: 'ready', position: indexer.position });
    return indexer;
  }

  #worked(): void {
    this.#waitMs = FIRST_WAIT_MS;
    this.#failing = null;
  }

  #failed(error: unknown): void {
    if (isDamage(error) && this.#indexer !== null) {
      this.#damaged = true;
      this.#tell({ type: 'damaged' });
      return;
    }
    const cause = causeOf(error);
    // A defect of ours: the thread ends, and its owner starts another.
    if (cause === null) throw error;
    this.#failing = cause;
    this.#tell({ type: 'failed', cause });
    this.#again();
  }

  #again(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#schedule();
    }, this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
  }

  #renew(): void {
    this.#indexer?.close();
    this.#indexer = null;
    removeIndex(this.#data.file);
    this.#damaged = false;
    this.#schedule();
  }

  #close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#forgetLater();
    this.#indexer?.close();
    this.#source?.close();
    this.#port.close();
  }

  #tell(message: FromIndexer): void {
    this.#port.postMessage(message);
  }

  #log(level: 'info' | 'warn' | 'error', event: string, fields: { count?: number; reason?: string }): void {
    this.#tell({ type: 'log', level, event, fields: { file: this.#data.file, ...fields } });
  }
}

if (parentPort !== null) new IndexThread(parentPort, workerData as ThreadData);
