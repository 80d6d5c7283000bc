/** One replay: what it will cost, then the questions, each result kept as it comes, and the difference at the end. */

import { randomBytes } from 'node:crypto';
import { priceKey } from '../../config/price-key.ts';
import type { Config } from '../../config/schema.ts';
import { type ReplayCase, replayCase, replayWithoutModel } from '../../judge/replay.ts';
import { failurePolicies } from '../../policy/failure-policy.ts';
import { type Bound, defaultBound } from '../../replays/bound.ts';
import { isAnswered, Tally } from '../../replays/diff.ts';
import { type Estimate, Estimator } from '../../replays/estimate.ts';
import { afterOf, lineOf, type ReplayLine } from '../../replays/line.ts';
import { ReplayRun } from '../../replays/run.ts';
import { type SelectableLedger, selectExchanges } from '../../replays/select.ts';
import { systemClock } from '../../telemetry/clock.ts';
import { CommandError, type CommandIo } from '../command.ts';
import type { OneJudge } from '../judging/one-judge.ts';
import { createCounter, createProgress, type Progress } from '../judging/progress.ts';
import type { ReplayOptions } from './options.ts';
import type { ReplayReport } from './report.ts';
import type { ReplayFile } from './results.ts';

export interface ReplayParts {
  readonly options: Pick<ReplayOptions, 'selection' | 'maxUsd' | 'out'>;
  readonly config: Pick<Config, 'judges' | 'routes' | 'on_judge_failure' | 'prices'>;
  readonly concurrency: number;
  readonly asked: OneJudge;
  readonly reader: SelectableLedger;
  readonly ledgerUrl: string;
  /** The newest record when the replay began: what is written meanwhile is not looked at. */
  readonly upToSeq: number;
  readonly file: ReplayFile;
}

export class Replay {
  readonly #parts: ReplayParts;
  readonly #io: CommandIo;
  readonly #onFailure: ReturnType<typeof failurePolicies>;
  readonly #tally = new Tally();
  readonly #counts = { answered: 0, fromFile: 0 };

  /** @throws {CommandError} when the judge cannot ask, or its price is not known and there is a bound */
  constructor(parts: ReplayParts, io: CommandIo) {
    this.#parts = parts;
    this.#io = io;
    this.#onFailure = failurePolicies(parts.config);
    checkAskable(parts);
  }

  /** Reads all that fits once. Ends early when it is interrupted. */
  async estimate(): Promise<Estimate> {
    const { asked, config, file } = this.#parts;
    const estimator = new Estimator(asked.judge, config.prices);
    const counter = createCounter(this.#io.stderr, 'exchanges read', systemClock);
    for await (const replay of this.#cases()) {
      if (this.#io.signal.aborted) break;
      counter.step();
      if (replay.unusable !== null) estimator.add('unusable');
      else if (file.has(this.#line(replay))) estimator.add('in_file');
      else if (replay.document === null || replayWithoutModel(replay, asked.judge) !== null) estimator.add('no_model');
      else estimator.addQuestion(replay.document, replay.before);
    }
    counter.end();
    return estimator.estimate();
  }

  /** @returns null when it was interrupted */
  async judge(estimate: Estimate): Promise<ReplayReport | null> {
    const { asked, config, concurrency, file } = this.#parts;
    const { signal } = this.#io;
    const bound = this.bound(estimate);
    const run = new ReplayRun({
      ...{ judge: asked.judge, prices: config.prices, concurrency, bound },
      ...{ clock: systemClock, randomBytes, signal },
    });
    const total = estimate.exchanges - estimate.unusable;
    const progress = createProgress(this.#io.stderr, total, estimate.in_file, systemClock);
    try {
      await run.forEach(this.#cases(), async (replay) => {
        const line = this.#line(replay);
        const known = replay.unusable === null ? file.after(line) : null;
        if (known === null) return this.#judgeOne(replay, line, run, progress);
        this.#counts.fromFile += 1;
        this.#note({ ...line, after: known });
      });
    } finally {
      progress.end();
    }
    return signal.aborted ? null : this.#report(estimate, run);
  }

  /** What this run may spend. */
  bound(estimate: Estimate): Bound {
    const { maxUsd } = this.#parts.options;
    return maxUsd === undefined ? defaultBound(estimate) : { usd: maxUsd, tokens: null };
  }

  async #judgeOne(replay: ReplayCase, line: ReplayLine, run: ReplayRun, progress: Progress): Promise<void> {
    if (replay.unusable !== null) return this.#keep(line);
    const verdict = await run.judge(replay, line.on_failure);
    if (verdict === null) return;
    const after = afterOf(verdict);
    progress.step(!isAnswered(after));
    this.#keep({ ...line, after });
  }

  #keep(line: ReplayLine): void {
    this.#parts.file.append(line);
    this.#note(line);
  }

  #note(line: ReplayLine): void {
    if (line.after !== null && line.after.output_mode !== null && isAnswered(line.after)) this.#counts.answered += 1;
    this.#tally.add(line);
  }

  async *#cases(): AsyncGenerator<ReplayCase, undefined> {
    const { reader, options, upToSeq } = this.#parts;
    for await (const view of selectExchanges(reader, options.selection, upToSeq + 1)) {
      const replay = replayCase(view);
      if (replay !== null) yield replay;
    }
  }

  #line(replay: ReplayCase): ReplayLine {
    const { judge, endpoint, smallEndpoint } = this.#parts.asked;
    const by = { judge: judge.hash, endpoint, small_endpoint: smallEndpoint };
    return lineOf(replay, by, this.#onFailure(replay.opened.route, replay.subject));
  }

  #report(estimate: Estimate, run: ReplayRun): ReplayReport {
    const { asked, options, ledgerUrl, upToSeq } = this.#parts;
    const { judge, endpoint, smallEndpoint } = asked;
    const { name, version, hash } = judge.rubric;
    return {
      judge: {
        ...{ name: judge.name, hash: judge.hash, rubric: { name, version, hash } },
        ...{ model: judge.model?.name ?? null, endpoint },
        ...{ small_model: judge.smallModel?.name ?? null, small_endpoint: smallEndpoint },
      },
      ...{ ledger: ledgerUrl, up_to_seq: upToSeq, estimate },
      diff: this.#tally.diff(),
      ...{ spent: run.spent, answered: this.#counts.answered, from_file: this.#counts.fromFile },
      stopped: run.spentBound,
      out: options.out,
    };
  }
}

function checkAskable({ asked: { judge }, config, options }: ReplayParts): void {
  const given = config.judges[judge.name]?.model;
  if (given !== undefined && judge.model === null) {
    throw new CommandError(`The model of judge '${judge.name}' has no api_key: it cannot be asked.`);
  }
  if (options.maxUsd === undefined) return;
  const unpriced = [judge.smallModel, judge.model].filter(
    (model) => model !== null && priceKey(config.prices, model.name) === null,
  );
  const [first] = unpriced;
  if (first != null) {
    throw new CommandError(`--max-usd cannot be kept: the price of ${first.name} is not known (prices).`);
  }
}
