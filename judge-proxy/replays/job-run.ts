/** One replay job: its exchanges one after the other, results kept in batches beside traffic's records. */

import type { Judge } from '../judge/judges.ts';
import type { Prices } from '../judge/prices.ts';
import type { Turns } from '../judge/turns.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Change as TableChange } from '../ledger/tables/statements-of-tables.ts';
import type { Subject } from '../policy/failure-policy.ts';
import type { Clock } from '../telemetry/clock.ts';
import type { BoundName } from './bound.ts';
import type { Change } from './diff.ts';
import { boundOf, type JobRow, type ResultRow, resultOf } from './job-rows.ts';
import { afterOf, lineOf } from './line.ts';
import { type OnFailure, ReplayRun, type Spent } from './run.ts';
import { caseOf } from './selection.ts';

export interface JobRunParts {
  readonly ledger: Pick<Ledger, 'append' | 'rows' | 'exchange'>;
  readonly onFailure: (route: string, subject?: Subject) => OnFailure;
  readonly prices: Prices;
  /** Those of traffic: a job asks in spare ones. */
  readonly turns: Turns;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Uint8Array;
}

/** `done`: all was judged that could be. */
export type JobRunEnd = 'done' | BoundName | 'stopped';

/** Questions at one time; turns bound them further. */
const LANES = 4;
/** Results of one write, and how long the first of them waits for the others. */
const BATCH = 64;
const FLUSH_MS = 1_000;

export class JobRun {
  readonly #parts: JobRunParts;
  readonly #job: JobRow;
  readonly #judge: Judge;
  readonly #abort = new AbortController();
  readonly #counts = new Map<Change, number>();
  readonly #run: ReplayRun;
  #stopped = false;
  #waiting: TableChange[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Writes follow each other: progress never goes back. */
  #writes: Promise<void> = Promise.resolve();

  constructor(job: JobRow, judge: Judge, parts: JobRunParts) {
    const { prices, clock, randomBytes, turns } = parts;
    this.#job = job;
    this.#judge = judge;
    this.#parts = parts;
    this.#run = new ReplayRun({
      ...{ judge, prices, clock, randomBytes, turns, concurrency: LANES, bound: boundOf(job) },
      signal: this.#abort.signal,
      spent: JSON.parse(job.spent) as Spent,
    });
  }

  /** Gives up what is open. What was judged is kept. */
  stop(): void {
    this.#stopped = true;
    this.#abort.abort();
  }

  /** Judges what has no result yet. Rejects when the ledger cannot be read or written. */
  async run(): Promise<JobRunEnd> {
    try {
      await this.#run.forEach(await this.#pending(), (id) => this.#judgeOne(id));
    } finally {
      clearTimeout(this.#timer);
      await this.#flush();
    }
    return this.#stopped ? 'stopped' : (this.#run.spentBound ?? 'done');
  }

  /** Calls that failed are made again. */
  async #pending(): Promise<AsyncGenerator<string, undefined>> {
    const { ledger } = this.#parts;
    const { job_id } = this.#job;
    const [[row], results, counts] = await Promise.all([
      ledger.rows<{ selection: string }>('replaySelection', job_id),
      ledger.rows<{ exchange_id: string }>('replayResultIds', job_id),
      ledger.rows<{ change: Change; count: number }>('replayResultCounts', job_id),
    ]);
    for (const { change, count } of counts) if (change !== 'failed') this.#counts.set(change, count);
    const known = new Set(results.map(({ exchange_id }) => exchange_id));
    const ids = JSON.parse(row?.selection ?? '[]') as readonly string[];
    return unknownOf(ids, known);
  }

  async #judgeOne(id: string): Promise<void> {
    const { ledger, onFailure } = this.#parts;
    const replay = await caseOf(ledger, id);
    // Erased as a whole: nothing of it is kept here either.
    if (replay === null) return this.#count('not_judged');
    const policy = onFailure(replay.opened.route, replay.subject);
    const line = lineOf(replay, { judge: this.#judge.hash, endpoint: null, small_endpoint: null }, policy);
    if (replay.unusable !== null) return this.#keep(resultOf(line), false);
    const verdict = await this.#run.judge(replay, policy);
    if (verdict === null) return;
    this.#keep(resultOf({ ...line, after: afterOf(verdict) }), replay.inputSha256 !== null);
  }

  /** @param ofContent it was judged from content, which may have been erased meanwhile */
  #keep({ exchange_id, change, line }: ResultRow, ofContent: boolean): void {
    const { job_id } = this.#job;
    const values = [job_id, exchange_id, change, line, exchange_id, ofContent ? 1 : 0, exchange_id] as const;
    this.#waiting.push(['insertReplayResult', ...values]);
    this.#count(change);
    if (this.#waiting.length >= BATCH) void this.#flush().catch(() => this.stop());
    else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => void this.#flush().catch(() => this.stop()), FLUSH_MS);
    }
  }

  #count(change: Change): void {
    this.#counts.set(change, (this.#counts.get(change) ?? 0) + 1);
  }

  /** Results and progress in one transaction. Rejects when an earlier one could not be written, too. */
  #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const results = this.#waiting.splice(0);
    const done = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    const [spent, counts] = [JSON.stringify(this.#run.spent), JSON.stringify(Object.fromEntries(this.#counts))];
    const note = ['noteReplayJob', done, spent, counts, this.#job.job_id] as const;
    this.#writes = this.#writes.then(async () => {
      await this.#parts.ledger.append([], [...results, note]);
    });
    // Whoever waits for the last one hears of it.
    this.#writes.catch(() => undefined);
    return this.#writes;
  }
}

async function* unknownOf(ids: readonly string[], known: ReadonlySet<string>): AsyncGenerator<string, undefined> {
  for (const id of ids) if (!known.has(id)) yield id;
}
