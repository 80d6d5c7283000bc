/** The SQL of the writer, prepared once. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { WRITES, type WriteName } from './tables/statements-of-tables.ts';

const SQL = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  head: 'SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1',
  verdict: `
    SELECT r.seq, r.body, r.prev_hash, r.hash, t.json AS text
    FROM records r LEFT JOIN texts t ON t.seq = r.seq WHERE r.seq = ?`,
  insertRecord: 'INSERT INTO records (seq, kind, body, prev_hash, hash, body_sha256) VALUES (?, ?, ?, ?, ?, ?)',
  insertText: 'INSERT INTO texts (seq, json) VALUES (?, ?)',
  insertSealed: 'INSERT INTO sealed (seq, bytes) VALUES (?, ?)',
  savepoint: 'SAVEPOINT operation',
  releaseSavepoint: 'RELEASE operation',
  rollbackSavepoint: 'ROLLBACK TO operation',
  insertExchange: 'INSERT INTO exchanges (exchange_id, request_id, opened_seq) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  completeExchange: 'UPDATE exchanges SET completed_seq = ? WHERE exchange_id = ? AND completed_seq IS NULL',
  endByRequest: `
    UPDATE exchanges SET verdict_seq = request_verdict_seq
    WHERE exchange_id = ? AND request_verdict_seq IS NOT NULL RETURNING verdict_seq`,
  standing: 'UPDATE verdicts SET stands = 1 WHERE seq = ?',
  judgeRequest: 'UPDATE exchanges SET request_verdict_seq = ? WHERE exchange_id = ?',
  exchange: 'SELECT completed_seq, request_verdict_seq FROM exchanges WHERE exchange_id = ?',
  completeJudged: 'UPDATE exchanges SET completed_seq = ?, verdict_seq = ? WHERE exchange_id = ?',
  judgeExchange: 'UPDATE exchanges SET verdict_seq = ? WHERE exchange_id = ? AND verdict_seq IS NULL',
  insertContent: 'INSERT INTO contents (seq, json) VALUES (?, ?)',
  insertJob: 'INSERT INTO jobs (exchange_id, completed_seq, judge, not_before) VALUES (?, ?, ?, ?)',
  job: 'SELECT exchange_id, verdict_seq FROM jobs WHERE job_id = ?',
  dueJobs: `
    SELECT j.job_id, j.exchange_id, j.judge, j.attempt, o.body AS opened, c.body AS completed, t.json AS content,
      json_extract(c.body, '$.content_sha256') AS content_sha256
    FROM jobs j
    JOIN exchanges e ON e.exchange_id = j.exchange_id
    JOIN records o ON o.seq = e.opened_seq
    JOIN records c ON c.seq = j.completed_seq
    LEFT JOIN contents t ON t.seq = j.completed_seq
    WHERE j.verdict_seq IS NULL AND o.body IS NOT NULL AND c.body IS NOT NULL AND j.not_before <= ? AND (j.leased_until IS NULL OR j.leased_until <= ?)
    ORDER BY j.completed_seq
    LIMIT ?`,
  lease: 'UPDATE jobs SET attempt = attempt + 1, leased_until = ? WHERE job_id = ?',
  release: 'UPDATE jobs SET leased_until = NULL, not_before = ? WHERE job_id = ? AND verdict_seq IS NULL',
  finishJob: 'UPDATE jobs SET verdict_seq = ?, leased_until = NULL WHERE job_id = ?',
  dropLeases: 'UPDATE jobs SET leased_until = NULL WHERE verdict_seq IS NULL AND leased_until IS NOT NULL',
  openExchanges: `
    SELECT r.body, v.body AS verdict FROM exchanges e JOIN records r ON r.seq = e.opened_seq
    LEFT JOIN records v ON v.seq = e.request_verdict_seq
    WHERE e.verdict_seq IS NULL AND e.completed_seq IS NULL AND r.body IS NOT NULL ORDER BY e.opened_seq`,
  insertVerdict: `
    INSERT INTO verdicts (seq, verdict_id, exchange_id, label, severity, coverage, route, client, host, api, stands,
      ts, judge, judge_tokens, judge_cost_usd)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  insertLink: `
    INSERT INTO provider_links (link, exchange_id, exchanges)
    SELECT link_key(json_extract(o.body, '$.client'), json_extract(o.body, '$.host'), json_extract(o.body, '$.port'),
      ?, ?), e.exchange_id, 1
    FROM exchanges e JOIN records o ON o.seq = e.opened_seq WHERE e.exchange_id = ?
    ON CONFLICT DO UPDATE SET exchange_id = excluded.exchange_id, exchanges = exchanges + 1`,
} as const;

export type Statements = Readonly<Record<keyof typeof SQL, StatementSync>>;

export function prepareStatements(db: DatabaseSync): Statements {
  const entries = Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql)]);
  return Object.fromEntries(entries) as Statements;
}

/** The statements on tables beside the chain, each prepared when it is first needed. */
export class TableStatements {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<WriteName, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  get(name: WriteName): StatementSync {
    const known = this.#prepared.get(name);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(WRITES[name].sql);
    this.#prepared.set(name, statement);
    return statement;
  }
}
