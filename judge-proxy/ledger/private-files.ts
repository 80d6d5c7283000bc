/**
 * Files of a ledger that everybody can read: earlier versions made them so wherever the umask let them. They are closed
 * when a ledger is opened. What its owner gave to a group alone stays.
 */

import { chmodSync, statSync } from 'node:fs';
import process from 'node:process';
import type { Log } from '../telemetry/log.ts';

/** Anything for those who are neither owner nor in the group. */
const OTHERS = 0o007;

/** What stands beside a SQLite database, as far as it is there. */
export function withSqliteFiles(file: string): readonly string[] {
  return ['', '-wal', '-shm', '-journal'].map((end) => `${file}${end}`);
}

/**
 * Says which files it closed, and of which it could not because they are another user's: with the remedy.
 * @param files those of a ledger that was recognised as one of ours; folders above are left as they are
 * @param uid who runs this; undefined where files have no such modes (Windows)
 */
export function closeToOthers(files: readonly string[], log: Log, uid = process.getuid?.()): void {
  if (uid === undefined) return;
  for (const file of files) {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile() || (stat.mode & OTHERS) === 0) continue;
    if (stat.uid === uid && closed(file)) log.write('warn', 'file_made_private', { file });
    else log.write('warn', 'file_readable_by_others', { file, reason: `its owner has to run: chmod 600 ${file}` });
  }
}

/** False where modes cannot be changed: on a share, for one. */
function closed(file: string): boolean {
  try {
    chmodSync(file, 0o600);
    return true;
  } catch {
    return false;
  }
}
