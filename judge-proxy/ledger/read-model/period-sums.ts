/**
 * Sums over a stretch of time: of whole days and hours where they are kept, and of single exchanges at its ends. One
 * piece at a time, with the time at which it begins.
 */

import type { Entry } from './columns.ts';
import { firstSeq, lastSeq } from './exchange-filter.ts';
import type { IndexDb } from './index-db.ts';
import { addConnection, addExchange, noSums, type Summed, type Sums, sumsOf } from './metrics.ts';
import { DAY_MS, HOUR_MS, LEVELS } from './spans.ts';

/** Milliseconds since 1970, half open. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export type Piece = (ms: number, sums: Sums) => void;

/** A stretch in three: what stands in whole steps, before, and after. */
export function wholeSteps({ from, to }: Stretch, step: number): { readonly whole: Stretch; readonly ends: Stretch[] } {
  const first = Math.ceil(from / step) * step;
  const last = Math.floor(to / step) * step;
  if (first >= last) return { whole: { from, to: from }, ends: from < to ? [{ from, to }] : [] };
  const ends = [
    { from, to: first },
    { from: last, to },
  ];
  return { whole: { from: first, to: last }, ends: ends.filter((end) => end.from < end.to) };
}

/**
 * @param group client and route by id, -1 for all
 * @param longest spans to take: days, or hours at most
 */
export function sumPieces(
  db: IndexDb,
  group: { readonly client: number; readonly route: number },
  stretch: Stretch,
  longest: typeof DAY_MS | typeof HOUR_MS,
  piece: Piece,
): void {
  const { whole, ends } = wholeSteps(stretch, longest);
  const sql = 'SELECT start, sums FROM spans WHERE level = ? AND client = ? AND route = ? AND start >= ? AND start < ?';
  const { client, route } = group;
  const values = [LEVELS.indexOf(longest), client, route, whole.from / longest, whole.to / longest] as const;
  if (whole.from < whole.to) {
    for (const { start, sums } of db.iterate<{ start: number; sums: Uint8Array }>(sql, ...values)) {
      piece(start * longest, sumsOf(sums));
    }
  }
  for (const end of ends) {
    if (longest === DAY_MS) sumPieces(db, group, end, HOUR_MS, piece);
    else sumSingly(db, end, group, (ms, _client, sums) => piece(ms, sums));
  }
}

type SumRow = Summed & Pick<Entry, 'ts' | 'client'>;

const EXCHANGES = `
  SELECT ts, client, label, severity, action, state, coverage, reasons, outcome, tokens_in, tokens_out, cost_usd,
    judge_cost_usd FROM facts NOT INDEXED`;
const CONNECTIONS = 'SELECT ts, client, refused FROM connections NOT INDEXED';
const WHERE = `
  WHERE seq BETWEEN ?1 AND ?2 AND ts >= ?3 AND ts < ?4 AND (?5 = -1 OR client = ?5) AND (?6 = -1 OR route = ?6)`;

/** Exchange by exchange, and connection by connection. */
export function sumSingly(
  db: IndexDb,
  { from, to }: Stretch,
  { client, route }: { readonly client: number; readonly route: number },
  piece: (ms: number, client: number, sums: Sums) => void,
): void {
  const [first, last] = [firstSeq(db, from), lastSeq(db, to)];
  if (first === null || last === null) return;
  const values = [first, last, from, to, client, route] as const;
  const sums = noSums();
  for (const row of db.iterate<SumRow>(EXCHANGES + WHERE, ...values)) {
    sums.fill(0);
    addExchange(sums, row, 1);
    piece(row.ts, row.client, sums);
  }
  const connections = db.iterate<{ ts: number; client: number; refused: number }>(CONNECTIONS + WHERE, ...values);
  for (const row of connections) {
    sums.fill(0);
    addConnection(sums, row.refused === 1, 1);
    piece(row.ts, row.client, sums);
  }
}
