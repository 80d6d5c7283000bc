/** The ledger, read-only, from its file: works while the judge proxy runs, and after it. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { chainHead } from './chain-head.ts';
import { costs } from './costs.ts';
import { type ErasablePage, type ErasableQuestion, erasable, erasuresUnderWay } from './erasable.ts';
import type { LedgerReader } from './ledger.ts';
import * as queries from './queries.ts';
import { ledgerFile, openForReading } from './sqlite-file.ts';
import { READS, type ReadName, type Value } from './tables/statements-of-tables.ts';

/**
 * @param url `sqlite:PATH`
 * @throws {LedgerError} with file, cause and remedy
 */
export function openReader(url: string): LedgerReader & ErasureReader {
  return new SqliteReader(openForReading(ledgerFile(url)));
}

/** What erasures ask. */
export interface ErasureReader {
  erasable(question: ErasableQuestion): Promise<ErasablePage>;
  erasuresUnderWay(): Promise<readonly string[]>;
}

class SqliteReader implements LedgerReader, ErasureReader {
  readonly #db: DatabaseSync;
  readonly #reads = new Map<ReadName, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  async verdicts(filter: Parameters<LedgerReader['verdicts']>[0]) {
    return queries.verdicts(this.#db, filter);
  }

  async unjudged(filter: Parameters<LedgerReader['unjudged']>[0]) {
    return queries.unjudged(this.#db, filter);
  }

  async exchange(id: string) {
    return queries.exchange(this.#db, id);
  }

  async connections(filter: Parameters<LedgerReader['connections']>[0]) {
    return queries.connections(this.#db, filter);
  }

  async stats() {
    return queries.stats(this.#db);
  }

  async earlier(link: Parameters<LedgerReader['earlier']>[0]) {
    return queries.earlier(this.#db, link);
  }

  async spending(sinceTs: string) {
    return queries.spending(this.#db, sinceTs);
  }

  async costs(filter: Parameters<LedgerReader['costs']>[0]) {
    return costs(this.#db, filter);
  }

  /** Each question is a transaction of its own: it sees what was committed before it was asked. */
  async rows<T>(read: ReadName, ...values: readonly Value[]): Promise<readonly T[]> {
    let statement = this.#reads.get(read);
    if (statement === undefined) {
      statement = this.#db.prepare(READS[read]);
      this.#reads.set(read, statement);
    }
    return statement.all(...values).map((row) => ({ ...row })) as unknown as readonly T[];
  }

  async sealed(exchangeId: string) {
    return queries.sealed(this.#db, exchangeId);
  }

  async erasable(question: ErasableQuestion) {
    return erasable(this.#db, question);
  }

  async erasuresUnderWay() {
    return erasuresUnderWay(this.#db);
  }

  async head(seq?: number) {
    return chainHead(this.#db, seq);
  }

  async close() {
    if (this.#db.isOpen) this.#db.close();
  }
}
