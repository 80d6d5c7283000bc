/**
 * Takes judgements from the ledger and gives verdicts back. The ledger is the queue: a job is done when its verdict is
 * committed, so a restart repeats what was not. Waiting for the model is bounded; what exceeds it gets its verdict at
 * once, with the state that says so.
 */

import type { Job, Ledger } from '../ledger/ledger.ts';
import type { Coverage, Release, Verdict } from '../ledger/records.ts';
import { type Clock, timestamp } from '../telemetry/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { backoffMs, isLastAttempt } from './backoff.ts';
import { buildVerdict, delivered } from './build-verdict.ts';
import type { Consultant, Consultation } from './consult.ts';
import type { ModelOutcome } from './decide.ts';
import type { JudgeInput } from './input.ts';
import { JobLine, type ModelJob } from './job-line.ts';
import type { Judge } from './judges.ts';
import { GIVEN_UP, isLost, keptInput } from './kept-input.ts';
import { summarize } from './summary.ts';
import { outcomeWithoutModel } from './without-model.ts';

export interface JudgeMetrics {
  /** A verdict is committed. */
  verdict(verdict: Verdict): void;
  /** Jobs that wait to be asked about. */
  judgeQueue(waiting: number): void;
}

export interface JudgeWorkerOptions {
  readonly ledger: Pick<Ledger, 'takeJobs' | 'finishJob' | 'releaseJob' | 'onJob'>;
  /** By name. */
  readonly judges: ReadonlyMap<string, Judge>;
  /** `on_judge_failure` of a route by its name; a route that is gone reviews. */
  readonly onFailure: (route: string) => 'allow' | 'block' | 'review';
  /** `sampling` of a route by its name; 1 for a route that is gone. */
  readonly sampling: (route: string) => number;
  /** `window.release` of a route by its name, null for a route that is gone. */
  readonly release: (route: string) => Release | null;
  /** Shared with the clients that wait, which go first. */
  readonly consultant: Consultant;
  readonly limits: { readonly judge_queue: number; readonly judge_concurrency: number };
  readonly clock: Clock;
  readonly newId: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly log: Log;
  readonly metrics: JudgeMetrics;
}

export interface JudgeWorker {
  /** Resolves when nothing is queued, waiting, running or backing off. */
  idle(): Promise<void>;
  /** Takes no more jobs, gives up calls that are open (they are repeated after the next start), ends commits. */
  close(): Promise<void>;
}

/** Starts at once: what an earlier process left in the queue is taken first. */
export function startJudge(options: JudgeWorkerOptions): JudgeWorker {
  const worker = new Worker(options);
  worker.start();
  return worker;
}

/** Jobs of one round trip to the ledger; their verdicts share a group commit. */
const BATCH = 64;
/** Longer than any job is held: the longest wait is queue ÷ concurrency × timeout, half an hour by default. */
const LEASE_MS = 4 * 3_600_000;
/** Between looks for jobs that were given back and are not due yet. */
const RETAKE_MS = 50;
/** Pause after the ledger failed. */
const LEDGER_PAUSE_MS = 1_000;

/** There is no input of what is kept as metadata alone; its record says how far rules have read it. */
function coverageOfMetadata({ completed }: Job): Coverage | null {
  return completed.recording === 'metadata' ? completed.coverage : null;
}

class Worker implements JudgeWorker {
  readonly #options: JudgeWorkerOptions;
  readonly #abort = new AbortController();
  /** Job ids between taking and committing or releasing. */
  readonly #held = new Set<number>();
  /** Job ids that were given back to be taken again later. */
  readonly #released = new Set<number>();
  readonly #waiting: JobLine;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #open = new Set<Promise<void>>();
  #running = 0;
  #taking = false;
  /** A job was committed while jobs were being taken. */
  #more = false;
  #closed = false;
  #unsubscribe: () => void = () => undefined;
  #idlers: (() => void)[] = [];

  constructor(options: JudgeWorkerOptions) {
    this.#options = options;
    this.#waiting = new JobLine(options.limits.judge_queue, (job) => this.#track(this.#refuse(job)));
  }

  start(): void {
    this.#unsubscribe = this.#options.ledger.onJob(() => this.#wake());
    this.#wake();
  }

  async idle(): Promise<void> {
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => this.#idlers.push(resolve));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    this.#abort.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (let left = this.#waiting.next(); left !== null; left = this.#waiting.next()) {
      this.#track(this.#release(left.job, 0));
    }
    while (this.#open.size > 0) await Promise.all(this.#open);
    this.#settle();
  }

