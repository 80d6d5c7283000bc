/** The file of the index: its tables, and whether what is there can be used. Made anew, never migrated. */

import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { withSqliteFiles } from '../private-files.ts';
import { ledgerFile, makePrivate } from '../sqlite-file.ts';
import { FACT_COLUMNS, PLACE_COLUMNS } from './columns.ts';

/** A file of another version is made anew: raised with every change of tables, columns or their meaning. */
export const INDEX_VERSION = 2;

const REAL = new Set<string>(['cost_usd', 'judge_cost_usd', 'tokens_in', 'tokens_out']);
const TEXT = new Set<string>(['exchange_id']);
const typed = (name: string) => `${name} ${REAL.has(name) ? 'REAL' : TEXT.has(name) ? 'TEXT' : 'INTEGER'}`;

/** Equality on one column; the key, by which answers are ordered, stands behind it in the index by itself. */
const FILTER_INDEXES = [
  'client',
  'route',
  'host',
  'api',
  'model',
  'judge',
  'judge_hash',
  'mode',
  'label',
  'severity',
  'action',
  'state',
  'decided_by',
  'coverage',
  'outcome',
] as const;

/** Draws below this one, one in 16, have an index. */
export const INDEXED_DRAW = 2 ** 48;

/** Made anew when metadata was erased. */
export const NAMES = 'CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;';

const SCHEMA = `
  CREATE TABLE meta (
    version   INTEGER NOT NULL,
    ledger_id TEXT NOT NULL,
    position  INTEGER NOT NULL,
    -- Of the record at the position: a ledger that was put back to an earlier state has another one there.
    hash      TEXT NOT NULL
  ) STRICT;

  ${NAMES}

  CREATE TABLE facts (seq INTEGER PRIMARY KEY, ${FACT_COLUMNS.map(typed).join(', ')}) STRICT;
  ${FILTER_INDEXES.map((column) => `CREATE INDEX facts_${column} ON facts (${column});`).join('\n  ')}
  CREATE INDEX facts_human ON facts (human) WHERE human > 0;
  CREATE INDEX facts_severe ON facts (severe, seq, labels) WHERE severe > 0 AND erased < 2;
  CREATE INDEX facts_differs ON facts (seq, differs, labels) WHERE differs > 0 AND erased < 2;
  CREATE INDEX facts_failed ON facts (seq, labels) WHERE failed > 0 AND erased < 2;
  -- A control sample is small: what is drawn at up to one in 16 is found here, more by looking at all.
  CREATE INDEX facts_drawn ON facts (seq, draw, labels) WHERE draw < ${INDEXED_DRAW} AND outcome > 0 AND erased < 2;
  CREATE INDEX facts_signature ON facts (signature) WHERE signature > 0;
  CREATE INDEX facts_message ON facts (message) WHERE message > 0;

  CREATE TABLE exchanges (seq INTEGER PRIMARY KEY, ${PLACE_COLUMNS.map(typed).join(', ')}) STRICT;
  CREATE UNIQUE INDEX exchanges_id ON exchanges (exchange_id);

  CREATE TABLE reasons (reason INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (reason, seq)) STRICT, WITHOUT ROWID;

  -- Which exchange a record belongs to.
  CREATE TABLE places (seq INTEGER PRIMARY KEY, opened_seq INTEGER NOT NULL) STRICT;

  CREATE TABLE counts (
    field INTEGER NOT NULL, value INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (field, value)
  ) STRICT, WITHOUT ROWID;

  -- Positions of what began in an hour, so that a time is a range of positions. Hours since 1970.
  CREATE TABLE hours (hour INTEGER PRIMARY KEY, min_seq INTEGER NOT NULL, max_seq INTEGER NOT NULL) STRICT;

  -- Sums by hour (level 0) and day (1), of a client or all (-1), a route or all. sums: 64-bit floats, by METRICS.
  CREATE TABLE spans (
    level INTEGER NOT NULL, client INTEGER NOT NULL, route INTEGER NOT NULL, start INTEGER NOT NULL,
    sums  BLOB NOT NULL,
    PRIMARY KEY (level, client, route, start)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE connections (
    seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, client INTEGER NOT NULL, route INTEGER NOT NULL, refused INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX connections_client ON connections (client);

  CREATE TABLE labels (
    seq INTEGER PRIMARY KEY, opened_seq INTEGER NOT NULL, ts INTEGER NOT NULL, reviewer TEXT NOT NULL,
    label INTEGER NOT NULL, stands INTEGER NOT NULL, queue INTEGER NOT NULL, blind INTEGER NOT NULL, probability REAL
  ) STRICT;
  CREATE INDEX labels_exchange ON labels (opened_seq, reviewer, stands);
  CREATE INDEX labels_standing ON labels (ts) WHERE stands = 1;

  CREATE TABLE shadows (
    seq INTEGER PRIMARY KEY, opened_seq INTEGER NOT NULL, ts INTEGER NOT NULL, judge TEXT NOT NULL, shadow TEXT NOT NULL,
    shadow_hash TEXT NOT NULL, label INTEGER NOT NULL, severity INTEGER NOT NULL, shadow_label INTEGER NOT NULL,
    shadow_severity INTEGER NOT NULL, shadow_state INTEGER NOT NULL, failed INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX shadows_exchange ON shadows (opened_seq);
  CREATE INDEX shadows_time ON shadows (ts, judge, shadow, shadow_hash, label, shadow_label, failed);

  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
    object TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_kind ON audit (kind);
  CREATE INDEX audit_actor ON audit (actor);
  CREATE INDEX audit_object ON audit (object);

  -- Tables of words there are (word-parts.ts). filled: while one is made anew, up to this position of an opening; else NULL.
  CREATE TABLE parts (part INTEGER PRIMARY KEY, filled INTEGER) STRICT;
`;

