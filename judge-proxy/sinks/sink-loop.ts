/** One sink at work: its feed and its delivery side by side, each woken by what happens, neither by a clock that polls. */

import type { SinkConfig } from '../config/sinks.ts';
import type { SinkRow } from '../contract/responses.ts';
import { type Clock, newId, timestamp } from '../telemetry/clock.ts';
import { Delivery, type Send } from './delivery.ts';
import { dedupKey } from './event.ts';
import { Feed } from './feed.ts';
import type { SinkStore } from './store.ts';

/** Between two readings of the ledger under load: what comes meanwhile is one transaction of the outbox. */
const FEED_MS = 50;
/** setTimeout takes no more than 2^31 − 1. */
const LONGEST_SLEEP_MS = 2_000_000_000;

export interface SinkReports {
  state(row: SinkRow): void;
  log(
    level: 'info' | 'warn' | 'error',
    event: string,
    fields: { readonly code?: string; readonly count?: number },
  ): void;
}

export interface SinkLoopParts {
  readonly sink: SinkConfig;
  readonly store: SinkStore;
  readonly send: Send;
  readonly clock: Clock;
  readonly random: () => number;
  readonly reports: SinkReports;
}

export class SinkLoop {
  readonly #parts: SinkLoopParts;
  readonly #feed: Feed;
  readonly #delivery: Delivery;
  readonly #counts = { delivered: 0, failed: 0, gaps: 0 };
  #lastDelivered: string | null = null;
  #lastError: string | null = null;
  /** Size of the last checkpoint that was queued, while that is written. */
  #checkpoint = 0;
  #isNew = true;
  #closed = false;
  #wakeFeed: (() => void) | null = null;
  #wakeDelivery: (() => void) | null = null;
  readonly #running: Promise<unknown>;

  constructor(parts: SinkLoopParts) {
    this.#parts = parts;
    const { sink, store, send, clock, random } = parts;
    this.#feed = new Feed(sink, store, clock, { skipped: (count) => this.#gap(count, 'bound') });
    this.#delivery = new Delivery({
      ...{ sink, store, send, clock, random },
      events: {
        delivered: (count) => {
          this.#counts.delivered += count;
          this.#lastDelivered = timestamp(clock);
          this.#lastError = null;
        },
        failed: (code, failures) => this.#failed(code, failures),
        recovered: (count) => parts.reports.log('info', 'sink_recovered', { count }),
        refused: (count) => this.#gap(count, 'refused'),
      },
    });
    this.#running = Promise.all([this.#feeding(), this.#delivering()]);
  }

  /** The ledger has new records. */
  committed(): void {
    this.#isNew = true;
    this.#wakeFeed?.();
  }

  /**
   * Queues a checkpoint, if the sink wants them and has not had it: a start tells of the last one again, because that which
   * is made at a stop comes when the sinks have ended.
   */
  async checkpoint(ledgerId: string, size: number, json: string): Promise<void> {
    const { sink, store, clock } = this.#parts;
    if (!sink.events.includes('checkpoints')) return;
    const name = `sink:${sink.name}:checkpoints`;
    const reached = Math.max(this.#checkpoint, store.cursor(name) ?? 0);
    if (size <= reached) return;
    this.#checkpoint = size;
    const key = dedupKey(ledgerId, 'checkpoint', size);
    const queued = ['queueOutbox', sink.name, size, key, clock.now(), json] as const;
    try {
      await store.write([], [queued, ['setCursor', name, size]]);
    } catch (error) {
      this.#checkpoint = reached;
      throw error;
    }
    this.#wakeDelivery?.();
  }

  /** Sends one event that stands for itself, at once. @returns null when it arrived, else a code of ours */
  async test(): Promise<string | null> {
    const { sink, send, clock } = this.#parts;
    const record = { ts: timestamp(clock), action: 'sink.test', object: sink.name };
    const item = { subject: 'audit', kind: 'act', seq: 0, record } as const;
    const outcome = await send([{ dedupKey: `test:${newId()}`, item }], `msg_${newId()}`);
    return outcome.kind === 'delivered' ? (outcome.refused.length === 0 ? null : 'items_refused') : outcome.code;
  }

  row(): SinkRow {
    const { sink, store } = this.#parts;
    return {
      name: sink.name,
      type: sink.type,
      // The path of an incoming webhook is its secret.
      target: new URL(sink.url).origin,
      waiting: store.waiting(sink.name).count,
      position: this.#feed.position,
      ...this.#counts,
      last_delivered_at: this.#lastDelivered,
      last_error: this.#lastError,
      state: this.#delivery.failures > 0 ? 'retrying' : 'ok',
    };
  }

  /** What is under way ends; what waits, waits for the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeFeed?.();
    this.#wakeDelivery?.();
    await this.#running;
  }

  async #feeding(): Promise<void> {
    while (!this.#closed) {
      if (!this.#isNew) await this.#sleep(null, 'feed');
      this.#isNew = false;
      try {
        while (!this.#closed && (await this.#feed.step())) this.#wakeDelivery?.();
      } catch {
        // The ledger cannot be read or written just now: it says so itself. What is new stays new.
        this.#isNew = true;
        await this.#sleep(1_000, 'feed');
      }
      this.#wakeDelivery?.();
      this.#report();
      if (!this.#closed) await this.#sleep(FEED_MS, 'pause');
    }
  }

  async #delivering(): Promise<void> {
    while (!this.#closed) {
      try {
        const due = this.#delivery.due();
        const wait = due === null ? null : due - this.#parts.clock.now();
        if (wait === null || wait > 0) {
          await this.#sleep(wait, 'delivery');
          continue;
        }
        await this.#delivery.deliver();
        // There is room again for what the ledger still holds.
        this.committed();
      } catch {
        this.#delivery.pause('ledger_unavailable');
      }
      this.#report();
    }
  }

  #failed(code: string, failures: number): void {
    this.#counts.failed += 1;
    this.#lastError = code;
    // Told when it begins, and when it lasts: at each doubling.
    if ((failures & (failures - 1)) === 0) this.#parts.reports.log('warn', 'sink_failed', { code, count: failures });
  }

  #gap(count: number, code: 'bound' | 'refused'): void {
    this.#counts.gaps += count;
    this.#parts.reports.log('error', 'sink_gap', { code, count });
  }

  #report(): void {
    try {
      this.#parts.reports.state(this.row());
    } catch {
      // The ledger cannot be read just now; the next report tells.
    }
  }

  /** Until it is woken, or a time has passed. */
  #sleep(ms: number | null, who: 'feed' | 'delivery' | 'pause'): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = ms === null ? null : setTimeout(done, Math.min(ms, LONGEST_SLEEP_MS));
      const self = this;
      function done(): void {
        if (timer !== null) clearTimeout(timer);
        if (who === 'delivery') self.#wakeDelivery = null;
        else self.#wakeFeed = null;
        resolve();
      }
      if (who === 'delivery') this.#wakeDelivery = done;
      else if (who === 'feed') this.#wakeFeed = done;
    });
  }
}
