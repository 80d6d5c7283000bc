/** Text around what was found, made of what the ledger holds, with FTS5's own eyes: a table in memory tells the hits. */

import { DatabaseSync } from 'node:sqlite';
import type { IndexDb } from './index-db.ts';
import type { LedgerSource } from './ledger-source.ts';
import type { Snippet } from './rows.ts';
import { snippetOf } from './search-words.ts';
import { HIT_END, HIT_START, keptWords } from './transcript-words.ts';
import { TOKENIZER } from './word-parts.ts';

/** Words of a snippet; FTS5 takes up to 64. */
const WORDS = 32;

/** @returns by the position of the opening; none where the text was erased meanwhile */
export function snippetsOf(
  db: IndexDb,
  source: LedgerSource,
  match: string,
  seqs: readonly number[],
): ReadonlyMap<number, Snippet> {
  const memory = new DatabaseSync(':memory:');
  try {
    memory.exec(`CREATE VIRTUAL TABLE words USING fts5 (text, columnsize = 0, ${TOKENIZER})`);
    const insert = memory.prepare('INSERT INTO words (rowid, text) VALUES (?, ?)');
    for (const seq of seqs) {
      const content = contentOf(db, source, seq);
      if (content !== null) insert.run(seq, keptWords(content).text);
    }
    const rows = memory
      .prepare(`SELECT rowid AS seq, snippet(words, 0, ?, ?, '…', ${WORDS}) AS marked FROM words WHERE words MATCH ?`)
      .all(HIT_START, HIT_END, match);
    return new Map(rows.map(({ seq, marked }) => [Number(seq), snippetOf(String(marked))]));
  } finally {
    memory.close();
  }
}

function contentOf(db: IndexDb, source: LedgerSource, seq: number): string | null {
  const places = db.get<{ completed_seq: number | null; request_seq: number | null }>(
    'SELECT completed_seq, request_seq FROM exchanges WHERE seq = ?',
    seq,
  );
  if (places === null || places.completed_seq === null) return null;
  return (
    source.content(places.completed_seq) ?? (places.request_seq === null ? null : source.content(places.request_seq))
  );
}
