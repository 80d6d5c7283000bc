/** Waiting until lists show what the ledger holds. */

import type { ReadModel } from '../../ledger/read-model/rows.ts';
import { ApiProblem } from '../problems.ts';

/** The index follows within milliseconds; longer than this only while it is made anew. */
const PATIENCE_MS = 5_000;

/**
 * Resolves when everything up to a position can be found.
 * @throws {ApiProblem} `ledger_unavailable` when it takes too long; the reason of the signal when the caller went away
 */
export async function caughtUp(
  readModel: Pick<ReadModel, 'caughtUp' | 'position'>,
  seq: number,
  signal: AbortSignal,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  if (readModel.position >= seq) return;
  const patience = AbortSignal.timeout(patienceMs);
  const ended = Promise.withResolvers<never>();
  const end = () =>
    ended.reject(signal.aborted ? signal.reason : new ApiProblem('ledger_unavailable', 'The index is being made.'));
  const either = AbortSignal.any([signal, patience]);
  if (either.aborted) end();
  either.addEventListener('abort', end);
  try {
    await Promise.race([readModel.caughtUp(seq), ended.promise]);
  } finally {
    either.removeEventListener('abort', end);
  }
}
