/** `npm run export`: the records of a ledger for other systems. Read-only, also while the proxy runs. */

import { UnreadableRecord } from '../exports/record.ts';
import { exportText } from '../exports/run-export.ts';
import { continueAfter, readState, StateError, writeState } from '../exports/state.ts';
import type { ChainHead } from '../ledger/ledger.ts';
import { openRecordPages, type RecordPages } from '../ledger/record-pages.ts';
import { systemClock } from '../telemetry/clock.ts';
import { CommandError, type CommandIo } from './command.ts';
import { type ExportArguments, readExportArguments } from './export-options.ts';
import { writeOut } from './export-output.ts';
import { guarded } from './options.ts';
import { createVerifyProgress } from './verify-progress.ts';

const HELP = `npm run --silent export -- --format FORMAT [options]

Writes the records of the ledger as other systems read them, oldest first, up to the last one at the start of the run.

  --format jsonl      records unchanged, one a line
  --format csv        for spreadsheets: a closed list of columns
  --format ocsf       Detection Finding (2004) for verdicts that found or stopped something; API Activity (6003) for
                      exchanges
  --format otlp       OpenTelemetry logs: gen_ai.evaluation.result, one event for each criterion and one for the whole
  --format elastic    documents of the Elastic Common Schema
  --format hec        events of Splunk's HTTP Event Collector

Options
  --what WORD         verdicts, exchanges, connections, or as jsonl or csv: shadow_verdicts,
                      labels, audit (verdicts)
  --all               ocsf: findings and an API Activity for each exchange
  --strict            ocsf: findings without attributes that the schema has not for them
  --ledger URL        ledger to read ($JUDGE_PROXY_LEDGER, or sqlite:data/ledger.db)
  --config FILE       read the ledger of this configuration instead
  --since TIME, --until TIME
                      2026-01-31 or 2026-01-31T12:00Z (UTC), or 36h or 7d back from now; the second is left out
  --route NAME, --client NAME
  --label WORD        verdicts: clean, violation or undetermined
  --min-severity WORD verdicts: none, low, medium, high, critical
  --out FILE          a file that does not exist yet, packed when it ends with .gz (standard output)
  --after-seq N       records after this position in the ledger
  --state FILE        go on where the last run with this file ended, and note where this one ends: what was not handed
                      over whole comes again, nothing is left out

Exit code 0 done, 1 failed: the state is as before, 2 wrong arguments.
`;

export async function exportRecords(args: readonly string[], io: CommandIo): Promise<number> {
  return await guarded(io, HELP, async () => {
    const options = await readExportArguments(args, io, systemClock.now());
    if (options === null) {
      io.stdout.write(HELP);
      return 0;
    }
    const pages = openRecordPages(options.url);
    try {
      await run(options, pages, io);
      return 0;
    } catch (error) {
      throw told(error, io);
    } finally {
      pages.close();
    }
  });
}

async function run(options: ExportArguments, pages: RecordPages, io: CommandIo): Promise<void> {
  const head = pages.head();
  const after = await startOf(options, pages);
  const upTo = head?.seq ?? 0;
  const progress = createVerifyProgress(io.stderr, systemClock);
  let count = 0;
  const text = exportText({
    ...options,
    ...{ pages, after, upTo },
    progress: (seq, written) => {
      count = written;
      progress.step(Math.max(1, seq - after), Math.max(1, upTo - after));
    },
  });
  await writeOut(text, options.out, io).finally(() => progress.end());
  // Only now: a run that ends before this point is done again.
  if (options.state !== null && head !== null) await writeState(options.state, stateAfter(options, head));
  io.stderr.write(summary(options, count, after, upTo));
}

async function startOf({ state, asked, after }: ExportArguments, pages: RecordPages): Promise<number> {
  if (state === null) return after;
  const last = await readState(state);
  return continueAfter(state, last, asked, last === null ? null : pages.head(last.seq));
}

function stateAfter({ asked }: ExportArguments, { ledger_id, seq, hash }: ChainHead) {
  return { ledger_id, seq, hash, selection: asked };
}

function summary({ out }: ExportArguments, count: number, after: number, upTo: number): string {
  const where = out === null ? '' : ` in ${out}`;
  const range = upTo > after ? `positions ${after + 1} to ${upTo}` : `nothing new after position ${after}`;
  return `${count} ${count === 1 ? 'record' : 'records'} exported${where} (${range}).\n`;
}

/** Failures that the person at the terminal can mend, in the words that are printed. */
function told(error: unknown, io: CommandIo): unknown {
  if (io.signal.aborted) return new CommandError('Stopped before the end: the next run begins where this one did.');
  if (error instanceof StateError || error instanceof UnreadableRecord) return new CommandError(error.message);
  return error;
}