/** The index of a ledger stands beside it. @param url `sqlite:PATH` */
export function indexFile(url: string): string {
  return `${ledgerFile(url)}.index.db`;
}

/** How long one connection waits for the other. */
const BUSY_MS = 2_000;

/** Opens the file for writing, and makes it when it is not there. Its tables may be missing, or of another version. */
export function openIndex(file: string): DatabaseSync {
  makePrivate(file);
  const db = new DatabaseSync(file, { timeout: BUSY_MS });
  try {
    db.exec('PRAGMA journal_mode = WAL');
    // Everything can be made anew from the ledger: a power cut may cost the last commits, not the file (sqlite.org/wal.html).
    db.exec('PRAGMA synchronous = NORMAL');
    // Rows move as they grow; what they leave behind would keep erased words.
    db.exec('PRAGMA secure_delete = ON');
    db.exec('PRAGMA cache_size = -32768');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

export function openIndexForReading(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
  db.exec('PRAGMA cache_size = -65536');
  return db;
}

export interface Meta {
  readonly version: number;
  readonly ledger_id: string;
  readonly position: number;
  readonly hash: string;
}

/** null for a file without our tables. @throws what SQLite throws for a damaged one */
export function readMeta(db: DatabaseSync): Meta | null {
  const known = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'").get();
  if (known === undefined) return null;
  return (db.prepare('SELECT version, ledger_id, position, hash FROM meta').get() ?? null) as Meta | null;
}

export function createIndex(db: DatabaseSync, ledgerId: string, genesis: string): void {
  db.exec('BEGIN IMMEDIATE');
  db.exec(SCHEMA);
  db.prepare('INSERT INTO meta VALUES (?, ?, 0, ?)').run(INDEX_VERSION, ledgerId, genesis);
  db.exec('COMMIT');
}

/** Removes the index. Nobody may have it open. */
export function removeIndex(file: string): void {
  for (const one of withSqliteFiles(file)) rmSync(one, { force: true });
}
