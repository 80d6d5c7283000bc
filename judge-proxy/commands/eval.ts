/** `npm run eval`: how well a judge does on labelled pairs, and what it costs. */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeFolder } from '../../certs-tool/make-folder.ts';
import type { Config } from '../config/schema.ts';
import { systemClock, timestamp } from '../telemetry/clock.ts';
import { CommandError, type CommandIo } from './command.ts';
import { buildCard } from './eval/card.ts';
import { cardHtml } from './eval/card-html.ts';
import { type Card, readCard } from './eval/card-schema.ts';
import { compareCards } from './eval/compare.ts';
import { type EvalOptions, readEvalOptions } from './eval/options.ts';
import { type Pair, readPairs } from './eval/pairs.ts';
import { type Prepared, preparePairs } from './eval/prepare.ts';
import { printCard } from './eval/print-card.ts';
import { isAnswered, isSettled, type Result, readResults, resultKey } from './eval/results.ts';
import { judgePairs } from './eval/run-judge.ts';
import { asUnwritable, LineFile } from './judging/line-file.ts';
import { buildOneJudge, type OneJudge } from './judging/one-judge.ts';
import { createProgress } from './judging/progress.ts';
import { DEFAULT_CONFIG, guarded, readConfig } from './options.ts';
import { paintFor } from './review/paint.ts';

const HELP = `npm run eval -- --judge NAME --data FILE.jsonl  [options]

Judges labelled pairs with a judge of the configuration, by the same path as traffic (rules, redaction, prompt, model,
checks, decision), and makes a card: how often it was right, how long it took, what it cost.

  --judge NAME        judge of the configuration
  --data FILE         labelled pairs, one JSON object a line (test/data/README.md); ours: test/data/pairs.jsonl
  --config FILE       configuration (${DEFAULT_CONFIG})
  --out FOLDER        where results.jsonl, card.json and card.html are put (data/eval/NAME)
  --against CARD      card.json of an earlier run: what has changed
  --limit N           the first N pairs only
  --concurrency N     model calls at one time (limits.judge_concurrency)
  --resume            goes on with the results in FOLDER; what is there is not asked again, but for calls that failed
  --json              the card as JSON, alone on standard output

A model is asked once for each pair: that costs tokens. Without a key rules alone judge, and the card says so.

Exit code 0 when there is a card; 1 when there is none, or when the model answered nothing; 2 for wrong arguments;
130 when it was interrupted: what was judged is kept for --resume.
`;

/** Of the bootstrap: fixed, so that a card can be made again. */
const SEED = 1;
const RESAMPLES = 1_000;

export async function evaluate(args: readonly string[], io: CommandIo): Promise<number> {
  return await guarded(io, HELP, async () => {
    const options = readEvalOptions(args);
    if (options === null) {
      io.stdout.write(HELP);
      return 0;
    }
    const config = await readConfig(options.config, io);
    const earlier = options.against === undefined ? null : readCard(options.against);
    const pairs = (await readPairs(options.data)).slice(0, options.limit);
    const concurrency = options.concurrency ?? config.limits.judge_concurrency;
    const asked = buildOneJudge(config, options.judge, concurrency);
    try {
      return await evaluateWith({ options, config, asked, pairs, concurrency, earlier }, io).catch((error: unknown) => {
        throw asUnwritable(error, options.out);
      });
    } finally {
      await asked.close();
    }
  });
}

interface Run {
  readonly options: EvalOptions;
  readonly config: Config;
  readonly asked: OneJudge;
  readonly pairs: readonly Pair[];
  readonly concurrency: number;
  readonly earlier: Card | null;
}

async function evaluateWith(run: Run, io: CommandIo): Promise<number> {
  const { options } = run;
  const { judge, endpoint, smallEndpoint } = run.asked;
  const prepared = await preparePairs(run.pairs, { rules: judge.rules, limits: run.config.limits });
  makeFolder(options.out);
  const results = await judgeAll(run, prepared, io);
  if (results === null) {
    io.stderr.write(`Interrupted. What was judged is in ${options.out}: --resume goes on with it.\n`);
    return 130;
  }
  const card = buildCard({
    judge: {
      name: judge.name,
      hash: judge.hash,
      rubric: { name: judge.rubric.name, version: judge.rubric.version, hash: judge.rubric.hash },
      rules: [...judge.rules],
      model: judge.model?.name ?? null,
      endpoint,
      small_model: judge.smallModel?.name ?? null,
      small_endpoint: smallEndpoint,
    },
    criteria: judge.rubric.criteria.map(({ id }) => id),
    file: basename(options.data),
    judged: prepared.flatMap(({ pair }, index) => {
      const result = results[index];
      return result === undefined ? [] : [{ pair, result }];
    }),
    madeAt: timestamp(systemClock),
    seed: SEED,
    resamples: RESAMPLES,
  });
  await writeCard(run, card, io);
  if (judge.model === null || results.some(isAnswered)) return 0;
  io.stderr.write('The model gave no usable answer: the card is about rules alone.\n');
  return 1;
}

/** @returns one result a pair, in order; null when it was interrupted */
async function judgeAll(run: Run, prepared: readonly Prepared[], io: CommandIo): Promise<readonly Result[] | null> {
  const { options, config } = run;
  const { judge, endpoint, smallEndpoint } = run.asked;
  const path = join(options.out, 'results.jsonl');
  const known = readResults(path);
  if (known.size > 0 && !options.resume) {
    throw new CommandError(`${options.out} has results already. Go on with them (--resume) or name another --out.`);
  }
  const keyOf = (item: Prepared) =>
    resultKey({
      id: item.pair.id,
      judge: judge.hash,
      endpoint,
      small_endpoint: smallEndpoint,
      input_sha256: item.inputSha256,
    });
  const settled = (item: Prepared) => {
    const result = known.get(keyOf(item));
    return result !== undefined && isSettled(result);
  };
  const open = prepared.filter((item) => !settled(item));
  const progress = createProgress(io.stderr, prepared.length, prepared.length - open.length, systemClock);
  using file = new LineFile<Result>(path);
  await judgePairs(open, {
    judge,
    endpoint,
    smallEndpoint,
    prices: config.prices,
    concurrency: run.concurrency,
    clock: systemClock,
    randomBytes,
    signal: io.signal,
    onResult: (result) => {
      file.append(result);
      known.set(resultKey(result), result);
      progress.step(!isAnswered(result));
    },
  });
  progress.end();
  const results = prepared.flatMap((item) => known.get(keyOf(item)) ?? []);
  return io.signal.aborted || results.length < prepared.length ? null : results;
}

async function writeCard({ options, earlier }: Run, card: Card, io: CommandIo): Promise<void> {
  const comparison = earlier === null ? null : compareCards(earlier, card);
  await writeFile(join(options.out, 'card.json'), `${JSON.stringify(card, null, 2)}\n`, { mode: 0o600 });
  await writeFile(join(options.out, 'card.html'), cardHtml(card, comparison), { mode: 0o600 });
  if (options.json) {
    io.stdout.write(`${JSON.stringify(comparison === null ? card : { ...card, comparison })}\n`);
    return;
  }
  io.stdout.write(printCard(card, comparison, paintFor(io)));
  io.stdout.write(`\n${card.mistakes.length} wrong answers are listed in ${join(options.out, 'card.html')}\n`);
}
