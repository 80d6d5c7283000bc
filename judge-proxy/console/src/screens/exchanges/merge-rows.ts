import type { ExchangeRow, FoundExchange } from '../../../../ledger/read-model/rows.ts';

/**
 * One list of what was read page by page and what came live: newest first, each exchange once, in its latest state.
 * `fresh`: newest first. Pure.
 */
export function mergeRows(
  fresh: readonly ExchangeRow[],
  pages: readonly FoundExchange[],
  changed: ReadonlyMap<string, ExchangeRow>,
): readonly FoundExchange[] {
  const seen = new Set<string>();
  const merged: FoundExchange[] = [];
  for (const row of [...fresh.map((one) => ({ ...one, snippet: null })), ...pages]) {
    if (seen.has(row.exchange_id)) continue;
    seen.add(row.exchange_id);
    const now = changed.get(row.exchange_id);
    merged.push(now === undefined ? row : { ...now, snippet: row.snippet });
  }
  return merged;
}
