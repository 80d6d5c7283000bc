/** The list of exchanges: newest first, by any filters together, with or without words. */

import type { SQLInputValue } from 'node:sqlite';
import { codeOf, ERASED_TIERS } from './columns.ts';
import { cursorOf, placeOf, rowLimit } from './cursor.ts';
import { type Condition, type Conditions, conditionsOf } from './exchange-filter.ts';
import { rowsBySeq } from './exchange-rows.ts';
import type { IndexDb } from './index-db.ts';
import type { LedgerSource } from './ledger-source.ts';
import type { ExchangeFilter, FoundExchange, Page, PageRequest } from './rows.ts';
import { matchOf } from './search-words.ts';
import { snippetsOf } from './snippets.ts';
import { partOf, rangeOf, tableOf } from './word-parts.ts';

/** When which way of finding is taken. All of them find the same. */
export interface Ways {
  /** An index is taken at once when it leaves out all but one part in so many; else reading from the newest on is tried. */
  readonly indexPart: number;
  /** The same for one that gives no order: what it finds is sorted first. */
  readonly rangePart: number;
  /** Positions that are read from the newest on before an index is taken that leaves out less. */
  readonly tried: number;
  /** Parts of the words that are searched before it is asked how many exchanges fit the filter at all. */
  readonly parts: number;
  /** So few are asked for the words one by one. */
  readonly few: number;
}

const WAYS: Ways = { indexPart: 4, rangePart: 32, tried: 100_000, parts: 4, few: 2_000 };

export function exchangeList(
  db: IndexDb,
  source: LedgerSource,
  filter: ExchangeFilter,
  page: PageRequest,
  ways: Ways = WAYS,
): Page<FoundExchange> {
  const before = placeOf<readonly [number]>(page.cursor, ['number'])?.[0] ?? Number.MAX_SAFE_INTEGER;
  const limit = rowLimit(page.limit);
  const match = filter.q === undefined ? undefined : matchOf(filter.q);
  const conditions = match === null ? null : conditionsOf(db, filter);
  if (conditions === null) return { items: [], next: null };
  const range = { ...conditions, to: Math.min(conditions.to, before - 1) };
  const seqs =
    match === undefined ? fitting(db, range, limit + 1, ways) : found(db, match ?? '', range, limit + 1, ways);
  const shown = seqs.slice(0, limit);
  const snippets = match === undefined ? null : snippetsOf(db, source, match ?? '', shown);
  const rows = rowsBySeq(db, source, shown);
  return {
    // What the ledger has erased is not found by its words, also when the index does not know yet.
    items: rows
      .filter(({ opened_seq }) => snippets?.has(opened_seq) ?? true)
      .map((row) => ({ ...row, snippet: snippets?.get(row.opened_seq) ?? null })),
    next: seqs.length > limit ? cursorOf([shown.at(-1) ?? 0]) : null,
  };
}

/** Positions that fit, newest first. */
function fitting(db: IndexDb, conditions: Conditions, limit: number, ways: Ways): number[] {
  const best = rarest(conditions, ways);
  if (best !== null) return by(db, best, conditions, limit);
  const newest = Math.min(conditions.to, conditions.last) - ways.tried;
  if (newest <= conditions.from) return by(db, null, conditions, limit);
  const seqs = by(db, null, { ...conditions, from: newest + 1 }, limit);
  if (seqs.length === limit) return seqs;
  // What is frequent by itself is rare together, or was long ago.
  const rest = { ...conditions, to: newest };
  return [...seqs, ...by(db, rarest(conditions, EAGER), rest, limit - seqs.length)];
}

/** Where reading on from the newest promises nothing, any index is better that leaves out half. */
const EAGER = { indexPart: 2, rangePart: 2 };

function by(db: IndexDb, condition: Condition | null, { all, from, to }: Conditions, limit: number): number[] {
  const where = all.map(({ sql }) => ` AND ${sql}`).join('');
  const values = all.flatMap((each) => each.values);
  if (condition?.found?.by === 'reasons') {
    const sql = `
      SELECT r.seq FROM reasons r CROSS JOIN facts f ON f.seq = r.seq
      WHERE r.reason = ? AND r.seq BETWEEN ? AND ?${where} ORDER BY r.seq DESC LIMIT ?`;
    return seqsOf(db, sql, 31 - Math.clz32(Number(condition.values[0])), from, to, ...values, limit);
  }
  const how = condition?.found == null ? 'NOT INDEXED' : `INDEXED BY ${condition.found.index}`;
  const sql = `SELECT f.seq FROM facts f ${how} WHERE f.seq BETWEEN ? AND ?${where} ORDER BY f.seq DESC LIMIT ?`;
  return seqsOf(db, sql, from, to, ...values, limit);
}

