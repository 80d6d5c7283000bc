/**
 * The words of exchanges, in tables of FTS5 by stretches of the chain. Nothing but the index of words is kept: texts stay
 * in the ledger. To erase is to make the whole part anew with what the ledger still holds, and to drop the old one, whose
 * pages SQLite overwrites then: deleting single words would leave copies of them in the free space of pages. Until the new
 * one is full, searches ask the old one and pass over what was erased. A search asks part by part, newest first, and stops
 * when it has enough.
 */

import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Positions of a part: some ten thousand exchanges, filled anew in about two seconds. */
const PART_SEQS = 1 << 15;

/** @param openedSeq position of the opening of an exchange */
export function partOf(openedSeq: number): number {
  return Math.floor(openedSeq / PART_SEQS);
}

/** Positions of a part: first and last. */
export function rangeOf(part: number): readonly [number, number] {
  return [part * PART_SEQS, (part + 1) * PART_SEQS - 1];
}

/** Name of the table of a part: made of a number, never of what anybody gives. */
export function tableOf(part: number): string {
  return `words_${Math.trunc(part)}`;
}

/** The same part while it is made anew. */
function anewOf(part: number): string {
  return `anew_${Math.trunc(part)}`;
}

export const TOKENIZER = "tokenize = 'unicode61 remove_diacritics 2'";

export class WordParts {
  readonly #db: DatabaseSync;
  readonly #inserts = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Within the transaction of the caller. @param words text by the position of the opening */
  write(words: ReadonlyMap<number, string>, erased: ReadonlySet<number>): void {
    for (const part of erased) this.#renew(part);
    // In their order: FTS5 writes out what it has collected whenever a position goes back.
    for (const seq of [...words.keys()].sort((a, b) => a - b)) this.#insert(seq, words.get(seq) ?? '');
  }

  /** Next part that is to be filled, with the position after which it goes on; null when all are full. */
  unfilled(): { readonly part: number; readonly filled: number } | null {
    const row = this.#db.prepare('SELECT part, filled FROM parts WHERE filled IS NOT NULL ORDER BY part DESC').get();
    return (row ?? null) as { part: number; filled: number } | null;
  }

  /** @param filled position up to which it is full now, null when that is all */
  fill(part: number, words: ReadonlyMap<number, string>, filled: number | null): void {
    for (const [seq, text] of words) this.#insertInto(anewOf(part), seq, text);
    this.#db.prepare('UPDATE parts SET filled = ? WHERE part = ?').run(filled, part);
    if (filled !== null) return;
    this.#inserts.clear();
    this.#db.exec(`DROP TABLE ${tableOf(part)}; ALTER TABLE ${anewOf(part)} RENAME TO ${tableOf(part)}`);
  }

  #insert(seq: number, text: string): void {
    const part = partOf(seq);
    const row = this.#db.prepare('SELECT filled FROM parts WHERE part = ?').get(part);
    if (row === undefined) {
      this.#create(tableOf(part));
      this.#db.prepare('INSERT INTO parts VALUES (?, NULL)').run(part);
    }
    this.#insertInto(tableOf(part), seq, text);
    const filled = (row?.filled ?? null) as number | null;
    // Where a part is being filled it will come to what is behind, too.
    if (filled !== null && seq <= filled) this.#insertInto(anewOf(part), seq, text);
  }

  #insertInto(table: string, seq: number, text: string): void {
    let insert = this.#inserts.get(table);
    if (insert === undefined) {
      // Work is at the end of the chain, or in one part: two tables while it is made anew.
      if (this.#inserts.size > 1) this.#inserts.clear();
      insert = this.#db.prepare(`INSERT INTO ${table} (rowid, text) VALUES (?, ?)`);
      this.#inserts.set(table, insert);
    }
    insert.run(seq, text);
  }

  /** From the beginning, also when that was under way: what was erased may be in it. */
  #renew(part: number): void {
    this.#inserts.clear();
    const known = this.#db.prepare('UPDATE parts SET filled = ? WHERE part = ?').run(rangeOf(part)[0] - 1, part);
    if (known.changes === 0) return;
    this.#db.exec(`DROP TABLE IF EXISTS ${anewOf(part)}`);
    this.#create(anewOf(part));
  }

  #create(table: string): void {
    this.#db.exec(`CREATE VIRTUAL TABLE ${table} USING fts5 (text, content = '', columnsize = 0, ${TOKENIZER})`);
  }
}
