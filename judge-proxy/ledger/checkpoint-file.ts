/**
 * Files of checkpoints: one line each, appended, never rewritten. A line that a crash or a full disk cut short has no
 * line break; the next one begins on a new line, and readers pass over the rest.
 */

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Checkpoint, readCheckpoint } from './checkpoint.ts';
import { CheckpointError } from './checkpoint-error.ts';

/** A line has some 450 bytes: this holds the last hundred. */
const TAIL_BYTES = 1 << 16;

export interface CheckpointPlaces {
  readonly file: string;
  readonly key: string;
}

/** Absolute paths of checkpoints and key: as given, or beside the ledger and named after it. */
export function checkpointPlaces(
  ledger: string,
  given: { readonly file?: string | undefined; readonly key?: string | undefined } = {},
): CheckpointPlaces {
  return {
    file: resolve(given.file ?? `${ledger}.checkpoints.jsonl`),
    key: resolve(given.key ?? `${ledger}.checkpoints.key`),
  };
}

/**
 * The last checkpoint of a file, null when there is no file or nothing in it.
 * @throws {CheckpointError} `unreadable` for a file of something else, `not_a_file`
 */
export function lastCheckpoint(file: string): Checkpoint | null {
  return lastCheckpoints(file)[0] ?? null;
}

/**
 * The last hundred checkpoints or so, newest first. Each covers more than those before it, unless somebody put an older
 * one behind them.
 * @throws {CheckpointError} as above
 */
export function lastCheckpoints(file: string): readonly Checkpoint[] {
  const text = tail(file);
  if (text === '') return [];
  // What stands behind the last line break was cut short.
  const lines = text.split('\n').slice(0, -1).toReversed();
  const read = lines.map(readCheckpoint).filter((checkpoint) => typeof checkpoint === 'object');
  if (read.length === 0) throw new CheckpointError('unreadable', file);
  return read;
}

/**
 * Appends a line and waits until the disk has it.
 * @param mode of a file that is not there yet, less the umask
 */
export async function appendLine(file: string, line: string, mode = 0o666): Promise<void> {
  await using handle = await open(file, 'a+', mode);
  const { size } = await handle.stat();
  const last = Buffer.alloc(1);
  if (size > 0) await handle.read(last, 0, 1, size - 1);
  const fresh = size === 0 || last.toString() === '\n';
  await handle.appendFile(fresh ? line : `\n${line}`);
  await handle.datasync();
}

function tail(file: string): string {
  // A pipe would make who opens it wait for its other end.
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === false) throw new CheckpointError('not_a_file', file);
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new CheckpointError('unreadable', file, { cause });
  }
  try {
    const { size } = fstatSync(handle);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const read = readSync(handle, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8', 0, read);
  } finally {
    closeSync(handle);
  }
}
