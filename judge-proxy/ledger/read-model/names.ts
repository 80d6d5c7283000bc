/** Ids of names, as the index is written. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Names kept at hand; clients choose hosts and models, so there may be any number of them. */
const MOST_KNOWN = 10_000;

export class Names {
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #known = new Map<string, number>();

  constructor(db: DatabaseSync) {
    this.#find = db.prepare('SELECT id FROM names WHERE name = ?');
    this.#insert = db.prepare('INSERT INTO names (name) VALUES (?)');
  }

  /** 0 for null. */
  readonly idOf = (name: string | null): number => {
    if (name === null) return 0;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const id = (this.#find.get(name)?.id as number | undefined) ?? Number(this.#insert.run(name).lastInsertRowid);
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(name, id);
    return id;
  };

  /** Ids may be gone: the transaction was rolled back, or names were removed. */
  forget(): void {
    this.#known.clear();
  }
}
