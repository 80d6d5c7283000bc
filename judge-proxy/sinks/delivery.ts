/**
 * Brings what waits in the outbox to one sink, oldest first, and takes it out when the sink has it: at least once, since
 * between the two anything may die. One request at one time, so that the order is kept.
 */

import { createHash } from 'node:crypto';
import type { SinkConfig } from '../config/sinks.ts';
import { RECORD_KINDS } from '../ledger/chain.ts';
import { type Clock, newId, timestamp } from '../telemetry/clock.ts';
import { type Outcome, retryMs } from './answer.ts';
import { itemOf, type SinkEvent } from './event.ts';
import { nextAt } from './pace.ts';
import type { OutboxRow, SinkStore } from './store.ts';

export interface DeliveryEvents {
  delivered(count: number): void;
  /** One request failed; `failures` in a row. */
  failed(code: string, failures: number): void;
  /** It works again after so many failures. */
  recovered(failures: number): void;
  /** The sink refused so many for good. */
  refused(count: number): void;
}

/** Sends one request. Never rejects. */
export type Send = (events: readonly SinkEvent[], id: string) => Promise<Outcome>;

export interface DeliveryParts {
  readonly sink: SinkConfig;
  readonly store: SinkStore;
  readonly send: Send;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly events: DeliveryEvents;
}

export class Delivery {
  readonly #parts: DeliveryParts;
  #size: number;
  #failures = 0;
  #pausedUntil = 0;
  #lastSent: number | null = null;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#size = parts.sink.batch;
  }

  get failures(): number {
    return this.#failures;
  }

  /** When the next request is due, milliseconds since 1970; null when nothing waits. */
  due(): number | null {
    const { sink, store } = this.#parts;
    const waiting = store.waiting(sink.name);
    if (waiting.count === 0) return null;
    return nextAt({ ...sink, batch: Math.min(sink.batch, this.#size) }, waiting, this.#lastSent, this.#pausedUntil);
  }

  /** Sends the next request. Rejects when the ledger cannot be written: what was delivered is delivered again then. */
  async deliver(): Promise<void> {
    const { sink, store, clock } = this.#parts;
    const rows = store.next(sink.name, this.#size);
    const pairs = rows.flatMap((row) => {
      const event = this.#eventOf(row);
      return event === null ? [] : [{ row, event }];
    });
    if (pairs.length < rows.length) {
      // What was erased since it was queued is not told any more.
      const known = new Set(pairs.map(({ row }) => row.id));
      await this.#drop(rows.filter(({ id }) => !known.has(id)));
    }
    if (pairs.length === 0) return;
    const events = pairs.map(({ event }) => event);
    const outcome = await this.#parts.send(events, deliveryId(events));
    this.#lastSent = clock.now();
    const sent = pairs.map(({ row }) => row);
    switch (outcome.kind) {
      case 'delivered':
        await this.#delivered(sent, outcome);
        break;
      case 'split':
        await this.#split(sent, outcome.code);
        break;
      case 'retry':
        this.#pause(outcome.code, outcome.afterMs);
        break;
      default:
        outcome satisfies never;
    }
  }

  /** The pause after a failure that is not the sink's: the ledger could not be written. */
  pause(code: string): void {
    this.#pause(code, null);
  }

  async #delivered(sent: readonly OutboxRow[], { refused, again }: Outcome & { kind: 'delivered' }): Promise<void> {
    const repeated = new Set(again);
    const lost = refused.flatMap((index) => sent[index] ?? []);
    await this.#drop(
      sent.filter((_row, index) => !repeated.has(index)),
      lost,
    );
    this.#parts.events.delivered(sent.length - again.length - lost.length);
    this.#size = Math.min(this.#parts.sink.batch, this.#size * 2);
    if (again.length > 0) {
      this.#pause('items_refused', null);
      return;
    }
    if (this.#failures > 0) this.#parts.events.recovered(this.#failures);
    this.#failures = 0;
  }

  async #split(sent: readonly OutboxRow[], code: string): Promise<void> {
    if (sent.length > 1) {
      this.#size = Math.ceil(sent.length / 2);
      return;
    }
    this.#parts.events.failed(code, this.#failures + 1);
    await this.#drop(sent, sent);
  }

  #pause(code: string, afterMs: number | null): void {
    const { clock, random, events } = this.#parts;
    this.#failures += 1;
    this.#pausedUntil = clock.now() + retryMs(this.#failures, afterMs, random());
    events.failed(code, this.#failures);
  }

  /** @param lost those of them that the sink never got: the ledger says so */
  async #drop(rows: readonly OutboxRow[], lost: readonly OutboxRow[] = []): Promise<void> {
    const { sink, store, clock, events } = this.#parts;
    if (rows.length === 0) return;
    const seqs = lost.map(({ seq }) => seq);
    const gap = {
      gap_id: newId(),
      ts: timestamp(clock),
      sink: sink.name,
      from_seq: Math.min(...seqs),
      to_seq: Math.max(...seqs),
      records: lost.length,
      reason: 'refused',
    } as const;
    const ids = JSON.stringify(rows.map(({ id }) => id));
    await store.write(lost.length === 0 ? [] : [{ kind: 'export_gap', record: gap }], [['dropOutbox', ids]]);
    if (lost.length > 0) events.refused(lost.length);
  }

  #eventOf({ seq, dedup_key, payload }: OutboxRow): SinkEvent | null {
    if (payload !== null) {
      const record = JSON.parse(payload) as Record<string, unknown>;
      return { dedupKey: dedup_key, item: { subject: 'checkpoints', seq, record } };
    }
    const [row] = this.#parts.store.records({ kinds: RECORD_KINDS, after: seq - 1, upTo: seq, limit: 1 });
    const item = row === undefined ? null : itemOf(row);
    return item === null ? null : { dedupKey: dedup_key, item };
  }
}

/** The same for the same events: a receiver that saw it knows the second delivery. */
function deliveryId(events: readonly SinkEvent[]): string {
  const hash = createHash('sha256');
  for (const { dedupKey } of events) hash.update(`${dedupKey}\n`);
  return `msg_${hash.digest('hex').slice(0, 32)}`;
}
