/** `review tail`: verdicts as they come. */

import { setTimeout } from 'node:timers/promises';
import type { LedgerReader } from '../../ledger/ledger.ts';
import type { Verdict } from '../../ledger/records.ts';
import type { CommandIo } from '../command.ts';
import { oneLine, preview } from '../terminal-text.ts';
import { SHORT_ID } from './list.ts';
import type { ReviewOptions } from './options.ts';
import { actionWord, clockTime, coverageLine, modeWord, type Paint, painted, verdictMark } from './paint.ts';

/** A look costs one search by key, about 20 µs. */
const LOOK_EVERY_MS = 250;
const PAGE = 200;

/** Shows the last verdicts (--limit), then each new one, until the signal. */
export async function tail(reader: LedgerReader, options: ReviewOptions, io: CommandIo, paint: Paint): Promise<void> {
  const { filters, json, limit } = options;
  const show = (verdict: Verdict) => io.stdout.write(`${json ? JSON.stringify(verdict) : line(verdict, paint)}\n`);
  const last = (await reader.verdicts({ ...filters, limit })).toReversed();
  last.forEach(show);
  // Without a filter's match the whole ledger lies behind: begin at its newest verdict.
  let seq = last.at(-1)?.seq ?? (await reader.verdicts({ limit: 1 }))[0]?.seq ?? 0;
  while (!io.signal.aborted) {
    const fresh = await reader.verdicts({ ...filters, limit: PAGE, after_seq: seq });
    fresh.forEach(show);
    seq = fresh.at(-1)?.seq ?? seq;
    if (fresh.length < PAGE) await setTimeout(LOOK_EVERY_MS, undefined, { signal: io.signal }).catch(() => undefined);
  }
}

function line(verdict: Verdict, paint: Paint): string {
  const { ts, exchange_id, coverage, decided_by, state, route, host, latest_user_message } = verdict;
  return [
    clockTime(ts),
    oneLine(exchange_id.slice(0, SHORT_ID)),
    painted(verdictMark(verdict), paint),
    `${actionWord(verdict)} (${modeWord(verdict)})`,
    coverageLine(coverage, paint),
    `${decided_by}/${state}`,
    `${oneLine(route)} ${oneLine(host)}`,
    preview(latest_user_message ?? '', 60),
  ].join('  ');
}
