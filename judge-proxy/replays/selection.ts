/** Exchanges that a replay on the server is about: newest first, as the read model lists them. */

import { setImmediate } from 'node:timers/promises';
import { type ReplayCase, replayCase } from '../judge/replay.ts';
import type { ExchangeView, LedgerReader } from '../ledger/ledger.ts';
import type { ExchangeFilter, ReadModel } from '../ledger/read-model/rows.ts';

/** The most that the read model gives at one time. */
const PAGE = 200;

/** Ids, at most so many. What is under way is no exchange yet. */
export async function* matchingIds(
  readModel: Pick<ReadModel, 'exchanges'>,
  filter: ExchangeFilter,
  most: number,
): AsyncGenerator<string, undefined> {
  let left = most;
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await readModel.exchanges(filter, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    for (const { exchange_id, outcome } of page.items) {
      if (outcome === null) continue;
      yield exchange_id;
      left -= 1;
      if (left === 0) return;
    }
    cursor = page.next;
  }
}

/** @returns null for one that is under way, waits for its verdict, or is not there (any more) */
export async function caseOf(ledger: Pick<LedgerReader, 'exchange'>, id: string): Promise<ReplayCase | null> {
  // Parsing and hashing are synchronous: traffic has its turn between two of them.
  await setImmediate();
  const view = await ledger.exchange(id);
  return view === null || isWaiting(view) ? null : replayCase(view);
}

function isWaiting({ judged, job }: ExchangeView): boolean {
  return !judged && job !== null;
}
