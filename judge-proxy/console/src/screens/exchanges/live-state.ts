/** What the live tail knows: exchanges that came while the list was open. A pure step; the hook owns the connection. */

import type { ExchangeRow } from '../../../../ledger/read-model/rows.ts';

export interface LiveState {
  /** In the list, newest first. */
  readonly shown: readonly ExchangeRow[];
  /** Came while the reader held the list still: counted, not shown. Newest first. */
  readonly waiting: readonly ExchangeRow[];
  /** Latest state of exchanges, by id. */
  readonly changed: ReadonlyMap<string, ExchangeRow>;
}

export const NOTHING_LIVE: LiveState = { shown: [], waiting: [], changed: new Map() };

/** Rows of a long watch are let go at the end: the list reads them from the server again. */
const MOST = 1_000;

/** Rows came. `isNew` tells an exchange that began after the list was read from one of it that changed. */
export function arrived(
  state: LiveState,
  rows: readonly ExchangeRow[],
  isNew: (row: ExchangeRow) => boolean,
  holds: boolean,
): LiveState {
  const changed = new Map(state.changed);
  for (const row of rows) {
    changed.delete(row.exchange_id);
    changed.set(row.exchange_id, row);
  }
  for (const id of [...changed.keys()].slice(0, Math.max(0, changed.size - MOST))) changed.delete(id);
  const known = new Set([...state.shown, ...state.waiting].map(({ exchange_id }) => exchange_id));
  const fresh = rows.filter((row) => isNew(row) && !known.has(row.exchange_id));
  const newestFirst = [...fresh].sort((a, b) => b.opened_seq - a.opened_seq);
  const next: LiveState = { ...state, changed, waiting: [...newestFirst, ...state.waiting].slice(0, MOST) };
  return holds ? next : released(next);
}

/** What waited goes into the list. */
export function released(state: LiveState): LiveState {
  if (state.waiting.length === 0) return state;
  return { ...state, shown: [...state.waiting, ...state.shown].slice(0, MOST), waiting: [] };
}
