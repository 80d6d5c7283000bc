/** `review list`: verdicts and, between them, the exchanges that have none. */

import type { LedgerReader, LedgerStats, UnjudgedExchange } from '../../ledger/ledger.ts';
import type { Verdict } from '../../ledger/records.ts';
import type { CommandIo } from '../command.ts';
import { oneLine, preview } from '../terminal-text.ts';
import type { ReviewOptions } from './options.ts';
import { actionWord, clockTime, coverageMark, modeWord, NOT_JUDGED, type Paint, verdictMark } from './paint.ts';
import { type Cell, lastWidth, table } from './table.ts';
import { whyUnjudged } from './why-unjudged.ts';

/** Leading characters of an id that tell apart even the ids of one millisecond (time and counter, RFC 9562 §6.2). */
export const SHORT_ID = 26;
/** Rows have three lines. */
const LINES = 3;

const HEAD = ['TIME (UTC), ID, CLIENT', 'VERDICT', 'COVERAGE', 'ROUTE, HOST, MODEL', 'LATEST USER MESSAGE'];
const WIDTHS = [27, 26, 24, 24];

type Row =
  | { readonly seq: number; readonly verdict: Verdict }
  | { readonly seq: number; readonly unjudged: UnjudgedExchange };

/** One page, newest first. */
export async function list(reader: LedgerReader, options: ReviewOptions, io: CommandIo, paint: Paint): Promise<void> {
  const { rows, before } = await page(reader, options);
  const stats = await reader.stats();
  if (options.json) {
    const verdicts = rows.flatMap((row) => ('verdict' in row ? [row.verdict] : []));
    const unjudged = rows.flatMap((row) => ('unjudged' in row ? [row.unjudged] : []));
    io.stdout.write(`${JSON.stringify({ verdicts, unjudged, stats, before })}\n`);
    return;
  }
  if (rows.length === 0) io.stdout.write('No exchange fits.\n');
  else io.stdout.write(`${exchangeTable(rows, io, paint)}\n`);
  if (before !== null) io.stdout.write(`Older ones: add --before ${before}\n`);
  io.stdout.write(`${summary(stats, paint)}\n`);
}

async function page(reader: LedgerReader, { limit, before, filters }: ReviewOptions) {
  const cursor = before === undefined ? {} : { before_seq: before };
  const { label, min_severity, ...names } = filters;
  const verdicts = await reader.verdicts({ ...filters, ...cursor, limit });
  // Without a verdict an exchange has neither label nor severity.
  const filtersVerdict = label !== undefined || min_severity !== undefined;
  const unjudged = filtersVerdict ? [] : await reader.unjudged({ ...names, ...cursor, limit });
  const rows: Row[] = [
    ...verdicts.map((verdict) => ({ seq: verdict.seq, verdict })),
    ...unjudged.map((exchange) => ({ seq: exchange.seq, unjudged: exchange })),
  ].sort((a, b) => b.seq - a.seq);
  const shown = rows.slice(0, limit);
  // A full page may have more behind it; the next one says so if not.
  return { rows: shown, before: shown.length === limit ? (shown.at(-1)?.seq ?? null) : null };
}

function exchangeTable(rows: readonly Row[], io: CommandIo, paint: Paint): string {
  const messageLength = LINES * (lastWidth(WIDTHS, io) - 4);
  const cells = rows.map((row) =>
    'verdict' in row ? verdictCells(row.verdict, messageLength) : unjudgedCells(row.unjudged),
  );
  return table(HEAD, WIDTHS, cells, io, paint);
}

function verdictCells(verdict: Verdict, messageLength: number): Cell[] {
  const { decided_by, state, coverage, latest_user_message } = verdict;
  const model = verdict.model_returned ?? verdict.model_requested ?? verdict.api;
  return [
    whoCell(verdict),
    [verdictMark(verdict), `${actionWord(verdict)} · ${modeWord(verdict)}`, `${decided_by} / ${state}`],
    [coverageMark(coverage), ...coverage.reasons],
    whereCell(verdict, model),
    [preview(latest_user_message ?? '', messageLength)],
  ];
}

function unjudgedCells(exchange: UnjudgedExchange): Cell[] {
  const { opened, completed } = exchange;
  const model = completed?.model_returned ?? completed?.model_requested ?? `${opened.method} ${opened.path}`;
  return [
    whoCell(opened),
    [{ text: 'no verdict', style: ['yellow', 'bold'] }, completed?.outcome ?? ''],
    [NOT_JUDGED, whyUnjudged(exchange)],
    whereCell(opened, model),
    [],
  ];
}

function whoCell({ ts, exchange_id, client }: { ts: string; exchange_id: string; client: string }): Cell {
  return [clockTime(ts), oneLine(exchange_id.slice(0, SHORT_ID)), preview(client, 60)];
}

function whereCell({ route, host }: { route: string; host: string }, model: string): Cell {
  return [oneLine(route), oneLine(host), preview(model, 60)];
}

/** The whole ledger in two lines. */
export function summary(stats: LedgerStats, paint: Paint): string {
  const { exchanges, judged_full, judged_partial, judged_none, open, jobs, unjudged, connections } = stats;
  const { request_verdicts } = stats;
  const never = judged_none + Math.max(0, unjudged - open - jobs);
  const parts = [
    `${exchanges} exchange${exchanges === 1 ? '' : 's'}`,
    `${judged_full} judged in full`,
    `${judged_partial} in part`,
    never > 0 ? paint(['yellow', 'bold'], `${never} NOT JUDGED`) : '0 not judged',
    `${jobs} waiting`,
    `${open} under way`,
    ...(request_verdicts === 0
      ? []
      : [`${request_verdicts} request${request_verdicts === 1 ? '' : 's'} judged beforehand`]),
  ];
  return `${parts.join(' · ')}\n${connections} connection${connections === 1 ? '' : 's'} relayed unread or refused: list --connections`;
}
