/** Files of a SQLite ledger: the database, and a lock that lets one process write it. */

import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../../certs-tool/make-folder.ts';
import { causeOf, type LedgerCause, LedgerError } from './ledger-error.ts';
import { freeBytes, type Migration, migrationAhead } from './migration.ts';
import { migrate, SCHEMA_VERSION, schemaVersion } from './schema.ts';

export type Durability = 'process' | 'disk';

/** Before 3.51.3 a reset of the WAL could lose committed transactions (sqlite.org/releaselog/3_51_3.html). */
const OLDEST_SQLITE = [3, 51, 3];

/** How long SQLite waits for a lock of a foreign program before a batch fails: requests wait behind it. */
const BUSY_MS = 2_000;

/**
 * Absolute path of `sqlite:PATH`; a relative one starts at the working directory.
 * @throws {LedgerError} `bad_url`
 */
export function ledgerFile(url: string): string {
  const path = /^sqlite:(?!:)(.+)$/s.exec(url)?.[1];
  // `:memory:` would survive nothing, and NUL would cut the path short.
  if (path === undefined || path.includes('\0')) throw new LedgerError('bad_url', JSON.stringify(url));
  return resolve(path);
}

/** @throws {LedgerError} `old_sqlite` */
export function checkSqliteVersion(file: string, version = process.versions.sqlite ?? '0'): void {
  const parts = version.split('.').map(Number);
  for (const [index, least] of OLDEST_SQLITE.entries()) {
    const part = parts[index] ?? 0;
    if (part > least) return;
    if (part < least) throw new LedgerError('old_sqlite', file);
  }
}

/**
 * Makes an empty file that its owner alone can read, whatever the umask; one that is there stays as its owner has it.
 * What SQLite keeps beside a database (-wal, -shm, -journal) gets the mode of the database (findCreateFileMode in
 * os_unix.c). A file that is there is not even opened: closing it would drop SQLite's locks (sqlite.org/howtocorrupt.html
 * §2.2).
 */
export function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * Whatever else there is at a path keeps no records: what is written to /dev/null is gone, and a pipe makes who opens it
 * wait for its other end.
 * @throws {LedgerError} `not_a_file`
 */
function checkIsFile(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === false) throw new LedgerError('not_a_file', file);
}

/**
 * Opens the database for writing, makes it when it is not there, and migrates it.
 * @param appliedAt RFC 3339, written beside each migration
 * @param migrating called before an old ledger is migrated, which takes a while
 */
export function openForWriting(
  file: string,
  durability: Durability,
  appliedAt: string,
  migrating: (migration: Migration) => void = () => undefined,
): DatabaseSync {
  return opened(file, () => {
    makePrivate(file);
    const db = new DatabaseSync(file, { timeout: BUSY_MS });
    try {
      // Asked before the journal mode is changed: another program's database must stay as it is.
      const migration = migrationAhead(db, file);
      if (migration !== null) migrating(migration);
      db.exec('PRAGMA journal_mode = WAL');
      // In WAL mode NORMAL keeps every commit through kill -9 and FULL through a power cut (sqlite.org/pragma.html).
      db.exec(`PRAGMA synchronous = ${durability === 'disk' ? 'FULL' : 'NORMAL'}`);
      // Copying the log back is the log copier's work; at 64 MiB the writer does what is left of it. Until a copy meets
      // a pause of the writer, the log cannot begin anew.
      db.exec('PRAGMA wal_autocheckpoint = 16000');
      // fsync on macOS leaves data in the drive's cache; F_FULLFSYNC does not.
      if (durability === 'disk') db.exec('PRAGMA fullfsync = 1');
      // Without it INSERT OR REPLACE deletes rows past the triggers (sqlite.org/lang_conflict.html).
      db.exec('PRAGMA recursive_triggers = ON');
      // What is deleted is overwritten with zeros, in the file and in pages that become free (sqlite.org/pragma.html).
      db.exec('PRAGMA secure_delete = ON');
      migrate(db, file, appliedAt);
      // What an erasure took from the database may still be in the log of a process that was killed.
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/**
 * Opens the database read-only, beside a running writer.
 * @throws {LedgerError} `missing`, `not_a_ledger`, `newer_schema`, `older_schema` …
 */
export function openForReading(file: string): DatabaseSync {
  if (!existsSync(file)) throw new LedgerError('missing', file);
  return opened(file, () => {
    checkIsFile(file);
    const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
    try {
      const version = schemaVersion(db, file);
      if (version > SCHEMA_VERSION) throw new LedgerError('newer_schema', file);
      if (version < SCHEMA_VERSION) throw new LedgerError(version === 0 ? 'not_a_ledger' : 'older_schema', file);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/**
 * Takes the right to write a ledger, until `close` or the end of the process. Node has no flock; an exclusive transaction
 * on an empty database beside the ledger is the same lock of the system, on every platform, and dies with its holder.
 * @throws {LedgerError} `in_use` when another process, or another ledger of this one, holds it
 */
export function lockForWriting(file: string): DatabaseSync {
  return opened(file, () => {
    checkIsFile(file);
    makeFolder(dirname(file));
    makePrivate(`${file}.lock`);
    const lock = new DatabaseSync(`${file}.lock`, { timeout: 0 });
    try {
      lock.exec('BEGIN EXCLUSIVE');
      return lock;
    } catch (error) {
      lock.close();
      throw causeOf(error) === 'locked' ? new LedgerError('in_use', file, { cause: error }) : error;
    }
  });
}

/**
 * Makes all that is committed survive a power cut. Only the log is opened: closing a second handle on the database would
 * drop SQLite's locks on it (sqlite.org/howtocorrupt.html §2.2), and what is in the database was synced when it was
 * copied there.
 */
export async function persistLog(file: string): Promise<void> {
  try {
    await using log = await open(`${file}-wal`, 'r+');
    await log.datasync();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

const BY_SYSTEM_CODE: Readonly<Record<string, LedgerCause>> = {
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EROFS: 'read_only',
  EACCES: 'read_only',
  EPERM: 'read_only',
  ENOENT: 'no_folder',
  EEXIST: 'no_folder',
  ELOOP: 'no_folder',
  ENOTDIR: 'no_folder',
  ENAMETOOLONG: 'long_path',
};

/** Runs `open` and gives its failures file, cause and remedy. */
function opened<T>(file: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    const systemCode = (error as NodeJS.ErrnoException).code ?? '';
    const cause = causeOf(error) ?? BY_SYSTEM_CODE[systemCode] ?? 'cannot_open';
    throw new LedgerError(cause === 'io' && isFull(file) ? 'disk_full' : cause, file, { cause: error });
  }
}

/** SQLite calls it a failure of the disk when there is no room for its -shm (64 KiB, with a log that is begun). */
function isFull(file: string): boolean {
  return freeBytes(file) < 1 << 20;
}
