/**
 * Replay jobs of the server: one at one time, the others wait. A job that the end of the process interrupted is not gone on
 * with by itself: it costs money, and one that ends the process would do so again. A person resumes it.
 */

import { hash } from 'node:crypto';
import type { Judge } from '../judge/judges.ts';
import type { ActRecord } from '../ledger/acts.ts';
import { ConflictError } from '../ledger/ledger-error.ts';
import type { Change as TableChange } from '../ledger/tables/statements-of-tables.ts';
import { newId, timestamp } from '../telemetry/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Bound } from './bound.ts';
import type { FixedEstimate } from './estimates.ts';
import { boundOf, type JobEnd, type JobRow, type JobSpec, NOTHING_SPENT } from './job-rows.ts';
import { JobRun, type JobRunParts } from './job-run.ts';

export interface ReplayJobsParts extends JobRunParts {
  readonly log: Log;
  /** The judge that a job asks: that of its name with its text. null when it is another one now, or gone. */
  readonly judgeOf: (job: Pick<JobRow, 'judge' | 'judge_hash' | 'yaml'>) => Judge | null;
}

/** Makes the audit record of a caller. */
export type ActOf = (object: string, before: ActRecord['before'], after: ActRecord['after']) => ActRecord;

export class ReplayJobs {
  readonly #parts: ReplayJobsParts;
  /** Ids, in their order. */
  readonly #line: string[] = [];
  /** Cancelled while they were about to begin. */
  readonly #cancelled = new Set<string>();
  #current: { readonly id: string; readonly run: JobRun } | null = null;
  #working: Promise<void> | null = null;
  #closed = false;

  constructor(parts: ReplayJobsParts) {
    this.#parts = parts;
  }

  /** What an earlier process left: ended, with the reason. */
  async recover(): Promise<number> {
    const { ledger, clock, log } = this.#parts;
    const open = await ledger.rows<JobRow>('openReplayJobs');
    for (const { job_id, state, done } of open) {
      const ts = timestamp(clock);
      const record: ActRecord = {
        ...{ act_id: newId(), ts, actor: { kind: 'system', name: 'start' }, action: 'replay.cancel' },
        ...{ object: job_id, before: { state, done }, after: { state: 'cancelled', error: 'interrupted' } },
      };
      await ledger.append([{ kind: 'act', record }], [ended(job_id, 'cancelled', 'interrupted', ts)]);
      log.write('warn', 'replay_interrupted', { count: done, reason: 'resume' });
    }
    return open.length;
  }

  /** @returns its id. Rejects with ConflictError when it is there already. */
  async start(
    { spec, estimate, ids, selectionHash }: FixedEstimate,
    bound: Bound,
    by: string,
    act: ActOf,
  ): Promise<string> {
    const id = newId();
    const { judge, version, yaml, most } = spec;
    const after = { judge: judge.name, judge_hash: judge.hash, policy_version: version, exchanges: ids.length };
    const record = act(id, null, { ...after, ...told(bound), selection_hash: selectionHash });
    const kept = { ...estimate, selection_hash: selectionHash };
    const what = JSON.stringify({ filter: withoutWords(spec.filter), most, ...tokensOf(bound) });
    const [all, costs, spent] = [JSON.stringify(ids), JSON.stringify(kept), JSON.stringify(NOTHING_SPENT)];
    const ts = timestamp(this.#parts.clock);
    await this.#parts.ledger.append(
      [{ kind: 'act', record }],
      [
        [
          'insertReplayJob',
          ...[id, judge.name, judge.hash, version, yaml, what, all, costs, bound.usd, by, ts, ids.length, spent],
        ],
      ],
    );
    this.#enter(id);
    return id;
  }

