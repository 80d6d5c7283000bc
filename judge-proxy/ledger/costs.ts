/** What the traffic cost and what judging it cost, side by side, read from the records. */

import type { DatabaseSync } from 'node:sqlite';

/** Exchanges by the time of their opening record. */
export interface CostsFilter {
  /** RFC 3339 UTC with milliseconds, as records have it; inclusive. */
  readonly since?: string;
  /** Exclusive. */
  readonly until?: string;
}

/** Sums over exchanges. Money is in US dollars, of what has a known price; what has none is counted. */
export interface Cost {
  readonly exchanges: number;
  /** With a verdict. */
  readonly judged: number;
  readonly unjudged: number;
  readonly traffic: {
    readonly tokens_in: number;
    readonly tokens_out: number;
    readonly usd: number;
    /** Exchanges with tokens whose price is not known. */
    readonly unpriced: number;
  };
  readonly judging: {
    /** Verdicts for which models answered: a cascade and all windows of a stream are one. */
    readonly asked: number;
    /** Of both directions. */
    readonly tokens: number;
    readonly usd: number;
    /** Those of `asked` whose price is not known. */
    readonly unpriced: number;
  };
}

export interface Costs {
  readonly total: Cost;
  /** Dearest judging first. */
  readonly by_route: readonly (Cost & { readonly route: string })[];
  readonly by_client: readonly (Cost & { readonly client: string })[];
}

interface Row {
  readonly route: string;
  readonly client: string;
  readonly exchanges: number;
  readonly judged: number;
  readonly tokens_in: number;
  readonly tokens_out: number;
  readonly usd: number;
  readonly unpriced: number;
  readonly asked: number;
  readonly judge_tokens: number;
  readonly judge_usd: number;
  readonly judge_unpriced: number;
}

/** Reads the records themselves, 9 µs an exchange (measured): nothing is kept for a question that is asked rarely. */
const SQL = `
  WITH per AS (
    SELECT
      json_extract(o.body, '$.route') AS route,
      json_extract(o.body, '$.client') AS client,
      e.verdict_seq IS NOT NULL AS judged,
      json_extract(c.body, '$.tokens_in') AS tokens_in,
      json_extract(c.body, '$.tokens_out') AS tokens_out,
      json_extract(c.body, '$.cost_usd') AS usd,
      (SELECT count(v.judge_tokens) FROM verdicts v WHERE v.exchange_id = e.exchange_id) AS asked,
      (SELECT total(v.judge_tokens) FROM verdicts v WHERE v.exchange_id = e.exchange_id) AS judge_tokens,
      (SELECT total(v.judge_cost_usd) FROM verdicts v WHERE v.exchange_id = e.exchange_id) AS judge_usd,
      (SELECT count(v.judge_tokens) FROM verdicts v WHERE v.exchange_id = e.exchange_id AND v.judge_cost_usd IS NULL)
        AS judge_unpriced
    FROM exchanges e JOIN records o ON o.seq = e.opened_seq LEFT JOIN records c ON c.seq = e.completed_seq
    WHERE json_extract(o.body, '$.ts') >= ? AND json_extract(o.body, '$.ts') < ?
  )
  SELECT route, client, count(*) AS exchanges, sum(judged) AS judged,
    total(tokens_in) AS tokens_in, total(tokens_out) AS tokens_out, total(usd) AS usd,
    sum(usd IS NULL AND (tokens_in IS NOT NULL OR tokens_out IS NOT NULL)) AS unpriced,
    sum(asked) AS asked, total(judge_tokens) AS judge_tokens, total(judge_usd) AS judge_usd,
    sum(judge_unpriced) AS judge_unpriced
  FROM per GROUP BY route, client`;

/** Sorts after every RFC 3339 time of four-digit years. */
const NO_END = '9999-12-31T23:59:60Z';

export function costs(db: DatabaseSync, { since = '', until = NO_END }: CostsFilter): Costs {
  const rows = db.prepare(SQL).all(since, until) as unknown as Row[];
  return {
    total: sum(rows),
    by_route: grouped(rows, 'route').map(([route, cost]) => ({ route, ...cost })),
    by_client: grouped(rows, 'client').map(([client, cost]) => ({ client, ...cost })),
  };
}

function grouped(rows: readonly Row[], by: 'route' | 'client'): [name: string, cost: Cost][] {
  return [...Map.groupBy(rows, (row) => row[by])]
    .map(([name, group]): [string, Cost] => [name, sum(group)])
    .sort(([a, one], [b, other]) => dearness(other) - dearness(one) || (a < b ? -1 : 1));
}

/** Money first, tokens where no price is known. */
function dearness({ judging }: Cost): number {
  return judging.usd + judging.tokens / 1e12;
}

function sum(rows: readonly Row[]): Cost {
  const total = (of: (row: Row) => number) => rows.reduce((all, row) => all + of(row), 0);
  const exchanges = total((row) => row.exchanges);
  const judged = total((row) => row.judged);
  return {
    exchanges,
    judged,
    unjudged: exchanges - judged,
    traffic: {
      tokens_in: total((row) => row.tokens_in),
      tokens_out: total((row) => row.tokens_out),
      usd: total((row) => row.usd),
      unpriced: total((row) => row.unpriced),
    },
    judging: {
      asked: total((row) => row.asked),
      tokens: total((row) => row.judge_tokens),
      usd: total((row) => row.judge_usd),
      unpriced: total((row) => row.judge_unpriced),
    },
  };
}
