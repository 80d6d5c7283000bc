/** Who sent what in a period: clients, the latest first. */

import { COUNT_CONNECTION_CLIENT, COUNTED_COLUMNS } from './columns.ts';
import { cursorOf, placeOf, rowLimit } from './cursor.ts';
import { firstSeq, lastSeq } from './exchange-filter.ts';
import { timestampOf } from './exchange-rows.ts';
import type { IndexDb } from './index-db.ts';
import { addSums, METRICS, NANO, noSums, type Sums } from './metrics.ts';
import { derivedSums, groupOf } from './overview.ts';
import { type Stretch, sumPieces, sumSingly, wholeSteps } from './period-sums.ts';
import type { ClientRow, Page, PageRequest, Period } from './rows.ts';
import { ALL, DAY_MS, HOUR_MS } from './spans.ts';
import { msOf } from './times.ts';

export function clientList(db: IndexDb, period: Period, page: PageRequest): Page<ClientRow> {
  const after = placeOf<readonly [number, string]>(page.cursor, ['number', 'string']);
  const limit = rowLimit(page.limit);
  const seen = clientsOf(db, period)
    .sort((a, b) => b.last - a.last || compare(a.row.client, b.row.client))
    .filter(({ last, row }) => after === null || last < after[0] || (last === after[0] && row.client > after[1]));
  const shown = seen.slice(0, limit);
  const end = shown.at(-1);
  return {
    items: shown.map(({ row }) => row),
    next: seen.length > limit && end !== undefined ? cursorOf([end.last, end.row.client]) : null,
  };
}

interface SeenClient {
  readonly last: number;
  readonly row: ClientRow;
}

function clientsOf(db: IndexDb, period: Period): SeenClient[] {
  const stretch = { from: msOf(period.since), to: msOf(period.until) };
  const group = groupOf(db, period);
  if (group === null || !(stretch.from < stretch.to)) return [];
  const sums = sumsByClient(db, stretch, group);
  const names = db.all<{ id: number; name: string }>(
    'SELECT id, name FROM names WHERE id IN (SELECT value FROM json_each(?))',
    JSON.stringify([...sums.keys()]),
  );
  return names.flatMap(({ id, name }) => {
    const of = sums.get(id) ?? noSums();
    const times = seenBetween(db, id, group.route, stretch);
    return times === null ? [] : [{ last: times.last, row: rowOf(name, of, times) }];
  });
}

function sumsByClient(db: IndexDb, stretch: Stretch, group: { client: number; route: number }): Map<number, Sums> {
  const by = new Map<number, Sums>();
  const add = (client: number, sums: Sums) => {
    const known = by.get(client);
    if (known === undefined) by.set(client, sums.slice());
    else addSums(known, sums);
  };
  // Whole hours of each client; the ends in one pass over all of them.
  const { whole, ends } = wholeSteps(stretch, HOUR_MS);
  for (const id of group.client === ALL ? allClients(db) : [group.client]) {
    sumPieces(db, { client: id, route: group.route }, whole, DAY_MS, (_ms, sums) => add(id, sums));
  }
  for (const end of ends) sumSingly(db, end, group, (_ms, client, sums) => add(client, sums));
  return by;
}

function allClients(db: IndexDb): readonly number[] {
  const sql = 'SELECT DISTINCT value FROM counts WHERE field IN (?, ?)';
  return db
    .all<{ value: number }>(sql, COUNTED_COLUMNS.indexOf('client'), COUNT_CONNECTION_CLIENT)
    .map(({ value }) => value);
}

/** When it was first and last seen; in the order of the records, which is that of time. */
function seenBetween(db: IndexDb, client: number, route: number, { from, to }: Stretch) {
  const [first, last] = [firstSeq(db, from), lastSeq(db, to)];
  if (first === null || last === null) return null;
  const times: number[] = [];
  for (const table of ['facts', 'connections'] as const) {
    for (const order of ['ASC', 'DESC'] as const) {
      const sql = `SELECT ts FROM ${table} INDEXED BY ${table}_client
        WHERE client = ?1 AND seq BETWEEN ?2 AND ?3 AND ts >= ?4 AND ts < ?5 AND (?6 = -1 OR route = ?6)
        ORDER BY seq ${order} LIMIT 1`;
      const ts = db.get<{ ts: number }>(sql, client, first, last, from, to, route)?.ts;
      if (ts !== undefined) times.push(ts);
    }
  }
  return times.length === 0 ? null : { first: Math.min(...times), last: Math.max(...times) };
}

function rowOf(client: string, sums: Sums, times: { first: number; last: number }): ClientRow {
  return {
    client,
    exchanges: sums[METRICS.exchanges] ?? 0,
    ...derivedSums(sums),
    tunnels: sums[METRICS.tunnels] ?? 0,
    refusals: sums[METRICS.refusals] ?? 0,
    tokens_in: sums[METRICS.tokens_in] ?? 0,
    tokens_out: sums[METRICS.tokens_out] ?? 0,
    traffic_usd: (sums[METRICS.traffic] ?? 0) / NANO,
    judging_usd: (sums[METRICS.judging] ?? 0) / NANO,
    first_ts: timestampOf(times.first),
    last_ts: timestampOf(times.last),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
