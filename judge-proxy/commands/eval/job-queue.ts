/**
 * The ledger's queue as the judge's worker sees it, filled with labelled pairs instead of traffic: so the pairs are
 * judged by the worker itself, with its retries, checks and verdicts, and nothing is written to a ledger.
 */

import type { JudgeWorkerOptions } from '../../judge/worker.ts';
import type { Job } from '../../ledger/ledger.ts';
import type { NewVerdict, Verdict } from '../../ledger/records.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Prepared } from './prepare.ts';

export interface JobQueueOptions {
  /** Name of the judge. */
  readonly judge: string;
  /** Jobs that are out at one time: what is judged, and little more. */
  readonly ahead: number;
  readonly clock: Clock;
  /** Takes each verdict; what it throws ends the run. */
  readonly onVerdict: (prepared: Prepared, verdict: NewVerdict) => void;
}

interface Entry {
  readonly prepared: Prepared;
  attempt: number;
  /** Monotonic milliseconds. */
  dueAt: number;
}

export class JobQueue {
  readonly #options: JobQueueOptions;
  readonly #waiting: Map<number, Entry>;
  readonly #out = new Map<number, Entry>();
  readonly #end = Promise.withResolvers<void>();
  #listener: () => void = () => undefined;
  #finished = 0;

  constructor(prepared: readonly Prepared[], options: JobQueueOptions) {
    this.#options = options;
    this.#waiting = new Map(prepared.map((item, index) => [index + 1, { prepared: item, attempt: 0, dueAt: 0 }]));
    if (prepared.length === 0) this.#end.resolve();
  }

  /** Resolves when every pair has its verdict; rejects when one could not be kept. */
  get done(): Promise<void> {
    return this.#end.promise;
  }

  /** What the worker is given. */
  get source(): JudgeWorkerOptions['ledger'] {
    return {
      takeJobs: async (limit) => this.#take(limit),
      finishJob: async (jobId, verdict) => this.#finish(jobId, verdict),
      releaseJob: async (jobId, notBeforeMs) => this.#release(jobId, notBeforeMs),
      onJob: (listener) => {
        this.#listener = listener;
        return () => {
          this.#listener = () => undefined;
        };
      },
    };
  }

  #take(limit: number): Job[] {
    const room = Math.min(limit, this.#options.ahead - this.#out.size);
    const now = this.#options.clock.monotonic();
    const due = [...this.#waiting].filter(([, entry]) => entry.dueAt <= now).slice(0, Math.max(0, room));
    return due.map(([jobId, entry]) => {
      this.#waiting.delete(jobId);
      this.#out.set(jobId, entry);
      entry.attempt += 1;
      return jobOf(jobId, entry, this.#options.judge);
    });
  }

  #finish(jobId: number, verdict: NewVerdict): Verdict {
    const entry = this.#out.get(jobId);
    this.#out.delete(jobId);
    if (entry !== undefined) {
      try {
        this.#options.onVerdict(entry.prepared, verdict);
        this.#finished += 1;
        if (this.#waiting.size + this.#out.size === 0) this.#end.resolve();
      } catch (error) {
        this.#end.reject(error);
      }
    }
    this.#listener();
    return { ...verdict, seq: Math.max(1, this.#finished), prev_hash: '', hash: '' };
  }

  #release(jobId: number, notBeforeMs: number): void {
    const entry = this.#out.get(jobId);
    if (entry === undefined) return;
    this.#out.delete(jobId);
    entry.dueAt = this.#options.clock.monotonic() + notBeforeMs;
    this.#waiting.set(jobId, entry);
  }
}

const WHEN = '1970-01-01T00:00:00.000Z';

/** The records of an exchange that went well. */
function jobOf(jobId: number, { prepared: { pair, analysis }, attempt }: Entry, judge: string): Job {
  const { source } = pair;
  const [exchange_id, ts] = [pair.id, WHEN];
  return {
    job_id: jobId,
    exchange_id,
    judge,
    attempt,
    opened: {
      exchange_id,
      ts,
      request_id: pair.id,
      client: 'eval',
      route: 'eval',
      host: 'labelled.invalid',
      port: 443,
      method: 'POST',
      path: source.kind === 'wire' ? source.path : '/',
      mode: 'observe',
      judge,
    },
    completed: {
      exchange_id,
      ts,
      outcome: 'complete',
      error_code: null,
      status: source.kind === 'wire' ? source.status : 200,
      api: analysis.api,
      streamed: analysis.streamed,
      client_request_id: null,
      origin_request_id: null,
      model_requested: analysis.model_requested,
      model_returned: analysis.model_returned,
      tokens_in: analysis.tokens_in,
      tokens_out: analysis.tokens_out,
      cost_usd: null,
      request_bytes: 0,
      response_bytes: 0,
      first_byte_ms: null,
      duration_ms: 0,
      coverage: analysis.coverage,
      llm_error: analysis.llm_error,
      content_sha256: analysis.content?.sha256 ?? null,
    },
    content: analysis.content?.json ?? null,
  };
}
