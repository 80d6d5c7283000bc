/** `npm run replay`: recorded exchanges before another judge, or the same one, and what would change. */

import { openReader } from '../ledger/reader.ts';
import { systemClock } from '../telemetry/clock.ts';
import type { CommandIo } from './command.ts';
import { asUnwritable } from './judging/line-file.ts';
import { buildOneJudge } from './judging/one-judge.ts';
import { DEFAULT_CONFIG, guarded, readConfig } from './options.ts';
import { confirmed } from './replay/confirm.ts';
import { readReplayOptions } from './replay/options.ts';
import { printBound, printEstimate, printReplay } from './replay/print.ts';
import { Replay } from './replay/replay.ts';
import type { ReplayReport } from './replay/report.ts';
import { ReplayFile } from './replay/results.ts';
import { paintFor } from './review/paint.ts';

const HELP = `npm run replay -- --judge NAME  [options]

Judges recorded exchanges again, from exactly the input that was judged (its hash is checked), and says what would newly
block and what would newly pass. The ledger is only read, also while the proxy runs; the results are no verdicts.

  --judge NAME        judge of the configuration, with the policy that is in force: published, or its file
  --rubric FILE       a draft in place of it
  --config FILE       configuration (${DEFAULT_CONFIG})
  --ledger URL        ledger to read (that of the configuration)
  --since TIME, --until TIME
                      exchanges of this time, 2026-01-31 or 2026-01-31T12:00Z (UTC), or 36h or 7d back from now
  --route NAME, --client NAME, --host NAME, --api NAME
  --label WORD        whose verdict was clean, violation or undetermined
  --limit N           the newest N of them
  --concurrency N     model calls at one time (limits.judge_concurrency)
  --max-usd X         stops when this run has spent so much; calls that are under way end (twice the estimate, in
                      tokens where a price is not known)
  --out FILE          results, one JSON object a line (data/replay/JUDGE-TIME.jsonl). A file that is there is gone on
                      with: what has an answer there is not asked again, but for calls that failed
  --yes               does not ask before money is spent
  --json              the report as JSON, alone on standard output

A model is asked once for each exchange: that costs tokens, which are estimated first. Rules are not run again: what they
found is not in the redacted text any more, and their hits of the day count.

Exit code 0 when all was judged that can be; 1 when the replay failed, when the model answered nothing, or when the ledger
holds another input than the one that was judged; 2 for wrong arguments; 3 when its bound ended it; 130 when it was
interrupted. What was judged is kept for --out.
`;

export async function replay(args: readonly string[], io: CommandIo): Promise<number> {
  return await guarded(io, HELP, async () => {
    const options = readReplayOptions(args, systemClock.now());
    if (options === null) {
      io.stdout.write(HELP);
      return 0;
    }
    const config = await readConfig(options.config, io);
    const concurrency = options.concurrency ?? config.limits.judge_concurrency;
    const asked = buildOneJudge(config, options.judge, concurrency, options.rubric);
    const ledgerUrl = options.ledger ?? config.ledger.url;
    try {
      const reader = openReader(ledgerUrl);
      try {
        if (options.rubric === undefined) tellPublished(await asked.takePublished(reader), options.judge, io);
        using file = new ReplayFile(options.out);
        const head = await reader.head();
        const run = new Replay(
          { options, config, concurrency, asked, reader, ledgerUrl, upToSeq: head?.seq ?? 0, file },
          io,
        );
        return await replayWith(run, options, io);
      } finally {
        await reader.close();
      }
    } catch (error) {
      throw asUnwritable(error, options.out);
    } finally {
      await asked.close();
    }
  });
}

function tellPublished(version: number, judge: string, io: CommandIo): void {
  if (version > 0) io.stderr.write(`Judge ${judge} has policy version ${version}, as published in this ledger.\n`);
}

async function replayWith(run: Replay, options: { out: string; yes: boolean; json: boolean }, io: CommandIo) {
  const estimate = await run.estimate();
  if (io.signal.aborted) return interrupted('Nothing was asked.', io);
  io.stderr.write(printEstimate(estimate, options.out));
  if (estimate.to_ask > 0) io.stderr.write(printBound(run.bound(estimate)));
  if (estimate.to_ask > 0 && !options.yes) {
    if (io.stdin?.isTTY !== true) {
      io.stderr.write('Nothing was asked: without a terminal say --yes.\n');
      return 2;
    }
    const agreed = await confirmed('Ask the model now? [y/N] ', io);
    if (io.signal.aborted) return interrupted('Nothing was asked.', io);
    if (!agreed) {
      io.stderr.write('Nothing was asked.\n');
      return 0;
    }
  }
  const report = await run.judge(estimate);
  if (report === null) {
    return interrupted(`What was judged is in ${options.out}: the same command with --out ${options.out} goes on.`, io);
  }
  io.stdout.write(options.json ? `${JSON.stringify(report)}\n` : printReplay(report, io, paintFor(io)));
  return exitCode(report, io);
}

function interrupted(what: string, io: CommandIo): number {
  io.stderr.write(`\nInterrupted. ${what}\n`);
  return 130;
}

function exitCode({ stopped, answered, estimate, diff, out }: ReplayReport, io: CommandIo): number {
  const { content_altered = 0, input_differs = 0 } = diff.not_judged;
  if (content_altered + input_differs > 0) {
    io.stderr.write('The ledger holds another input than the one that was judged: npm run verify says more.\n');
    return 1;
  }
  if (stopped !== null) {
    io.stderr.write(`Its bound is spent. The same command with --out ${out} goes on with as much again.\n`);
    return 3;
  }
  if (estimate.to_ask > 0 && answered === 0) {
    io.stderr.write('The model gave no usable answer.\n');
    return 1;
  }
  return 0;
}
