/**
 * Exchanges as they come and change, for one watcher. A watcher that reads slowly gets the newest state of each exchange,
 * not every state; and of more exchanges than are kept for it the newest: a list that follows shows no others.
 */

import type { ExchangeRow, ReadModel } from '../../ledger/read-model/rows.ts';

/** Exchanges kept for a watcher at most: rows have about 1 KiB. */
const KEPT = 500;
/** Rows of one batch at most. */
const BATCH = 200;

/** Watches from the moment of the call. Ends when the signal does, or the watcher stops reading. */
export function liveRows(
  readModel: Pick<ReadModel, 'onChange'>,
  wanted: (row: ExchangeRow) => boolean,
  signal: AbortSignal,
): AsyncGenerator<readonly ExchangeRow[]> {
  const kept = new Map<string, ExchangeRow>();
  let wake = Promise.withResolvers<void>();
  const unsubscribe = readModel.onChange((rows) => {
    for (const row of rows) if (wanted(row)) keep(kept, row);
    if (kept.size > 0) wake.resolve();
  });
  const end = () => {
    unsubscribe();
    wake.resolve();
  };
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  return batches();

  async function* batches(): AsyncGenerator<readonly ExchangeRow[]> {
    try {
      while (!signal.aborted) {
        await wake.promise;
        wake = Promise.withResolvers();
        while (kept.size > 0 && !signal.aborted) yield take(kept);
      }
    } finally {
      signal.removeEventListener('abort', end);
      unsubscribe();
    }
  }
}

/** The newest state, at the end of the line; without the oldest when there are too many. */
function keep(kept: Map<string, ExchangeRow>, row: ExchangeRow): void {
  kept.delete(row.exchange_id);
  kept.set(row.exchange_id, row);
  if (kept.size <= KEPT) return;
  const [oldest] = kept.keys();
  if (oldest !== undefined) kept.delete(oldest);
}

function take(kept: Map<string, ExchangeRow>): readonly ExchangeRow[] {
  const batch = [...kept.values()].slice(0, BATCH);
  for (const { exchange_id } of batch) kept.delete(exchange_id);
  return batch;
}
