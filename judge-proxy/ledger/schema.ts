/**
 * Tables of the ledger and the steps that made them. `records` is the ledger: append-only and chained. All other tables
 * are made from it in the same transaction: they find records fast, or hold what changes (jobs) or may be deleted
 * (contents), and the chain does not cover them.
 */

import type { DatabaseSync } from 'node:sqlite';
import { LedgerError } from './ledger-error.ts';

/** Ordered, forward only. A step that has been released is never edited: changes are new steps. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE records (
    seq       INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL CHECK (kind IN ('exchange_opened', 'exchange_completed', 'connection', 'verdict')),
    body      TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash      TEXT NOT NULL
  ) STRICT;
  CREATE TRIGGER records_no_update BEFORE UPDATE ON records
    BEGIN SELECT RAISE(ABORT, 'records are append-only'); END;
  CREATE TRIGGER records_no_delete BEFORE DELETE ON records
    BEGIN SELECT RAISE(ABORT, 'records are append-only'); END;
  CREATE INDEX records_connections ON records (seq) WHERE kind = 'connection';

  -- verdict_seq is that of the first verdict. The index of exchanges without one begins with those that are open.
  CREATE TABLE exchanges (
    exchange_id   TEXT PRIMARY KEY,
    request_id    TEXT NOT NULL,
    opened_seq    INTEGER NOT NULL,
    completed_seq INTEGER,
    verdict_seq   INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX exchanges_request ON exchanges (request_id);
  CREATE INDEX exchanges_unjudged ON exchanges (completed_seq, opened_seq) WHERE verdict_seq IS NULL;

  -- Keyed by the completed record, whose content_sha256 it must have.
  CREATE TABLE contents (
    completed_seq INTEGER PRIMARY KEY,
    json          TEXT NOT NULL
  ) STRICT;

  -- Queued with the completed record, which there is once, so that there is one job for an exchange. A job is done when it
  -- has its verdict. Times are milliseconds since 1970.
  CREATE TABLE jobs (
    job_id        INTEGER PRIMARY KEY,
    exchange_id   TEXT NOT NULL,
    completed_seq INTEGER NOT NULL,
    judge         TEXT NOT NULL,
    attempt       INTEGER NOT NULL DEFAULT 0,
    not_before    INTEGER NOT NULL,
    leased_until  INTEGER,
    verdict_seq   INTEGER
  ) STRICT;
  CREATE INDEX jobs_pending ON jobs (completed_seq) WHERE verdict_seq IS NULL;

  -- severity: 0 none … 4 critical.
  CREATE TABLE verdicts (
    seq         INTEGER PRIMARY KEY,
    verdict_id  TEXT NOT NULL UNIQUE,
    exchange_id TEXT NOT NULL,
    label       TEXT NOT NULL,
    severity    INTEGER NOT NULL,
    coverage    TEXT NOT NULL,
    route       TEXT NOT NULL,
    client      TEXT NOT NULL,
    host        TEXT NOT NULL,
    api         TEXT NOT NULL
  ) STRICT;
  CREATE INDEX verdicts_exchange ON verdicts (exchange_id);
  CREATE INDEX verdicts_label ON verdicts (label);
  CREATE INDEX verdicts_coverage ON verdicts (coverage);
  CREATE INDEX verdicts_route ON verdicts (route);
  CREATE INDEX verdicts_client ON verdicts (client);
  CREATE INDEX verdicts_host ON verdicts (host);
  `,
  `
  -- Verdict on the request alone, made before the origin saw it. verdict_seq is the same when it ended the exchange.
  ALTER TABLE exchanges ADD COLUMN request_verdict_seq INTEGER;

  -- Keyed by the record that names its hash: a completed one, or a verdict on a request.
  ALTER TABLE contents RENAME COLUMN completed_seq TO seq;

  -- stands: 1 for the verdict of its exchange, 0 for one on its request alone. The rest is what judging cost; judge is the
  -- name, tokens are of both directions, null when no model answered; cost is null when its price is not known.
  ALTER TABLE verdicts ADD COLUMN stands INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE verdicts ADD COLUMN ts TEXT NOT NULL DEFAULT '';
  ALTER TABLE verdicts ADD COLUMN judge TEXT;
  ALTER TABLE verdicts ADD COLUMN judge_tokens REAL;
  ALTER TABLE verdicts ADD COLUMN judge_cost_usd REAL;
  UPDATE verdicts SET
    ts = json_extract(r.body, '$.ts'),
    judge = json_extract(r.body, '$.judge.name'),
    judge_tokens = json_extract(r.body, '$.judge_tokens.in') + json_extract(r.body, '$.judge_tokens.out'),
    judge_cost_usd = json_extract(r.body, '$.judge_cost_usd')
  FROM records r WHERE r.seq = verdicts.seq;
  DROP INDEX verdicts_coverage;
  CREATE INDEX verdicts_coverage ON verdicts (stands, coverage);
  CREATE INDEX verdicts_spending ON verdicts (ts, judge, client, judge_tokens, judge_cost_usd)
    WHERE judge_tokens IS NOT NULL;
  `,
  `
  -- Exchanges that another one can continue at the provider, as its client can name them there: by answer (kind response)
  -- or by conversation, in either case the last one. Never looked up across clients or origins. exchanges: how many had it.
  CREATE TABLE provider_links (
    client      TEXT NOT NULL,
    host        TEXT NOT NULL,
    port        INTEGER NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('response', 'conversation')),
    id          TEXT NOT NULL,
    exchange_id TEXT NOT NULL,
    exchanges   INTEGER NOT NULL,
    PRIMARY KEY (client, host, port, kind, id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- One row. Checkpoints name the ledger that they are of.
  CREATE TABLE identity (ledger_id TEXT NOT NULL) STRICT;
  INSERT INTO identity VALUES (lower(hex(randomblob(16))));
  CREATE TRIGGER identity_no_update BEFORE UPDATE ON identity BEGIN SELECT RAISE(ABORT, 'a ledger keeps its id'); END;
  CREATE TRIGGER identity_no_delete BEFORE DELETE ON identity BEGIN SELECT RAISE(ABORT, 'a ledger keeps its id'); END;
  CREATE TRIGGER identity_no_insert BEFORE INSERT ON identity BEGIN SELECT RAISE(ABORT, 'a ledger keeps its id'); END;
  `,
];

/** Version of the schema that this program reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings a ledger to SCHEMA_VERSION, each step in its own transaction; an empty file gets everything.
 * @param appliedAt RFC 3339, written beside each step
 * @param steps all steps so far, of which those that are missing are applied
 * @param upTo number of the last step to apply: tests make ledgers of earlier versions
 * @throws {LedgerError} `newer_schema`, or `not_a_ledger` for another program's database; neither is touched
 */
export function migrate(
  db: DatabaseSync,
  file: string,
  appliedAt: string,
  steps = MIGRATIONS,
  upTo = steps.length,
): void {
  const version = schemaVersion(db, file);
  if (version > steps.length) throw new LedgerError('newer_schema', file);
  for (const [index, step] of steps.entries()) {
    if (index < version || index >= upTo) continue;
    db.exec('BEGIN IMMEDIATE');
    try {
      if (index === 0) {
        db.exec('CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL) STRICT');
      }
      db.exec(step);
      db.prepare('INSERT INTO schema_version (version, applied_at) VALUES (?, ?)').run(index + 1, appliedAt);
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
}

/**
 * Version of the schema of an open database, 0 for an empty one.
 * @throws {LedgerError} `not_a_ledger` when it holds tables, but no version
 */
export function schemaVersion(db: DatabaseSync, file: string): number {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  if (tables.length === 0) return 0;
  if (!tables.some((table) => table.name === 'schema_version')) throw new LedgerError('not_a_ledger', file);
  return Number(db.prepare('SELECT max(version) AS version FROM schema_version').get()?.version ?? 0);
}
