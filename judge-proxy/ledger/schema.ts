/**
 * Tables of the ledger and the steps that made them. `records` is the ledger: append-only and chained. All other tables
 * are made from it in the same transaction: they find records fast, or hold what changes (jobs) or may be deleted
 * (contents), and the chain does not cover them.
 */

import type { DatabaseSync } from 'node:sqlite';
import { LedgerError } from './ledger-error.ts';
import { defineLinkKey } from './link-key.ts';

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
  `
  -- From here on the hash of a record covers the hash of its body (body_sha256), so that a body can be erased (NULL) and
  -- the chain still holds. Where body_sha256 is NULL, the record is older and its hash covers the body itself.
  CREATE TABLE records_5 (
    seq         INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('exchange_opened', 'exchange_completed', 'connection', 'verdict', 'label',
      'act', 'erasure', 'shadow_verdict', 'export_gap')),
    body        TEXT,
    prev_hash   TEXT NOT NULL,
    hash        TEXT NOT NULL,
    body_sha256 TEXT,
    CHECK (body IS NOT NULL OR body_sha256 IS NOT NULL)
  ) STRICT;
  INSERT INTO records_5 SELECT seq, kind, body, prev_hash, hash, NULL FROM records;
  DROP TABLE records;
  ALTER TABLE records_5 RENAME TO records;
  CREATE TRIGGER records_no_update BEFORE UPDATE ON records
    WHEN NOT (NEW.body IS NULL AND NEW.seq IS OLD.seq AND NEW.kind IS OLD.kind AND NEW.prev_hash IS OLD.prev_hash
      AND NEW.hash IS OLD.hash AND NEW.body_sha256 IS OLD.body_sha256)
    BEGIN SELECT RAISE(ABORT, 'records are append-only'); END;
  CREATE TRIGGER records_no_delete BEFORE DELETE ON records
    BEGIN SELECT RAISE(ABORT, 'records are append-only'); END;
  CREATE INDEX records_connections ON records (seq) WHERE kind = 'connection' AND body IS NOT NULL;
  CREATE INDEX records_erasures ON records (seq) WHERE kind = 'erasure';
  -- Records of an exchange that have no table of their own.
  CREATE INDEX records_beside ON records (json_extract(body, '$.exchange_id')) WHERE kind IN ('label', 'shadow_verdict');
  CREATE INDEX records_shadows ON records (seq) WHERE kind = 'shadow_verdict';
  CREATE INDEX records_acts ON records (seq) WHERE kind = 'act';

  -- Words of people and judges that stand beside a record, which names their SHA-256: quotes, explanations and previews of
  -- a verdict, the note of a label. Keyed by the record.
  CREATE TABLE texts (
    seq  INTEGER PRIMARY KEY,
    json TEXT NOT NULL
  ) STRICT;

  -- The original, encrypted to the operator's key (age). Keyed by the completed record, which names its SHA-256.
  CREATE TABLE sealed (
    seq   INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
  ) STRICT;

  -- Erasures that were begun, so that they are finished after a kill.
  CREATE TABLE erasures_under_way (
    erasure_id TEXT PRIMARY KEY,
    erasure    TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  -- Names of clients stand in no index and in no key (link-key.ts). By client the read model finds verdicts.
  DROP INDEX verdicts_client;
  DROP INDEX verdicts_spending;
  CREATE INDEX verdicts_spending ON verdicts (ts) WHERE judge_tokens IS NOT NULL;
  -- link: hash of what leads here; kind and id in it as in step 3.
  CREATE TABLE links (
    link        TEXT PRIMARY KEY,
    exchange_id TEXT NOT NULL,
    exchanges   INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO links SELECT link_key(client, host, port, kind, id), exchange_id, exchanges FROM provider_links;
  DROP TABLE provider_links;
  ALTER TABLE links RENAME TO provider_links;
  CREATE INDEX jobs_done ON jobs (completed_seq) WHERE verdict_seq IS NOT NULL;

  -- The tables below are no part of the chain; acts in the chain tell who changed them.
  CREATE TABLE users (
    name          TEXT PRIMARY KEY,
    role          TEXT NOT NULL CHECK (role IN ('viewer', 'reviewer', 'policy_editor', 'admin')),
    password_hash TEXT NOT NULL,
    must_change   INTEGER NOT NULL,
    created_at    TEXT NOT NULL,
    disabled_at   TEXT
  ) STRICT, WITHOUT ROWID;
  -- Times in milliseconds since 1970.
  CREATE TABLE sessions (
    session_hash TEXT PRIMARY KEY,
    user         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_user ON sessions (user);
  -- scopes: JSON array of permissions.
  CREATE TABLE tokens (
    token_id   TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    scopes     TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT,
    used_at    TEXT
  ) STRICT, WITHOUT ROWID;

  -- Rubrics of judges. At most one draft and one published version each; revision counts the changes of a draft.
  CREATE TABLE policies (
    judge        TEXT NOT NULL,
    version      INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('draft', 'published', 'retired')),
    revision     INTEGER NOT NULL,
    yaml         TEXT NOT NULL,
    rubric_hash  TEXT,
    author       TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    updated_at   TEXT NOT NULL,
    published_at TEXT,
    published_by TEXT,
    note         TEXT,
    PRIMARY KEY (judge, version)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX policies_draft ON policies (judge) WHERE state = 'draft';
  CREATE UNIQUE INDEX policies_published ON policies (judge) WHERE state = 'published';

  -- spec, selection, estimate, spent, changes: JSON. selection: ids of the exchanges that were estimated, newest first.
  -- yaml: the rubric that it asks with, whichever is in force later. max_usd: null without a bound.
  CREATE TABLE replay_jobs (
    job_id         TEXT PRIMARY KEY,
    state          TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'cancelled', 'failed')),
    judge          TEXT NOT NULL,
    judge_hash     TEXT NOT NULL,
    policy_version INTEGER,
    yaml           TEXT NOT NULL,
    spec           TEXT NOT NULL,
    selection      TEXT NOT NULL,
    estimate       TEXT NOT NULL,
    max_usd        REAL,
    created_by     TEXT NOT NULL,
    created_at     TEXT NOT NULL,
    ended_at       TEXT,
    total          INTEGER NOT NULL,
    done           INTEGER NOT NULL,
    spent          TEXT NOT NULL,
    changes        TEXT NOT NULL,
    error          TEXT
  ) STRICT, WITHOUT ROWID;
  -- line: JSON without words: names, labels, scores. Gone with the exchange when that is erased.
  CREATE TABLE replay_results (
    job_id      TEXT NOT NULL,
    exchange_id TEXT NOT NULL,
    change      TEXT NOT NULL,
    line        TEXT NOT NULL,
    PRIMARY KEY (job_id, exchange_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX replay_results_exchange ON replay_results (exchange_id);
  CREATE INDEX replay_results_change ON replay_results (job_id, change);

  -- How far each follower of the ledger has read.
  CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    seq  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  -- What waits for a sink: a record by its position, or a checkpoint, whose JSON is the payload. queued_at in milliseconds
  -- since 1970.
  CREATE TABLE outbox (
    id        INTEGER PRIMARY KEY,
    sink      TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    dedup_key TEXT NOT NULL,
    queued_at INTEGER NOT NULL,
    payload   TEXT,
    UNIQUE (sink, dedup_key)
  ) STRICT;
  CREATE INDEX outbox_next ON outbox (sink, id, queued_at);
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
  defineLinkKey(db);
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