  /** Rejects with ConflictError when it is not under way (any more). */
  async cancel({ job_id, state, done }: JobRow, act: ActOf): Promise<void> {
    const record = act(job_id, { state, done }, { state: 'cancelled', error: 'cancelled' });
    const end = ended(job_id, 'cancelled', 'cancelled', timestamp(this.#parts.clock));
    await this.#parts.ledger.append([{ kind: 'act', record }], [end]);
    const at = this.#line.indexOf(job_id);
    if (at >= 0) this.#line.splice(at, 1);
    else if (this.#current?.id === job_id) this.#current.run.stop();
    else this.#cancelled.add(job_id);
  }

  /** Rejects with ConflictError when it has not ended, or is done. */
  async resume(job: JobRow, bound: Bound, act: ActOf): Promise<void> {
    const { job_id, state, error, done } = job;
    const { max_tokens: _, ...asked } = JSON.parse(job.spec) as JobSpec;
    const spec = JSON.stringify({ ...asked, ...tokensOf(bound) });
    const before = { state, error, done, ...told(boundOf(job)) };
    const record = act(job_id, before, { state: 'queued', ...told(bound) });
    await this.#parts.ledger.append([{ kind: 'act', record }], [['resumeReplayJob', bound.usd, spec, job_id]]);
    this.#cancelled.delete(job_id);
    this.#enter(job_id);
  }

  /** null when its judge is another one now, or gone. */
  judgeOf(job: JobRow): Judge | null {
    return this.#parts.judgeOf(job);
  }

  /** Resolves when no job is under way or waits. */
  async idle(): Promise<void> {
    await this.#working;
  }

  /** Gives up calls that are open; what was judged is kept, and the next start says that the job was interrupted. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#line.length = 0;
    this.#current?.run.stop();
    await this.#working;
  }

  #enter(id: string): void {
    this.#line.push(id);
    this.#working ??= this.#work().finally(() => {
      this.#working = null;
    });
  }

  async #work(): Promise<void> {
    for (let id = this.#line.shift(); id !== undefined && !this.#closed; id = this.#line.shift()) {
      try {
        await this.#runOne(id);
      } catch (error) {
        // Cancelled while it waited, or between its end and the note of it.
        if (!(error instanceof ConflictError)) await this.#fail(id);
      } finally {
        this.#current = null;
      }
    }
  }

  async #runOne(id: string): Promise<void> {
    const { ledger, judgeOf, clock } = this.#parts;
    await ledger.append([], [['beginReplayJob', id]]);
    const [job] = await ledger.rows<JobRow>('replayJob', id);
    if (job?.state !== 'running') return;
    const judge = judgeOf(job);
    if (judge === null) return this.#fail(id);
    const run = new JobRun(job, judge, this.#parts);
    this.#current = { id, run };
    if (this.#closed || this.#cancelled.delete(id)) return;
    const end = await run.run();
    if (end === 'stopped') return;
    const now = timestamp(clock);
    const change = end === 'done' ? ended(id, 'done', null, now) : ended(id, 'cancelled', end, now);
    await ledger.append([], [change]);
  }

  /** A ledger that fails says so itself; the next start ends the job then. */
  async #fail(id: string): Promise<void> {
    const { ledger, clock, log } = this.#parts;
    log.write('error', 'replay_failed', { reason: 'internal' });
    await ledger.append([], [ended(id, 'failed', 'internal', timestamp(clock))]).catch(() => undefined);
  }
}

function ended(id: string, state: JobRow['state'], error: JobEnd | null, ts: string): TableChange {
  return ['endReplayJob', state, error, ts, id];
}

function told({ usd, tokens }: Bound): Readonly<Record<string, number | null>> {
  return { max_usd: usd, ...(tokens === null ? {} : { max_tokens: tokens }) };
}

function tokensOf({ tokens }: Bound): JobSpec {
  return tokens === null ? {} : { max_tokens: tokens };
}

/** What was searched for may be somebody's words, and the name of a client must not outlive what is erased of it. */
function withoutWords({ q, client, ...filter }: FixedEstimate['spec']['filter']): Readonly<Record<string, unknown>> {
  return {
    ...filter,
    ...(client === undefined ? {} : { client_sha256: hash('sha256', client) }),
    ...(q === undefined ? {} : { searched: true }),
  };
}
