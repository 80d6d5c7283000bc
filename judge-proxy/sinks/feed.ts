/**
 * Follows the ledger for one sink: what it wants is queued in the outbox, in the transaction that moves the cursor. The
 * ledger itself is the queue before the outbox, so that nothing is lost by a crash; a sink that is dead for long is what
 * the bound is for.
 */

import type { SinkConfig } from '../config/sinks.ts';
import type { RecordKind } from '../ledger/chain.ts';
import type { Change } from '../ledger/tables/statements-of-tables.ts';
import { type Clock, newId, timestamp } from '../telemetry/clock.ts';
import { dedupKey, isWanted, itemOf, kindsFor } from './event.ts';
import type { SinkStore } from './store.ts';

/** Records read at one time. Past the bound so many are skipped at one time, with one record of the gap. */
export const PAGE = 500;

/** Records that nobody wants, after which the cursor is stored all the same: what a restart reads again. */
const CURSOR_EVERY = 5_000;

export interface FeedEvents {
  /** So many events are not delivered and never will be. */
  skipped(count: number): void;
}

export class Feed {
  readonly #sink: SinkConfig;
  readonly #kinds: readonly RecordKind[];
  readonly #store: SinkStore;
  readonly #clock: Clock;
  readonly #events: FeedEvents;
  #position: number;
  /** The cursor as the ledger has it, null for a sink that is new: it begins with what comes from now on. */
  #stored: number | null;

  constructor(sink: SinkConfig, store: SinkStore, clock: Clock, events: FeedEvents) {
    this.#sink = sink;
    this.#kinds = kindsFor(sink.events);
    this.#store = store;
    this.#clock = clock;
    this.#events = events;
    this.#stored = store.cursor(this.#cursorName);
    this.#position = this.#stored ?? store.head()?.seq ?? 0;
  }

  /** Up to which record the ledger was read. */
  get position(): number {
    return this.#position;
  }

  /**
   * Queues what is new, a page of it.
   * @returns true when there is more to be read at once
   */
  async step(): Promise<boolean> {
    const head = this.#store.head();
    if (head === null) return false;
    const after = this.#position;
    // Stored at once, so that what comes while the program is down is not missed.
    if (this.#stored === null) await this.#store.write([], [this.#cursorAt(after)]);
    this.#stored ??= after;
    if (head.seq <= after) return false;
    const rows =
      this.#kinds.length === 0 ? [] : this.#store.records({ kinds: this.#kinds, after, upTo: head.seq, limit: PAGE });
    const wanted = rows.flatMap((row) => {
      const item = itemOf(row);
      return item !== null && isWanted(item, this.#sink) ? [row.seq] : [];
    });
    const isFull = rows.length === PAGE;
    const reached = (isFull ? rows.at(-1)?.seq : undefined) ?? head.seq;
    const room = Math.max(0, this.#sink.bound - this.#store.waiting(this.#sink.name).count);
    if (wanted.length > room) return await this.#overflow(head.ledger_id, wanted, room, isFull, reached);
    if (wanted.length > 0 || reached - this.#stored >= CURSOR_EVERY) await this.#queue(head.ledger_id, wanted, reached);
    this.#position = reached;
    return isFull;
  }

  /** More than may wait. What fits is queued; the rest stays in the ledger until it fills a page, which is skipped then. */
  async #overflow(
    ledgerId: string,
    wanted: readonly number[],
    room: number,
    isFull: boolean,
    reached: number,
  ): Promise<boolean> {
    const fitting = wanted.slice(0, room);
    const last = fitting.at(-1);
    if (last !== undefined) {
      await this.#queue(ledgerId, fitting, last);
      this.#position = last;
      return isFull;
    }
    if (!isFull) return false;
    const gap = {
      gap_id: newId(),
      ts: timestamp(this.#clock),
      sink: this.#sink.name,
      from_seq: wanted[0] ?? reached,
      to_seq: wanted.at(-1) ?? reached,
      records: wanted.length,
      reason: 'bound',
    } as const;
    await this.#store.write([{ kind: 'export_gap', record: gap }], [this.#cursorAt(reached)]);
    this.#position = reached;
    this.#stored = reached;
    this.#events.skipped(wanted.length);
    return true;
  }

  async #queue(ledgerId: string, seqs: readonly number[], reached: number): Promise<void> {
    const now = this.#clock.now();
    const queued = seqs.map(
      (seq): Change => ['queueOutbox', this.#sink.name, seq, dedupKey(ledgerId, 'record', seq), now, null],
    );
    await this.#store.write([], [...queued, this.#cursorAt(reached)]);
    this.#stored = reached;
  }

  #cursorAt(seq: number): Change {
    return ['setCursor', this.#cursorName, seq];
  }

  get #cursorName(): string {
    return `sink:${this.#sink.name}`;
  }
}
