/** Recorded exchanges that a replay is about, newest first, a page at a time: however many there are. */

import { setImmediate } from 'node:timers/promises';
import type { ExchangeView, LedgerReader, NameFilter } from '../ledger/ledger.ts';
import type { OverallLabel } from '../ledger/records.ts';

export interface Selection {
  readonly names: NameFilter;
  /** Of the recorded verdict; an exchange without one has none. */
  readonly label: OverallLabel | null;
  /** RFC 3339 UTC with milliseconds: the exchange began then or later. */
  readonly since: string | null;
  /** The exchange began before. */
  readonly until: string | null;
  /** This many, the newest. */
  readonly limit: number;
}

export type SelectableLedger = Pick<LedgerReader, 'verdicts' | 'unjudged' | 'exchange'>;

/** Small enough that a page of long verdicts is no weight, large enough that the query is none. */
const PAGE = 200;
const PAUSE_AFTER = 20;

/**
 * @param before only records with a smaller seq: with the same value two passes find the same exchanges, whatever is
 *   written meanwhile
 */
export async function* selectExchanges(
  ledger: SelectableLedger,
  selection: Selection,
  before: number,
): AsyncGenerator<ExchangeView> {
  const { since, until } = selection;
  let left = selection.limit;
  let read = 0;
  for await (const id of exchangeIds(ledger, selection, before)) {
    // Reading is synchronous: without a pause neither Ctrl-C nor an answer of a model would be heard.
    if (++read % PAUSE_AFTER === 0) await setImmediate();
    const view = await ledger.exchange(id);
    if (view === null || (since !== null && view.opened.ts < since) || (until !== null && view.opened.ts >= until)) {
      continue;
    }
    yield view;
    left -= 1;
    if (left <= 0) return;
  }
}

interface Found {
  readonly seq: number;
  readonly id: string;
}

/** Each once, by the place of the verdict, or of the last record where there is none. */
async function* exchangeIds(ledger: SelectableLedger, selection: Selection, before: number): AsyncGenerator<string> {
  const judged = judgedExchanges(ledger, selection, before);
  // An exchange without a verdict has no label.
  const others = selection.label === null ? unjudgedExchanges(ledger, selection, before) : nothing();
  let [one, other] = await Promise.all([judged.next(), others.next()]);
  while (one.done !== true || other.done !== true) {
    if (other.done === true || (one.done !== true && one.value.seq > other.value.seq)) {
      if (one.done !== true) yield one.value.id;
      one = await judged.next();
    } else {
      yield other.value.id;
      other = await others.next();
    }
  }
}

async function* nothing(): AsyncGenerator<Found, undefined> {}

async function* judgedExchanges(
  ledger: SelectableLedger,
  { names, label, since }: Selection,
  before: number,
): AsyncGenerator<Found, undefined> {
  for (let before_seq = before; ; ) {
    const page = await ledger.verdicts({ ...names, ...(label === null ? {} : { label }), before_seq, limit: PAGE });
    for (const { seq, exchange_id: id, subject } of page) {
      // A verdict on a request stands for its exchange only where there is no other.
      if (subject !== 'request' || (await standsAlone(ledger, id, seq))) yield { seq, id };
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    // No exchange begins after its verdict. A whole page, because a clock may have been set back a little.
    if (since !== null && page.every(({ ts }) => ts < since)) return;
    before_seq = last.seq;
  }
}

async function standsAlone(ledger: SelectableLedger, id: string, seq: number): Promise<boolean> {
  const view = await ledger.exchange(id);
  return view?.completed?.outcome === 'blocked' && view.verdicts.every((verdict) => verdict.seq === seq);
}

/** On routes that have no judge. What waits for its verdict will have one, and what is under way is no exchange yet. */
async function* unjudgedExchanges(
  ledger: SelectableLedger,
  { names }: Selection,
  before: number,
): AsyncGenerator<Found, undefined> {
  for (let before_seq = before; ; ) {
    const page = await ledger.unjudged({ ...names, before_seq, limit: PAGE });
    for (const { seq, opened, completed, waiting } of page) {
      if (completed !== null && !waiting) yield { seq, id: opened.exchange_id };
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    before_seq = last.seq;
  }
}
