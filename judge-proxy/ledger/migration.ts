/**
 * What is to be known before an old ledger is migrated: a step is one transaction, which copies the records. It takes
 * seconds and disk; without the disk it would fail half-way, at each start anew.
 */

import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { LedgerError } from './ledger-error.ts';
import { SCHEMA_VERSION, schemaVersion } from './schema.ts';

export interface Migration {
  readonly from: number;
  readonly to: number;
  readonly records: number;
}

/**
 * Measured with schema 4 to 5: the log grows by the new table and by the old one, which is overwritten with zeros, the
 * database by the new one.
 */
const COPIES = 3;
/** Indexes of the new tables, and what is begun in full pages. */
const BESIDE_BYTES = 16 << 20;

/** What the user of the proxy may still write on the disk of a file. */
export function freeBytes(file: string): number {
  const { bavail, bsize } = statfsSync(dirname(file));
  return bavail * bsize;
}

/**
 * The migration that opening a ledger means, null for one that is new or of this version.
 * @param free bytes of its disk that can be written
 * @throws {LedgerError} `no_room`; nothing was changed then
 */
export function migrationAhead(db: DatabaseSync, file: string, free = freeBytes(file)): Migration | null {
  const from = schemaVersion(db, file);
  if (from === 0 || from >= SCHEMA_VERSION) return null;
  const copied = Number(db.prepare("SELECT coalesce(sum(pgsize), 0) AS n FROM dbstat WHERE name = 'records'").get()?.n);
  const needed = COPIES * copied + BESIDE_BYTES;
  if (needed > free) {
    const [all, missing] = [needed, needed - free].map((bytes) => `${Math.ceil(bytes / 1e6)} MB`);
    throw new LedgerError('no_room', file, {
      detail: `from schema ${from}: that takes ${all} of free disk, and ${missing} are missing`,
    });
  }
  const records = Number(db.prepare('SELECT count(*) AS n FROM records').get()?.n);
  return { from, to: SCHEMA_VERSION, records };
}
