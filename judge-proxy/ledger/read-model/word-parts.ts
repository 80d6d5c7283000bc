/**
 * The words of exchanges, in tables of FTS5 by stretches of the chain. Nothing but the index of words is kept: texts stay
 * in the ledger. To erase is to drop the whole part, whose pages SQLite overwrites then, and to fill it anew with what the
 * ledger still holds: deleting single words would leave copies of them in the free space of pages. A search asks part by
 * part, newest first, and stops when it has enough.
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

export const TOKENIZER = "tokenize = 'unicode61 remove_diacritics 2'";

export class WordParts {
  readonly #db: DatabaseSync;
  readonly #inserts = new Map<number, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Within the transaction of the caller. @param words text by the position of the opening */
  write(words: ReadonlyMap<number, string>, erased: ReadonlySet<number>): void {
    for (const part of erased) this.#empty(part);
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
    for (const [seq, text] of words) this.#insertInto(part, seq, text);
    this.#db.prepare('UPDATE parts SET filled = ? WHERE part = ?').run(filled, part);
  }

  #insert(seq: number, text: string): void {
    const part = partOf(seq);
    const row = this.#db.prepare('SELECT filled FROM parts WHERE part = ?').get(part);
    if (row === undefined) this.#create(part, null);
    const filled = (row?.filled ?? null) as number | null;
    // Where a part is being filled it will come to this exchange, too.
    if (filled === null || seq <= filled) this.#insertInto(part, seq, text);
  }

  #insertInto(part: number, seq: number, text: string): void {
    let insert = this.#inserts.get(part);
    if (insert === undefined) {
      // Work is at the end of the chain, or in one part.
      this.#inserts.clear();
      insert = this.#db.prepare(`INSERT INTO ${tableOf(part)} (rowid, text) VALUES (?, ?)`);
      this.#inserts.set(part, insert);
    }
    insert.run(seq, text);
  }

  #empty(part: number): void {
    this.#inserts.clear();
    const known = this.#db.prepare('SELECT 1 FROM parts WHERE part = ?').get(part);
    if (known === undefined) return;
    this.#db.exec(`DROP TABLE ${tableOf(part)}`);
    this.#db.prepare('DELETE FROM parts WHERE part = ?').run(part);
    this.#create(part, rangeOf(part)[0] - 1);
  }

  #create(part: number, filled: number | null): void {
    this.#db.exec(
      `CREATE VIRTUAL TABLE ${tableOf(part)} USING fts5 (text, content = '', columnsize = 0, ${TOKENIZER})`,
    );
    this.#db.prepare('INSERT INTO parts VALUES (?, ?)').run(part, filled);
  }
}
