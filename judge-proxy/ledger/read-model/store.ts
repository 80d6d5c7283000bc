/**
 * The index as it is written: one transaction's changes are collected here and written at its end, so that an exchange
 * that is opened, completed and judged within one batch is one row and not three.
 */

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import {
  COUNT_ALL,
  COUNT_CONNECTION_CLIENT,
  COUNT_CONNECTION_ROUTE,
  COUNT_HUMAN,
  COUNT_REASON,
  COUNTED_COLUMNS,
  type Entry,
  FACT_COLUMNS,
  NAME_COLUMNS,
  PLACE_COLUMNS,
} from './columns.ts';
import { addConnection, addExchange, isNothing, noSums } from './metrics.ts';
import { Names } from './names.ts';
import { NAMES } from './schema.ts';
import { SpanStore } from './spans.ts';
import { partOf, WordParts } from './word-parts.ts';

/** An exchange of this batch: as it was, null when it is new, and as it is now, null when it is gone. */
interface Touched {
  readonly before: Entry | null;
  now: Entry | null;
}

export interface StoredConnection {
  readonly seq: number;
  readonly ts: number;
  readonly client: number;
  readonly route: number;
  readonly refused: number;
}

export class Store {
  readonly names: Names;
  readonly wordParts: WordParts;
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  readonly #spans: SpanStore;
  /** One list for all sums of a moment: exchanges are many. */
  readonly #scratch = noSums();
  #touched = new Map<number, Touched>();
  /** Exchanges that are new in this batch. */
  #opened = new Map<string, number>();
  #words = new Map<number, string>();
  #erasedParts = new Set<number>();
  #counts = new Map<number, Map<number, number>>();
  #hours = new Map<number, { min: number; max: number }>();

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.names = new Names(db);
    this.wordParts = new WordParts(db);
    this.#spans = new SpanStore(db);
  }

  /** Forgets what was not written: the transaction was rolled back. */
  forget(): void {
    this.#begin();
    this.#spans.forget();
    this.names.forget();
  }

  /** A fixed statement, prepared once. */
  sql(text: string): StatementSync {
    let statement = this.#prepared.get(text);
    if (statement === undefined) {
      statement = this.#db.prepare(text);
      this.#prepared.set(text, statement);
    }
    return statement;
  }

  add(entry: Entry): void {
    this.#touched.set(entry.seq, { before: null, now: entry });
    this.#opened.set(entry.exchange_id, entry.seq);
    this.#begins(entry.ts, entry.seq);
  }

  /** The exchange to be changed; null when it is not there. */
  bySeq(seq: number): Entry | null {
    const touched = this.#touched.get(seq);
    if (touched !== undefined) return touched.now;
    const row = this.sql('SELECT * FROM facts JOIN exchanges USING (seq) WHERE seq = ?').get(seq) as Entry | undefined;
    if (row === undefined) return null;
    const before = { ...row };
    const now = { ...row };
    this.#touched.set(seq, { before, now });
    return now;
  }

  byId(exchangeId: string): Entry | null {
    const seq = this.#opened.get(exchangeId) ?? this.#seqOf(exchangeId);
    return seq === null ? null : this.bySeq(seq);
  }

  #seqOf(exchangeId: string): number | null {
    const row = this.sql('SELECT seq FROM exchanges WHERE exchange_id = ?').get(exchangeId);
    return (row?.seq as number | undefined) ?? null;
  }

  /** The record belongs to the exchange. */
  place(seq: number, openedSeq: number): void {
    this.sql('INSERT OR REPLACE INTO places VALUES (?, ?)').run(seq, openedSeq);
  }

  /** Position of the opening of the exchange that a record belongs to. */
  openedSeq(seq: number): number | null {
    const row = this.sql('SELECT opened_seq FROM places WHERE seq = ?').get(seq);
    return (row?.opened_seq as number | undefined) ?? null;
  }

  /** Its words, once it is complete. */
  addWords(entry: Entry, text: string): void {
    if (text !== '') this.#words.set(entry.seq, text);
  }

  /** Its words are not to be found any more. */
  eraseWords(openedSeq: number): void {
    this.#words.delete(openedSeq);
    this.#erasedParts.add(partOf(openedSeq));
  }

  /** Takes an exchange out, and all that belongs to it. */
  remove(seq: number): void {
    const entry = this.bySeq(seq);
    const touched = this.#touched.get(seq);
    if (entry === null || touched === undefined) return;
    touched.now = null;
    this.#opened.delete(entry.exchange_id);
    this.eraseWords(seq);
    const own = this.sql('DELETE FROM places WHERE seq = ?');
    for (const at of [entry.completed_seq, entry.verdict_seq, entry.request_seq]) if (at !== null) own.run(at);
    for (const table of ['labels', 'shadows']) {
      this.sql(`DELETE FROM places WHERE seq IN (SELECT seq FROM ${table} WHERE opened_seq = ?)`).run(seq);
      this.sql(`DELETE FROM ${table} WHERE opened_seq = ?`).run(seq);
    }
  }

  addConnection(connection: StoredConnection): void {
    const { seq, ts, client, route, refused } = connection;
    this.sql('INSERT INTO connections VALUES (?, ?, ?, ?, ?)').run(seq, ts, client, route, refused);
    this.#begins(ts, seq);
    this.#countConnection(connection, 1);
  }

  removeConnection(seq: number): void {
    const row = this.sql('SELECT * FROM connections WHERE seq = ?').get(seq) as StoredConnection | undefined;
    if (row === undefined) return;
    this.sql('DELETE FROM connections WHERE seq = ?').run(seq);
    this.#countConnection(row, -1);
  }

  #countConnection({ ts, client, route, refused }: StoredConnection, times: 1 | -1): void {
    this.#count(COUNT_CONNECTION_CLIENT, client, times);
    this.#count(COUNT_CONNECTION_ROUTE, route, times);
    const sums = noSums();
    addConnection(sums, refused === 1, times);
    this.#spans.add(ts, client, route, sums);
  }

  /** Writes what was collected, within the transaction of the caller. @returns exchanges that changed, in their order */
  flush(): number[] {
    for (const { before, now } of this.#touched.values()) this.#write(before, now);
    this.wordParts.write(this.#words, this.#erasedParts);
    this.#writeCounts();
    this.#spans.flush();
    this.#writeHours();
    const changed = [...this.#touched].filter(([, { now }]) => now !== null).map(([seq]) => seq);
    this.#begin();
    return changed.sort((a, b) => a - b);
  }

  #begin(): void {
    this.#touched = new Map();
    this.#opened = new Map();
    this.#words = new Map();
    this.#erasedParts = new Set();
    this.#counts = new Map();
    this.#hours = new Map();
  }

  #write(before: Entry | null, now: Entry | null): void {
    if (before === null && now !== null) this.#insert(now);
    else if (before !== null && now !== null) this.#update(before, now);
    else if (before !== null) this.#delete(before);
    this.#sum(before, now);
    if (before?.reasons !== now?.reasons) this.#writeReasons(before, now);
  }

  #insert(entry: Entry): void {
    for (const { insert, columns } of TABLES) {
      this.sql(insert).run(entry.seq, ...columns.map((column) => entry[column]));
    }
  }

  /** Only what changed: SQLite writes every index of a column that is named, whether it changes or not. */
  #update(before: Entry, now: Entry): void {
    for (const { table, columns } of TABLES) {
      const changed = columns.filter((column) => before[column] !== now[column]);
      if (changed.length === 0) continue;
      const values: SQLInputValue[] = changed.map((column) => now[column]);
      const set = changed.map((column) => `${column} = ?`).join(', ');
      this.sql(`UPDATE ${table} SET ${set} WHERE seq = ?`).run(...values, now.seq);
    }
  }

  #delete({ seq }: Entry): void {
    for (const { table } of TABLES) this.sql(`DELETE FROM ${table} WHERE seq = ?`).run(seq);
  }

  #sum(before: Entry | null, now: Entry | null): void {
    const of = now ?? before;
    if (of === null || (before === null && now === null)) return;
    const sums = this.#scratch.fill(0);
    if (now !== null) addExchange(sums, now, 1);
    if (before !== null) addExchange(sums, before, -1);
    if (!isNothing(sums)) this.#spans.add(of.ts, of.client, of.route, sums);
    for (const [field, column] of COUNTED_COLUMNS.entries()) this.#moved(field, before?.[column], now?.[column]);
    this.#moved(COUNT_ALL, before === null ? undefined : 0, now === null ? undefined : 0);
    this.#moved(COUNT_HUMAN, before?.human, now?.human);
  }

  #moved(field: number, before: number | undefined, now: number | undefined): void {
    if (before === now) return;
    if (before !== undefined) this.#count(field, before, -1);
    if (now !== undefined) this.#count(field, now, 1);
  }

  #count(field: number, value: number, times: 1 | -1): void {
    let values = this.#counts.get(field);
    if (values === undefined) {
      values = new Map();
      this.#counts.set(field, values);
    }
    values.set(value, (values.get(value) ?? 0) + times);
  }

  #writeReasons(before: Entry | null, now: Entry | null): void {
    const [old, current, seq] = [before?.reasons ?? 0, now?.reasons ?? 0, now?.seq ?? before?.seq ?? 0];
    for (let rest = old ^ current, reason = 0; rest !== 0; rest >>>= 1, reason += 1) {
      if ((rest & 1) === 0) continue;
      const isThere = (current & (1 << reason)) !== 0;
      if (isThere) this.sql('INSERT INTO reasons VALUES (?, ?)').run(reason, seq);
      else this.sql('DELETE FROM reasons WHERE reason = ? AND seq = ?').run(reason, seq);
      this.#count(COUNT_REASON, reason, isThere ? 1 : -1);
    }
  }

  #writeCounts(): void {
    const upsert = this.sql('INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n');
    let isGone = false;
    for (const [field, values] of this.#counts) {
      for (const [value, n] of values) {
        if (n !== 0) upsert.run(field, value, n);
        isGone ||= n < 0;
      }
    }
    if (isGone) this.sql('DELETE FROM counts WHERE n = 0').run();
  }

  #begins(ts: number, seq: number): void {
    const hour = Math.floor(ts / 3_600_000);
    const known = this.#hours.get(hour);
    if (known === undefined) this.#hours.set(hour, { min: seq, max: seq });
    else known.max = seq;
  }

  #writeHours(): void {
    const upsert = this.sql(`
      INSERT INTO hours VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET min_seq = min(min_seq, excluded.min_seq), max_seq = max(max_seq, excluded.max_seq)`);
    for (const [hour, { min, max }] of this.#hours) upsert.run(hour, min, max);
  }

  /**
   * Removes names that nothing has any more: the name of a client may be what had to go. The table is written anew, because
   * SQLite leaves copies of rows that moved in the free space of its pages, and overwrites a page when it is let go.
   */
  dropUnusedNames(): void {
    this.#db.exec(`
      CREATE TEMP TABLE kept AS SELECT id, name FROM names WHERE id IN (
        SELECT value FROM counts WHERE field < ${NAME_COLUMNS}
        UNION SELECT value FROM counts WHERE field IN (${COUNT_CONNECTION_CLIENT}, ${COUNT_CONNECTION_ROUTE}));
      DROP TABLE names;
      ${NAMES}
      INSERT INTO names SELECT id, name FROM kept ORDER BY id;
      DROP TABLE kept;`);
    this.names.forget();
  }
}

const TABLES = [tableWith('facts', FACT_COLUMNS), tableWith('exchanges', PLACE_COLUMNS)];

function tableWith(table: string, columns: readonly (keyof Entry)[]) {
  const places = columns.map(() => '?').join(', ');
  return { table, columns, insert: `INSERT INTO ${table} (seq, ${columns.join(', ')}) VALUES (?, ${places})` };
}
