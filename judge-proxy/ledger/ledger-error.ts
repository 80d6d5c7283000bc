/** Everything that can be wrong with a ledger, as one closed table: cause, sentence and remedy. */

export const LEDGER_CAUSES = {
  bad_url: ['is not an address of a ledger', 'Write sqlite:PATH, for example sqlite:data/ledger.db.'],
  old_sqlite: ['needs SQLite 3.51.3 or newer', 'Run it with Node 24.12 or newer: npm scripts bring their own.'],
  missing: ['does not exist', 'Name the right file with --ledger, or start the judge proxy, which makes it.'],
  not_a_ledger: ['is not a ledger of the judge proxy', 'Give another ledger.url; the file was left as it is.'],
  newer_schema: ['was written by a newer version of the judge proxy', 'Run that version, or give another ledger.url.'],
  older_schema: [
    'was written by an older version of the judge proxy',
    'Start the judge proxy once: it migrates the file.',
  ],
  no_room: ['cannot be migrated', 'Free so much on its disk and start again; the file was left as it is.'],
  in_use: ['is being written by another process', 'Stop that judge proxy, or give this one another ledger.url.'],
  locked: ['is locked by another program', 'Close the program that holds a transaction on the file.'],
  disk_full: ['cannot grow: the disk is full', 'Free disk space; recording goes on by itself then.'],
  read_only: [
    'cannot be written: the file or its directory is read-only',
    'Make both writable for the user of the proxy.',
  ],
  no_folder: [
    'has no folder, and none can be made',
    'Give a ledger.url in a folder that can be written. In the way is a file, or a link to a disk that is not mounted.',
  ],
  long_path: ['has a path that is too long for the system', 'Give a shorter ledger.url.'],
  not_a_file: ['is not a file', 'Give a ledger.url that names one: a folder, a device or a pipe keeps no records.'],
  cannot_open: ['cannot be opened', 'Check the path and the permissions of the file and its directory.'],
  corrupt: ['is damaged', 'Stop the proxy, keep a copy, restore a backup or start with another ledger.url.'],
  io: ['cannot be written or read: the disk failed', 'Look at the log of the system; check the disk and its quota.'],
  overloaded: ['cannot keep up', 'Move the ledger to a faster disk, or set ledger.durability: process.'],
  stopped: ['is closed', 'The proxy is stopping, or the thread of the ledger died: its log says which.'],
  unknown: ['failed for a reason of its own', 'Report it with the log: it is a defect.'],
  altered: ['holds content that its records do not name', 'Find out who writes the file; restore a backup of it.'],
  conflict: ['has this record already, or lacks the one before it', 'Report it with the request id: it is a defect.'],
} as const satisfies Record<string, readonly [sentence: string, remedy: string]>;

export type LedgerCause = keyof typeof LEDGER_CAUSES;

/** A ledger that cannot be opened or used. The message names file, cause and remedy, for the person who runs it. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly reason: LedgerCause;
  readonly detail: string | undefined;

  /** @param options `detail`: numbers that go with the sentence */
  constructor(reason: LedgerCause, file: string, options: { cause?: unknown; detail?: string | undefined } = {}) {
    const [sentence, remedy] = LEDGER_CAUSES[reason];
    const { detail } = options;
    super(`The ledger ${file} ${sentence}${detail === undefined ? '' : ` ${detail}`}. ${remedy}`, options);
    this.reason = reason;
    this.detail = detail;
  }
}

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const BY_RESULT_CODE: Readonly<Record<number, LedgerCause>> = {
  3: 'read_only', // SQLITE_PERM
  5: 'locked', // SQLITE_BUSY
  6: 'locked', // SQLITE_LOCKED
  8: 'read_only', // SQLITE_READONLY
  10: 'io', // SQLITE_IOERR
  11: 'corrupt', // SQLITE_CORRUPT
  13: 'disk_full', // SQLITE_FULL
  14: 'cannot_open', // SQLITE_CANTOPEN
  19: 'conflict', // SQLITE_CONSTRAINT
  26: 'not_a_ledger', // SQLITE_NOTADB
};

/** The cause behind an error of `node:sqlite`; null when it is not one: then it is a defect of ours. */
export function causeOf(error: unknown): LedgerCause | null {
  if (error instanceof LedgerError) return error.reason;
  const code = (error as { errcode?: unknown }).errcode;
  if (typeof code !== 'number') return null;
  // The low byte is the primary code, the rest the extended one.
  return BY_RESULT_CODE[code & 0xff] ?? 'io';
}

/** An id that does not name one exchange. */
export class LookupError extends Error {
  override readonly name = 'LookupError';
}

/** A change did not meet what it was made for: the row is gone, changed meanwhile, or there already. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}
