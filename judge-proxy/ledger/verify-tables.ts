/** The tables made from the records, compared with them: by these reviewers find what they read. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { defineLinkKey } from './link-key.ts';
import type { ExchangeCompleted, ExchangeOpened, NewVerdict } from './records.ts';
import { keysOf } from './verdict-keys.ts';
import type { Findings } from './verify-report.ts';

interface ExchangeRow {
  readonly request_id: string;
  readonly opened_seq: number;
  readonly completed_seq: number | null;
  readonly verdict_seq: number | null;
  readonly request_verdict_seq: number | null;
}

/** Tables and columns that hold one value for each record of a kind, with the number of those seen. */
const COUNTED = {
  exchanges: 'SELECT count(*) AS n FROM exchanges',
  completed: 'SELECT count(*) AS n FROM exchanges WHERE completed_seq IS NOT NULL',
  judged: 'SELECT count(*) AS n FROM exchanges WHERE verdict_seq IS NOT NULL',
  requests_judged: 'SELECT count(*) AS n FROM exchanges WHERE request_verdict_seq IS NOT NULL',
  verdicts: 'SELECT count(*) AS n FROM verdicts',
  contents: 'SELECT count(*) AS n FROM contents',
  texts: 'SELECT count(*) AS n FROM texts',
  sealed: 'SELECT count(*) AS n FROM sealed',
} as const;

/** A link leads to an exchange that had this id, of this client, at this origin. */
const FALSE_LINK = `
  SELECT e.completed_seq AS seq FROM provider_links l
  LEFT JOIN exchanges e ON e.exchange_id = l.exchange_id
  LEFT JOIN records o ON o.seq = e.opened_seq LEFT JOIN records c ON c.seq = e.completed_seq
  WHERE NOT coalesce(l.link IN (
    link_key(o.body ->> 'client', o.body ->> 'host', o.body ->> 'port', 'response', c.body ->> 'response_id'),
    link_key(o.body ->> 'client', o.body ->> 'host', o.body ->> 'port', 'conversation', c.body ->> 'conversation_id')
  ), 0)
  LIMIT 1`;

export class Tables {
  readonly #db: DatabaseSync;
  readonly #findings: Findings;
  readonly #exchange: StatementSync;
  readonly #verdict: StatementSync;
  readonly #seen: Record<keyof typeof COUNTED, number> = {
    exchanges: 0,
    completed: 0,
    judged: 0,
    requests_judged: 0,
    verdicts: 0,
    contents: 0,
    texts: 0,
    sealed: 0,
  };

  constructor(db: DatabaseSync, findings: Findings) {
    defineLinkKey(db);
    this.#db = db;
    this.#findings = findings;
    this.#exchange = db.prepare(
      'SELECT request_id, opened_seq, completed_seq, verdict_seq, request_verdict_seq FROM exchanges WHERE exchange_id = ?',
    );
    this.#verdict = db.prepare('SELECT * FROM verdicts WHERE seq = ?');
  }

  /** Records whose body is gone. */
  erasedRecords = 0;

  get contents(): number {
    return this.#seen.contents;
  }

  opened(seq: number, { exchange_id, request_id }: ExchangeOpened): void {
    this.#seen.exchanges += 1;
    const row = this.#row(exchange_id);
    if (row?.opened_seq !== seq || row.request_id !== request_id) this.#differs('exchanges', seq);
  }

  completed(seq: number, { exchange_id, outcome }: ExchangeCompleted): void {
    this.#seen.completed += 1;
    const row = this.#row(exchange_id);
    const byRequest = row !== undefined && row.verdict_seq !== null && row.verdict_seq === row.request_verdict_seq;
    if (row?.completed_seq !== seq || (byRequest && outcome !== 'blocked')) this.#differs('exchanges', seq);
  }

  verdict(seq: number, verdict: NewVerdict): void {
    this.#seen.verdicts += 1;
    const row = this.#row(verdict.exchange_id);
    const stands = row?.verdict_seq === seq;
    if (stands) this.#seen.judged += 1;
    if (verdict.subject === 'request') {
      this.#seen.requests_judged += 1;
      if (row?.request_verdict_seq !== seq) this.#differs('exchanges', seq);
    } else if (!stands) this.#differs('exchanges', seq);
    const stored = this.#verdict.get(seq);
    const expected = { ...keysOf(verdict), stands: stands ? 1 : 0 };
    const same = stored !== undefined && Object.entries(expected).every(([name, value]) => stored[name] === value);
    if (!same) this.#differs('verdicts', seq);
  }

  /** Something stands beside a record. */
  beside(table: 'contents' | 'texts' | 'sealed'): void {
    this.#seen[table] += 1;
  }

  /** A record without a body has no row either: it would say whose it was. */
  erased(seq: number): void {
    this.erasedRecords += 1;
    if (this.#verdict.get(seq) !== undefined) {
      this.#findings.add('erasure_undone', seq, 'Its body is gone, but not its row of verdicts.');
    }
  }

  /** After the last record of a whole ledger: rows that no record accounts for. */
  finish(): void {
    for (const [name, sql] of Object.entries(COUNTED)) {
      const rows = Number(this.#db.prepare(sql).get()?.n);
      const records = this.#seen[name as keyof typeof COUNTED];
      if (rows === records) continue;
      this.#findings.add('table_differs', null, `Of ${name} there are ${rows} rows, by the records ${records}.`);
    }
    const link = this.#db.prepare(FALSE_LINK).get() as { seq: number | null } | undefined;
    if (link === undefined) return;
    this.#findings.add('table_differs', link.seq, 'A row of provider_links is not what the records say.');
  }

  #row(exchangeId: string): ExchangeRow | undefined {
    return this.#exchange.get(exchangeId) as unknown as ExchangeRow | undefined;
  }

  #differs(table: string, seq: number): void {
    this.#findings.add('table_differs', seq, `Its row of ${table} is not what the record says.`);
  }
}
