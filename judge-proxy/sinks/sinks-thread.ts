/** Thread of the sinks: reading, rendering and sending are off the event loop of traffic; writes go back to the ledger. */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { SinkConfig } from '../config/sinks.ts';
import type { NewRecord } from '../ledger/acts.ts';
import type { Change } from '../ledger/tables/statements-of-tables.ts';
import { systemClock } from '../telemetry/clock.ts';
import { createSender, type Sender } from './send.ts';
import { SinkLoop } from './sink-loop.ts';
import { openSinkStore, type SinkStore } from './store.ts';
import type { FromSinks, SinksData, ToSinks } from './thread-protocol.ts';

interface Running {
  readonly sender: Sender;
  readonly store: SinkStore;
  readonly loop: SinkLoop;
}

class SinksThread {
  readonly #port: MessagePort;
  readonly #running: ReadonlyMap<string, Running>;
  readonly #writes = new Map<number, PromiseWithResolvers<void>>();
  #lastWrite = 0;

  constructor(port: MessagePort, { sinks, ledgerUrl, limits }: SinksData) {
    this.#port = port;
    this.#running = new Map(sinks.map((sink) => [sink.name, this.#start(sink, ledgerUrl, limits)]));
    port.on('message', (message: ToSinks) => void this.#take(message));
    this.#say({ type: 'ready' });
  }

  #start(sink: SinkConfig, ledgerUrl: string, limits: SinksData['limits']): Running {
    const sender = createSender(sink, limits, systemClock);
    const store = openSinkStore(ledgerUrl, (records, changes) => this.#write(records, changes));
    const loop = new SinkLoop({
      ...{ sink, store, send: sender.send, clock: systemClock, random: Math.random },
      reports: {
        state: (row) => this.#say({ type: 'state', row }),
        log: (level, event, { code = null, count = null }) =>
          this.#say({ type: 'log', level, event, sink: sink.name, code, count }),
      },
    });
    return { sender, store, loop };
  }

  async #take(message: ToSinks): Promise<void> {
    switch (message.type) {
      case 'committed':
        this.#say({ type: 'seen' });
        for (const { loop } of this.#running.values()) loop.committed();
        break;
      case 'checkpoint': {
        const { ledgerId, size, json } = message;
        const queued = [...this.#running.values()].map(({ loop }) => loop.checkpoint(ledgerId, size, json));
        // The checkpoint file has it in any case; the ledger says itself when it cannot be written.
        await Promise.allSettled(queued);
        break;
      }
      case 'written':
        this.#written(message.id, message.ok);
        break;
      case 'test': {
        const code = (await this.#running.get(message.sink)?.loop.test()) ?? null;
        this.#say({ type: 'tested', id: message.id, code });
        break;
      }
      case 'close':
        await this.#close();
        break;
      default:
        message satisfies never;
    }
  }

  #written(id: number, ok: boolean): void {
    const write = this.#writes.get(id);
    this.#writes.delete(id);
    if (ok) write?.resolve();
    else write?.reject(new Error('the ledger could not be written'));
  }

  #write(records: readonly NewRecord[], changes: readonly Change[]): Promise<void> {
    const id = ++this.#lastWrite;
    const write = Promise.withResolvers<void>();
    this.#writes.set(id, write);
    this.#say({ type: 'write', id, records, changes });
    return write.promise;
  }

  async #close(): Promise<void> {
    // Requests first: a loop waits for its own.
    await Promise.all([...this.#running.values()].map(({ sender }) => sender.close()));
    await Promise.all([...this.#running.values()].map(({ loop }) => loop.close()));
    for (const { store } of this.#running.values()) store.close();
    this.#port.close();
  }

  #say(message: FromSinks): void {
    this.#port.postMessage(message);
  }
}

if (parentPort !== null) new SinksThread(parentPort, workerData as SinksData);
