/** The index as it is read: fixed statements, each prepared once. Values are bound, and no SQL is made of what users give. */

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

/** Statements kept prepared: filters combine, so that there may be many. */
const MOST_PREPARED = 500;

export class IndexDb {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  all<T>(sql: string, ...values: readonly SQLInputValue[]): T[] {
    return this.#statement(sql).all(...values) as T[];
  }

  get<T>(sql: string, ...values: readonly SQLInputValue[]): T | null {
    return (this.#statement(sql).get(...values) ?? null) as T | null;
  }

  iterate<T>(sql: string, ...values: readonly SQLInputValue[]): Iterable<T> {
    return this.#statement(sql).iterate(...values) as Iterable<T>;
  }

  /** Answers that belong together are given from one state. */
  atOnce<T>(ask: () => T): T {
    this.#db.exec('BEGIN');
    try {
      return ask();
    } finally {
      if (this.#db.isTransaction) this.#db.exec('COMMIT');
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      if (this.#prepared.size >= MOST_PREPARED) this.#prepared.clear();
      statement = this.#db.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  /** Id of a name, null when nothing has it. */
  nameId(name: string): number | null {
    return this.get<{ id: number }>('SELECT id FROM names WHERE name = ?', name.toWellFormed())?.id ?? null;
  }

  /** How many exchanges have a value. */
  count(field: number, value: number): number {
    return this.get<{ n: number }>('SELECT n FROM counts WHERE field = ? AND value = ?', field, value)?.n ?? 0;
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }
}