function seqsOf(db: IndexDb, sql: string, ...values: readonly SQLInputValue[]): number[] {
  return db.all<{ seq: number }>(sql, ...values).map(({ seq }) => seq);
}

/** The condition to begin with; null when none is rare. */
function rarest({ all, exchanges }: Conditions, ways: Pick<Ways, 'indexPart' | 'rangePart'>): Condition | null {
  let best: Condition | null = null;
  for (const condition of all) {
    if (condition.found === null) continue;
    const part = condition.found.by === 'range' ? ways.rangePart : ways.indexPart;
    if (condition.fitting * part > exchanges) continue;
    if (best === null || condition.fitting < best.fitting) best = condition;
  }
  return best;
}

/**
 * Positions that have the words and fit. Matches come newest first, so a frequent word fills a page soon; when they do not
 * fit, and few fit at all, it is those that are asked for the words.
 */
function found(db: IndexDb, match: string, conditions: Conditions, limit: number, ways: Ways): number[] {
  const seqs: number[] = [];
  let asked = 0;
  for (const { part, anew } of partsOf(db, conditions)) {
    const want = limit - seqs.length;
    if (asked === ways.parts && conditions.all.length > 0) {
      const rest = { ...conditions, to: Math.min(conditions.to, rangeOf(part)[1]) };
      const some = fitting(db, rest, ways.few + 1, ways);
      if (some.length <= ways.few) return [...seqs, ...withWords(db, match, some, want)];
    }
    for (const seq of matches(db, match, part, anew ? withoutErased(conditions) : conditions, want)) seqs.push(seq);
    if (seqs.length >= limit) break;
    asked += 1;
  }
  return seqs;
}

/** Newest first. `anew`: it is being made anew, and the old one holds words of what was erased. */
function partsOf(db: IndexDb, { from, to }: Conditions): { readonly part: number; readonly anew: number }[] {
  const sql = 'SELECT part, filled IS NOT NULL AS anew FROM parts WHERE part BETWEEN ? AND ? ORDER BY part DESC';
  return db.all(sql, partOf(from), partOf(to));
}

const NOT_ERASED = `f.erased < ${codeOf(ERASED_TIERS, 'text')}`;

/** What is gone as a whole has no row of facts any more. */
function withoutErased(conditions: Conditions): Conditions {
  const notErased = { sql: NOT_ERASED, values: [], fitting: conditions.exchanges, found: null };
  return { ...conditions, all: [...conditions.all, notErased] };
}

function matches(db: IndexDb, match: string, part: number, { all, from, to }: Conditions, limit: number): number[] {
  const table = tableOf(part);
  const facts = all.length === 0 ? '' : `CROSS JOIN facts f NOT INDEXED ON f.seq = w.rowid`;
  const where = all.map(({ sql }) => ` AND ${sql}`).join('');
  const sql = `
    SELECT w.rowid AS seq FROM ${table} w ${facts}
    WHERE w.${table} MATCH ? AND w.rowid BETWEEN ? AND ?${where} ORDER BY w.rowid DESC LIMIT ?`;
  return seqsOf(db, sql, match, from, to, ...all.flatMap((condition) => condition.values), limit);
}

function withWords(db: IndexDb, match: string, some: readonly number[], limit: number): number[] {
  const seqs: number[] = [];
  for (const seq of some) {
    if (seqs.length === limit) break;
    if (hasWords(db, match, seq)) seqs.push(seq);
  }
  return seqs;
}

function hasWords(db: IndexDb, match: string, seq: number): boolean {
  const part = partOf(seq);
  const known = db.get<{ anew: number }>('SELECT filled IS NOT NULL AS anew FROM parts WHERE part = ?', part);
  if (known === null) return false;
  if (known.anew && db.get(`SELECT 1 FROM facts f WHERE f.seq = ? AND ${NOT_ERASED}`, seq) === null) return false;
  const table = tableOf(part);
  // Not `rowid = ?`: FTS5 of SQLite 3.53.4 does not look at it then, and every match is one.
  return db.get(`SELECT 1 FROM ${table} WHERE ${table} MATCH ? AND rowid BETWEEN ? AND ?`, match, seq, seq) !== null;
}
