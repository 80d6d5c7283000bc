/** What sinks read and write of the ledger. They read by connections of their own; writes go to its one writer. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { NewRecord } from '../ledger/acts.ts';
import type { ChainHead } from '../ledger/ledger.ts';
import { openRecordPages, type PageRequest, type RecordRow } from '../ledger/record-pages.ts';
import { ledgerFile, openForReading } from '../ledger/sqlite-file.ts';
import { type Change, READS } from '../ledger/tables/statements-of-tables.ts';
import type { Waiting } from './pace.ts';

/** What waits for a sink. */
export interface OutboxRow {
  readonly id: number;
  readonly seq: number;
  readonly dedup_key: string;
  readonly queued_at: number;
  /** JSON of a checkpoint; null for a record, which is read from the ledger. */
  readonly payload: string | null;
}

export interface SinkStore {
  head(): ChainHead | null;
  records(request: PageRequest): readonly RecordRow[];
  /** How far a follower has read, null when it never has. */
  cursor(name: string): number | null;
  waiting(sink: string): Waiting;
  /** Oldest first. */
  next(sink: string, limit: number): readonly OutboxRow[];
  /** One transaction of the ledger. Rejects when it cannot be written just now. */
  write(records: readonly NewRecord[], changes: readonly Change[]): Promise<void>;
  close(): void;
}

/**
 * @param url `sqlite:PATH` of a ledger that exists
 * @param write sends to the ledger's writer
 */
export function openSinkStore(url: string, write: SinkStore['write']): SinkStore {
  return new SqliteSinkStore(url, write);
}

class SqliteSinkStore implements SinkStore {
  readonly #pages;
  readonly #db: DatabaseSync;
  readonly #cursor: StatementSync;
  readonly #waiting: StatementSync;
  readonly #next: StatementSync;
  readonly write: SinkStore['write'];

  constructor(url: string, write: SinkStore['write']) {
    this.#pages = openRecordPages(url);
    this.#db = openForReading(ledgerFile(url));
    this.#cursor = this.#db.prepare(READS.cursor);
    this.#waiting = this.#db.prepare(READS.outboxWaiting);
    this.#next = this.#db.prepare(READS.outboxNext);
    this.write = write;
  }

  head(): ChainHead | null {
    return this.#pages.head();
  }

  records(request: PageRequest): readonly RecordRow[] {
    return this.#pages.page(request);
  }

  cursor(name: string): number | null {
    const row = this.#cursor.get(name) as { seq: number } | undefined;
    return row?.seq ?? null;
  }

  waiting(sink: string): Waiting {
    const row = this.#waiting.get(sink) as { count: number; oldest: number | null } | undefined;
    return { count: row?.count ?? 0, oldest: row?.oldest ?? 0 };
  }

  next(sink: string, limit: number): readonly OutboxRow[] {
    return this.#next.all(sink, limit) as unknown as readonly OutboxRow[];
  }

  close(): void {
    this.#pages.close();
    this.#db.close();
  }
}