  #wake(): void {
    if (this.#closed) return;
    this.#more = true;
    if (!this.#taking) this.#track(this.#takeAll());
  }

  async #takeAll(): Promise<void> {
    this.#taking = true;
    try {
      while (this.#more && !this.#closed) {
        this.#more = false;
        const jobs = await this.#options.ledger.takeJobs(BATCH, LEASE_MS);
        const fresh = jobs.filter((job) => !this.#held.has(job.job_id));
        if (fresh.length > 0) this.#more = true;
        await Promise.all(fresh.map((job) => this.#accept(job)));
      }
    } catch {
      // The ledger logs its own failures; the jobs are still there.
      this.#later(LEDGER_PAUSE_MS, () => this.#wake());
    } finally {
      this.#taking = false;
      // Timers are a little early sometimes, and the ledger's clock decides what is due.
      if (this.#released.size > 0 && this.#timers.size === 0) this.#later(RETAKE_MS, () => this.#wake());
      this.#settle();
    }
  }

  /** Jobs for the model are queued; all others get their verdict here. */
  async #accept(job: Job): Promise<void> {
    this.#held.add(job.job_id);
    this.#released.delete(job.job_id);
    const judge = this.#options.judges.get(job.judge) ?? null;
    const input = job.content === null ? null : keptInput(job.content);
    const outcome = isLost(job, input)
      ? GIVEN_UP
      : outcomeWithoutModel(job.completed.outcome, input?.coverage ?? coverageOfMetadata(job), judge);
    if (outcome !== null) return this.#commit(job, judge, input, outcome, null);
    if (judge === null || job.content === null || input === null) return;
    const next = { job, judge, document: job.content };
    if (!this.#waiting.enter(next, this.#released.size)) return this.#refuse(next);
    this.#pump();
  }

  #refuse({ job, judge, document }: ModelJob): Promise<void> {
    return this.#commit(job, judge, keptInput(document), { state: 'queue_full' }, null);
  }

  #pump(): void {
    while (!this.#closed && this.#running < this.#options.limits.judge_concurrency) {
      const next = this.#waiting.next();
      if (next === null) break;
      this.#running += 1;
      this.#track(this.#judge(next));
    }
    this.#options.metrics.judgeQueue(this.#waiting.size);
  }

  async #judge(next: ModelJob): Promise<void> {
    try {
      await this.#consult(next);
    } catch {
      // A defect of ours: an error here would end the process, and again after each start, with the same job.
      const { job, judge } = next;
      await this.#commit(job, judge, keptInput(next.document), GIVEN_UP, null);
    } finally {
      this.#running -= 1;
      this.#pump();
    }
  }

  async #consult({ job, judge, document }: ModelJob): Promise<void> {
    const input = keptInput(document);
    if (input === null) return this.#commit(job, judge, null, GIVEN_UP, null);
    const { exchange_id: exchangeId, client, route } = job.opened;
    const consultation = await this.#options.consultant.consult({
      ...{ exchangeId, judge, input, document, client, route },
      asItCame: job.completed.recording === 'full',
      sampling: this.#options.sampling(route),
      urgency: 'background',
      signal: this.#abort.signal,
    });
    if (consultation === null) return await this.#release(job, 0);
    const { again, outcome } = consultation;
    if (again !== null && !isLastAttempt(job.attempt, again.state) && this.#waiting.hasRoom(0, this.#released.size)) {
      return await this.#again(job, again.afterMs);
    }
    await this.#commit(job, judge, input, outcome, consultation);
  }

  async #again(job: Job, afterMs: number | null): Promise<void> {
    const wait = backoffMs(job.attempt, afterMs, this.#options.randomBytes);
    this.#released.add(job.job_id);
    await this.#release(job, wait);
    this.#later(wait, () => this.#wake());
  }

  async #release(job: Job, wait: number): Promise<void> {
    try {
      await this.#options.ledger.releaseJob(job.job_id, wait);
    } catch {
      this.#released.delete(job.job_id);
      // Nobody may take it while its lease lasts. After a close that is until the next start, which drops all leases.
      this.#later(LEDGER_PAUSE_MS, () => this.#track(this.#release(job, 0)));
      return;
    }
    this.#held.delete(job.job_id);
    if (wait === 0) this.#wake();
    this.#settle();
  }

  async #commit(
    job: Job,
    judge: Judge | null,
    input: JudgeInput | null,
    outcome: ModelOutcome,
    consultation: Consultation | null,
  ): Promise<void> {
    const { ledger, clock, newId, onFailure, release, log, metrics } = this.#options;
    const { verdict } = buildVerdict({
      opened: job.opened,
      completed: job.completed,
      judge,
      summary: input === null ? null : summarize(input),
      outcome,
      consultation,
      onFailure: onFailure(job.opened.route),
      held: delivered(job.opened, release(job.opened.route)),
      verdictId: newId(),
      ts: timestamp(clock),
    });
    let committed: Verdict;
    try {
      committed = await ledger.finishJob(job.job_id, verdict);
    } catch {
      // The ledger is gone or full: the verdict is lost, the job is not. It is judged again.
      this.#released.add(job.job_id);
      await this.#release(job, LEDGER_PAUSE_MS);
      this.#later(LEDGER_PAUSE_MS, () => this.#wake());
      return;
    }
    log.verdict({ ...committed });
    metrics.verdict(committed);
    this.#held.delete(job.job_id);
    this.#settle();
  }

  #later(ms: number, run: () => void): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
      this.#settle();
    }, ms);
    this.#timers.add(timer);
  }

  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work.finally(() => this.#open.delete(tracked));
    this.#open.add(tracked);
  }

  #isIdle(): boolean {
    if (this.#closed) return true;
    return !this.#taking && !this.#more && this.#held.size + this.#released.size + this.#timers.size === 0;
  }

  #settle(): void {
    if (!this.#isIdle()) return;
    for (const resolve of this.#idlers.splice(0)) resolve();
  }
}
