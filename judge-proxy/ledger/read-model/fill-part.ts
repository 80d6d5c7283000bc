/** Makes a part of the words anew of what the ledger still holds of it, some exchanges at a time. */

import type { LedgerSource } from './ledger-source.ts';
import type { Store } from './store.ts';
import { keptWords } from './transcript-words.ts';
import { rangeOf } from './word-parts.ts';

/** Exchanges of one transaction: reviewers wait for the ledger's next records behind it. */
const EXCHANGES = 500;

const NEXT = `
  SELECT seq, completed_seq, request_seq FROM exchanges
  WHERE seq > ? AND seq <= ? AND completed_seq IS NOT NULL ORDER BY seq LIMIT ?`;

interface Places {
  readonly seq: number;
  readonly completed_seq: number;
  readonly request_seq: number | null;
}

export function fillPart(
  store: Store,
  source: LedgerSource,
  next: { readonly part: number; readonly filled: number },
): void {
  const end = rangeOf(next.part)[1];
  const exchanges = store.sql(NEXT).all(next.filled, end, EXCHANGES) as unknown as Places[];
  const words = new Map<number, string>();
  for (const { seq, completed_seq, request_seq } of exchanges) {
    const content = source.content(completed_seq) ?? (request_seq === null ? null : source.content(request_seq));
    const text = content === null ? '' : keptWords(content).text;
    if (text !== '') words.set(seq, text);
  }
  const isAll = exchanges.length < EXCHANGES;
  store.wordParts.fill(next.part, words, isAll ? null : (exchanges.at(-1)?.seq ?? end));
}
