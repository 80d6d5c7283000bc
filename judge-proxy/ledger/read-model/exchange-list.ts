/** The list of exchanges: newest first, by any filters together, with or without words. */

import type { SQLInputValue } from 'node:sqlite';
import { cursorOf, placeOf, rowLimit } from './cursor.ts';
import { type Condition, type Conditions, conditionsOf } from './exchange-filter.ts';
import { rowsBySeq } from './exchange-rows.ts';
import type { IndexDb } from './index-db.ts';
import type { LedgerSource } from './ledger-source.ts';
import type { ExchangeFilter, FoundExchange, Page, PageRequest } from './rows.ts';
import { matchOf } from './search-words.ts';
import { snippetsOf } from './snippets.ts';
import { partOf, tableOf } from './word-parts.ts';

/** When which way of finding is taken. All of them find the same. */
export interface Ways {
  /** An index is taken when it leaves out all but one part in so many; else reading from the newest on finds a page as soon. */
  readonly indexPart: number;
  /** The same for one that gives no order: what it finds is sorted first. */
  readonly rangePart: number;
  /** Matches of words that are read at one time, when they must fit a filter, too. */
  readonly matches: number;
  /** Up to so many exchanges that fit a filter, it is they that are asked for the words. */
  readonly few: number;
}

const WAYS: Ways = { indexPart: 4, rangePart: 32, matches: 10_000, few: 10_000 };

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
  return {
    items: rowsBySeq(db, source, shown).map((row) => ({ ...row, snippet: snippets?.get(row.opened_seq) ?? null })),
    next: seqs.length > limit ? cursorOf([shown.at(-1) ?? 0]) : null,
  };
}

/** Positions that fit, newest first. */
function fitting(db: IndexDb, conditions: Conditions, limit: number, ways: Ways): number[] {
  const { all, from, to } = conditions;
  const best = rarest(conditions, ways);
  const where = all.map(({ sql }) => ` AND ${sql}`).join('');
  const values = all.flatMap((condition) => condition.values);
  if (best?.found?.by === 'reasons') {
    const sql = `
      SELECT r.seq FROM reasons r CROSS JOIN facts f ON f.seq = r.seq
      WHERE r.reason = ? AND r.seq BETWEEN ? AND ?${where} ORDER BY r.seq DESC LIMIT ?`;
    return seqsOf(db, sql, 31 - Math.clz32(Number(best.values[0])), from, to, ...values, limit);
  }
  const how = best?.found == null ? 'NOT INDEXED' : `INDEXED BY ${best.found.index}`;
  const sql = `SELECT f.seq FROM facts f ${how} WHERE f.seq BETWEEN ? AND ?${where} ORDER BY f.seq DESC LIMIT ?`;
  return seqsOf(db, sql, from, to, ...values, limit);
}

function seqsOf(db: IndexDb, sql: string, ...values: readonly SQLInputValue[]): number[] {
  return db.all<{ seq: number }>(sql, ...values).map(({ seq }) => seq);
}

/** The condition to begin with; null when none is rare. */
function rarest({ all, exchanges }: Conditions, ways: Ways): Condition | null {
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
 * fit, and what fits is rare, it is the other way round.
 */
function found(db: IndexDb, match: string, conditions: Conditions, limit: number, ways: Ways): number[] {
  const { all, from } = conditions;
  if (all.length === 0) return matches(db, match, from, conditions.to, limit);
  const seqs: number[] = [];
  let { to } = conditions;
  for (;;) {
    const some = matches(db, match, from, to, ways.matches);
    for (const seq of thatFit(db, conditions, some)) if (seqs.length < limit) seqs.push(seq);
    const last = some.at(-1);
    if (last === undefined || some.length < ways.matches || seqs.length >= limit) return seqs;
    to = last - 1;
    const best = rarest(conditions, ways);
    if (best !== null && best.fitting <= ways.few) {
      return [...seqs, ...withWords(db, match, { ...conditions, to }, limit - seqs.length, ways)];
    }
  }
}

function matches(db: IndexDb, match: string, from: number, to: number, limit: number): number[] {
  const seqs: number[] = [];
  const parts = 'SELECT part FROM parts WHERE part BETWEEN ? AND ? ORDER BY part DESC';
  for (const { part } of db.all<{ part: number }>(parts, partOf(from), partOf(to))) {
    const table = tableOf(part);
    const sql = `SELECT rowid AS seq FROM ${table} WHERE ${table} MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?`;
    for (const seq of seqsOf(db, sql, match, from, to, limit - seqs.length)) seqs.push(seq);
    if (seqs.length >= limit) break;
  }
  return seqs;
}

function thatFit(db: IndexDb, { all }: Conditions, seqs: readonly number[]): number[] {
  const where = all.map(({ sql }) => ` AND ${sql}`).join('');
  const sql = `
    SELECT f.seq FROM json_each(?) j CROSS JOIN facts f NOT INDEXED ON f.seq = j.value
    WHERE true${where} ORDER BY f.seq DESC`;
  return seqsOf(db, sql, JSON.stringify(seqs), ...all.flatMap((condition) => condition.values));
}

function withWords(db: IndexDb, match: string, conditions: Conditions, limit: number, ways: Ways): number[] {
  const seqs: number[] = [];
  for (const seq of fitting(db, conditions, ways.few, ways)) {
    if (matches(db, match, seq, seq, 1).length > 0) seqs.push(seq);
    if (seqs.length === limit) break;
  }
  return seqs;
}
