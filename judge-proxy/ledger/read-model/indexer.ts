/** Brings the index up to the ledger, page by page, each one transaction with its position. Runs in a thread of its own. */

import type { DatabaseSync } from 'node:sqlite';
import { GENESIS } from '../chain.ts';
import { causeOf, LedgerError } from '../ledger-error.ts';
import { applyRecord } from './apply.ts';
import { fillPart } from './fill-part.ts';
import type { LedgerSource, SourceRecord } from './ledger-source.ts';
import { createIndex, INDEX_VERSION, openIndex, readMeta, removeIndex } from './schema.ts';
import { Store } from './store.ts';

/** Records of a page: a transaction of some hundred milliseconds. */
const PAGE_RECORDS = 3_000;

export interface Step {
  readonly position: number;
  /** Positions of the openings of exchanges that are new or have changed, in their order. */
  readonly changed: readonly number[];
  /** Records that could not be read: the ledger was changed behind the chain. */
  readonly unreadable: number;
  /** There may be more. */
  readonly more: boolean;
}

/** Why an index was made anew. */
export type Renewal = 'missing' | 'version' | 'ledger' | 'history' | 'damaged';

export class Indexer {
  readonly #source: LedgerSource;
  readonly #db: DatabaseSync;
  readonly #store: Store;
  readonly #pageRecords: number;
  #position: number;
  /** At first, too: a process that was killed may have left something in the log. */
  #mustTruncate = true;
  #mustDropNames = false;

  private constructor(db: DatabaseSync, source: LedgerSource, position: number, pageRecords: number) {
    this.#db = db;
    this.#source = source;
    this.#position = position;
    this.#pageRecords = pageRecords;
    this.#store = new Store(db);
  }

  /**
   * Opens the index, or makes it anew when what is there cannot be used. Nobody else may have it open.
   * @param pageRecords tests take small ones
   * @throws what SQLite throws: a full disk, no permission
   */
  static open(
    file: string,
    source: LedgerSource,
    pageRecords = PAGE_RECORDS,
  ): { readonly indexer: Indexer; readonly renewed: Renewal | null } {
    const known = openKnown(file, source);
    if (typeof known !== 'string') {
      return { indexer: new Indexer(known.db, source, known.position, pageRecords), renewed: null };
    }
    removeIndex(file);
    const db = openIndex(file);
    try {
      createIndex(db, source.ledgerId(), GENESIS);
      return { indexer: new Indexer(db, source, 0, pageRecords), renewed: known };
    } catch (error) {
      db.close();
      throw error;
    }
  }

  get position(): number {
    return this.#position;
  }

  /** Takes one page. @throws what SQLite throws; nothing of the page is in the index then */
  step(): Step {
    const records = this.#source.page(this.#position, this.#pageRecords);
    const last = records.at(-1);
    if (last === undefined) {
      const more = this.#fill();
      this.#truncate();
      return { position: this.#position, changed: [], unreadable: 0, more };
    }
    const taken = this.#take(records, last);
    this.#position = last.seq;
    this.#truncate();
    return { position: last.seq, ...taken, more: true };
  }

  #take(records: readonly SourceRecord[], last: SourceRecord): Pick<Step, 'changed' | 'unreadable'> {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      let unreadable = 0;
      for (const record of records) if (!this.#apply(record)) unreadable += 1;
      const changed = this.#store.flush();
      if (this.#mustDropNames) this.#store.dropUnusedNames();
      this.#mustDropNames = false;
      this.#db.prepare('UPDATE meta SET position = ?, hash = ?').run(last.seq, last.hash);
      this.#db.exec('COMMIT');
      return { changed, unreadable };
    } catch (error) {
      this.#store.forget();
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** A part of the words with something erased is made anew of what the ledger still holds. @returns whether there was any */
  #fill(): boolean {
    const next = this.#store.wordParts.unfilled();
    if (next === null) return false;
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      fillPart(this.#store, this.#source, next);
      this.#db.exec('COMMIT');
      this.#mustTruncate = true;
      return true;
    } catch (error) {
      this.#store.forget();
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #apply(record: SourceRecord): boolean {
    try {
      const erased = applyRecord(this.#store, this.#source, record);
      if (erased !== null) this.#mustTruncate = true;
      if (erased === 'metadata') this.#mustDropNames = true;
      return true;
    } catch (error) {
      if (causeOf(error) !== null) throw error;
      return false;
    }
  }

  /** Erased words stand in the log until it begins anew. A reader under way may delay it: the next step tries again. */
  #truncate(): void {
    if (!this.#mustTruncate) return;
    const { busy } = this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number };
    this.#mustTruncate = busy !== 0;
  }

  /** Something is left to be done although the ledger rests. */
  get pending(): boolean {
    return this.#mustTruncate;
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }
}

/** What is there, when it is an index of this ledger as it is now; else why not. */
function openKnown(file: string, source: LedgerSource): { db: DatabaseSync; position: number } | Renewal {
  const db = openOrNull(file);
  if (db === null) return 'damaged';
  let usable: Renewal | number = 'damaged';
  try {
    usable = positionOf(db, source);
  } catch (error) {
    if (!isDamage(error)) throw error;
  } finally {
    if (typeof usable !== 'number') db.close();
  }
  return typeof usable === 'number' ? { db, position: usable } : usable;
}

function openOrNull(file: string): DatabaseSync | null {
  try {
    return openIndex(file);
  } catch (error) {
    if (isDamage(error)) return null;
    throw error;
  }
}

function positionOf(db: DatabaseSync, source: LedgerSource): Renewal | number {
  const meta = readMeta(db);
  if (meta === null) return 'missing';
  if (meta.version !== INDEX_VERSION) return 'version';
  if (meta.position === 0) return meta.ledger_id === source.ledgerId() ? 0 : 'ledger';
  const place = source.head(meta.position);
  if (place === null) return meta.ledger_id === source.ledgerId() ? 'history' : 'ledger';
  if (place.ledger_id !== meta.ledger_id) return 'ledger';
  return place.hash === meta.hash ? meta.position : 'history';
}

/** The file of the index is no database, or is no longer one. */
export function isDamage(error: unknown): boolean {
  if (error instanceof LedgerError) return false;
  const cause = causeOf(error);
  return cause === 'corrupt' || cause === 'not_a_ledger';
}
