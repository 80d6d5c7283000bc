/**
 * Where the last run ended, in a file that is replaced as a whole: a run that dies leaves the old one, and its records
 * come again. It names the ledger and the selection: going on with another one would leave records out in silence.
 */

import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { ChainHead } from '../ledger/ledger.ts';

export interface ExportState extends ChainHead {
  /** What the runs of this file select, as one text. */
  readonly selection: string;
}

const SCHEMA = z.strictObject({
  version: z.literal(1),
  ledger_id: z.string(),
  seq: z.int().nonnegative(),
  hash: z.string(),
  selection: z.string(),
});

/** A state that cannot be read or used. The message names file, cause and remedy. */
export class StateError extends Error {
  override readonly name = 'StateError';
}

/**
 * Null when there is no file yet.
 * @throws {StateError}
 */
export async function readState(file: string): Promise<ExportState | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new StateError(`${file} cannot be read (${code}).`);
  }
  try {
    return SCHEMA.parse(JSON.parse(text));
  } catch {
    throw new StateError(`${file} is no state of an export. Name another file, or delete it to begin from the start.`);
  }
}

/**
 * Position after which a run goes on.
 * @param stands what the ledger holds at the state's position, null when it does not reach so far
 * @throws {StateError} when the state is of another ledger or another selection
 */
export function continueAfter(
  file: string,
  state: ExportState | null,
  selection: string,
  stands: ChainHead | null,
): number {
  if (state === null) return 0;
  if (state.selection !== selection) {
    throw new StateError(`${file} is of an export with other options (${state.selection}). Name a file for each.`);
  }
  // Of an empty ledger there is no record to compare.
  if (state.seq > 0 && (stands === null || stands.ledger_id !== state.ledger_id || stands.hash !== state.hash)) {
    throw new StateError(
      `${file} is of another ledger, or of one that was restored or changed. See npm run verify; name another file to begin from the start.`,
    );
  }
  return state.seq;
}

/**
 * Replaces the file, whole or not at all, also through a power cut.
 * @throws {StateError}
 */
export async function writeState(file: string, state: ExportState): Promise<void> {
  const fresh = `${file}.new`;
  try {
    {
      await using handle = await open(fresh, 'w', 0o600);
      await handle.writeFile(`${JSON.stringify({ version: 1, ...state })}\n`);
      await handle.sync();
    }
    await rename(fresh, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw new StateError(`${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** Makes a rename last. Windows opens no folders. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'EISDIR' && code !== 'EINVAL') throw error;
  }
}
