/**
 * The records in their order, page by page, read-only: for whoever takes all of them. Each page is a transaction of its
 * own, so that a reader that is slow keeps no old state of the database alive; records never
 * change, and of those that were erased the place stays, so pages fit.
 */

import type { DatabaseSync } from 'node:sqlite';
import type { RecordKind } from './chain.ts';
import { chainHead } from './chain-head.ts';
import type { ChainHead } from './ledger.ts';
import { causeOf, LedgerError } from './ledger-error.ts';
import { ledgerFile, openForReading } from './sqlite-file.ts';

/** One record with those of its exchange; bodies are the JSON that is stored. */
export interface RecordRow {
  readonly seq: number;
  readonly kind: RecordKind;
  /** null when it was erased. */
  readonly body: string | null;
  /** Words that stand beside a verdict (verdict-words.ts) or a label, null when there are none (any more). */
  readonly text: string | null;
  readonly prev_hash: string;
  readonly hash: string;
  readonly opened_seq: number | null;
  /** What opened the exchange of a completed record or a verdict, else null. */
  readonly opened: string | null;
  /** What completed the exchange of a verdict, null when nothing has. */
  readonly completed: string | null;
}

export interface PageRequest {
  readonly kinds: readonly RecordKind[];
  /** Positions: after this one, up to and with that one. */
  readonly after: number;
  readonly upTo: number;
  readonly limit: number;
}

export interface RecordPages {
  page(request: PageRequest): readonly RecordRow[];
  head(seq?: number): ChainHead | null;
  close(): void;
}

/**
 * @param url `sqlite:PATH`
 * @throws {LedgerError} with file, cause and remedy, also from the pages
 */
export function openRecordPages(url: string): RecordPages {
  const file = ledgerFile(url);
  return new SqlitePages(openForReading(file), file);
}

class SqlitePages implements RecordPages {
  readonly #db: DatabaseSync;
  readonly #file: string;

  constructor(db: DatabaseSync, file: string) {
    this.#db = db;
    this.#file = file;
  }

  page({ kinds, after, upTo, limit }: PageRequest): readonly RecordRow[] {
    return this.#asked(() => {
      const places = kinds.map(() => '?').join(', ');
      const rows = this.#db.prepare(pageSql(places)).all(after, upTo, ...kinds, limit);
      return rows as unknown as RecordRow[];
    });
  }

  head(seq?: number): ChainHead | null {
    return this.#asked(() => chainHead(this.#db, seq));
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #asked<T>(question: () => T): T {
    try {
      return question();
    } catch (error) {
      const cause = causeOf(error);
      throw cause === null ? error : new LedgerError(cause, this.#file, { cause: error });
    }
  }
}

/**
 * `+` keeps SQLite on the primary key, whose order is the answer's: pages of a few kinds then cost what they skip. A body
 * that is no JSON any more is for the reader to tell: SQLite would end the whole page.
 */
function pageSql(places: string): string {
  return `
    SELECT r.seq, r.kind, r.body, t.json AS text, r.prev_hash, r.hash, o.seq AS opened_seq, o.body AS opened, c.body AS completed
    FROM records r
    LEFT JOIN texts t ON t.seq = r.seq
    LEFT JOIN exchanges e ON e.exchange_id = CASE
      WHEN r.kind IN ('verdict', 'exchange_completed') AND json_valid(r.body) THEN json_extract(r.body, '$.exchange_id')
    END
    LEFT JOIN records o ON o.seq = e.opened_seq
    LEFT JOIN records c ON r.kind = 'verdict' AND c.seq = e.completed_seq
    WHERE r.seq > ? AND r.seq <= ? AND +r.kind IN (${places}) ORDER BY r.seq LIMIT ?`;
}
