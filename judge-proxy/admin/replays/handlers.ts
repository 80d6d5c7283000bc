/** Replay jobs: estimate, start, progress, cancel, resume, and what would change. */

import type { ReplayEstimate, ReplayJob } from '../../contract/responses.ts';
import type { Prices } from '../../judge/prices.ts';
import type { Policies } from '../../judge/published.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { ConflictError } from '../../ledger/ledger-error.ts';
import type { ReadModel } from '../../ledger/read-model/rows.ts';
import { CHANGES, type Change } from '../../replays/diff.ts';
import type { Estimates, FixedEstimate } from '../../replays/estimates.ts';
import { type JobRow, jobOf, type ResultRow, replayChangeOf } from '../../replays/job-rows.ts';
import type { ActOf, ReplayJobs } from '../../replays/jobs.ts';
import { caughtUp } from '../exchanges/catch-up.ts';
import type { Context, Handlers } from '../handlers.ts';
import { Shares } from '../http/shares.ts';
import { ApiProblem } from '../problems.ts';
import { readCursor, writeCursor } from './job-cursor.ts';
import { replaySpec, resumeBound, startBound } from './replay-spec.ts';

export interface ReplayParts {
  readonly ledger: Pick<Ledger, 'rows' | 'head'>;
  readonly readModel: Pick<ReadModel, 'caughtUp' | 'position'>;
  readonly policies: Policies;
  readonly estimates: Estimates;
  readonly jobs: ReplayJobs;
  readonly prices: Prices;
}

type ReplayHandlers = Pick<
  Handlers,
  | 'estimate_replay'
  | 'start_replay'
  | 'list_replays'
  | 'read_replay'
  | 'replay_changes'
  | 'cancel_replay'
  | 'resume_replay'
>;

/** Estimates at one time: each reads and hashes up to 100,000 exchanges in the thread of traffic, one in its turn. */
const MOST_ESTIMATES = { each: 2, all: 4 } as const;

const ESTIMATE_RETRY_S = 10;
const TOO_MANY_ESTIMATES = {
  each: 'Two replays of this user are being estimated: wait for one of them.',
  all: 'Replays of others are being estimated: wait.',
} as const;

const UNDER_WAY = 'It is under way, or done.';

/** After every time and every id of ours. */
const END = '\u{10ffff}';

export function createReplayHandlers(parts: ReplayParts): ReplayHandlers {
  const { ledger, readModel, estimates, jobs, prices } = parts;
  const estimating = new Shares(MOST_ESTIMATES);

  const find = async (id: string): Promise<JobRow> => {
    const [exact] = await ledger.rows<JobRow>('replayJob', id);
    if (exact !== undefined) return exact;
    const [row, another] = await ledger.rows<JobRow>('replayJobsByPrefix', id, `${id}${END}`);
    if (row === undefined) throw new ApiProblem('not_found', 'There is no such replay.');
    if (another !== undefined) throw new ApiProblem('ambiguous_id');
    return row;
  };
  const read = async (id: string): Promise<ReplayJob> => jobOf(await find(id));

  return {
    estimate_replay: async ({ body }, { caller, signal }) => {
      const share = estimating.take(caller.user);
      if (typeof share === 'string') {
        throw new ApiProblem('too_many_requests', TOO_MANY_ESTIMATES[share], undefined, ESTIMATE_RETRY_S);
      }
      try {
        // What was recorded before the question is counted: the index follows the ledger after a moment.
        await caughtUp(readModel, (await ledger.head())?.seq ?? 0, signal);
        const fixed = await estimates.make(await replaySpec(parts, body), signal);
        if (fixed === null) throw new ApiProblem('not_possible', 'It was given up.');
        return answerOf(fixed);
      } finally {
        share();
      }
    },
    start_replay: async ({ body }, context) => {
      const spec = await replaySpec(parts, body);
      const fixed = estimates.find(body.selection_hash, spec);
      if (fixed === null) throw new ApiProblem('conflict', 'This was not what was estimated: estimate it again.');
      const bound = startBound(fixed, prices, body);
      return read(await jobs.start(fixed, bound, context.caller.user, actOf(context, 'replay.start')));
    },
    list_replays: async ({ query: { cursor, limit } }) => {
      const [ts, id] = cursor === undefined ? [END, END] : readCursor(cursor);
      const rows = await ledger.rows<JobRow>('replayJobs', ts, ts, id, limit);
      const last = rows.length < limit ? undefined : rows.at(-1);
      return { items: rows.map(jobOf), next: last === undefined ? null : writeCursor(last.created_at, last.job_id) };
    },
    read_replay: ({ params }) => read(params.id),
    replay_changes: async ({ params, query: { change, cursor, limit } }) => {
      const { job_id } = await find(params.id);
      const wanted = change === undefined ? CHANGES.filter((one) => one !== 'unchanged') : [known(change)];
      const [from, after] = cursor === undefined ? [wanted[0], END] : readCursor(cursor);
      const begun = wanted.slice(wanted.indexOf(known(from ?? '')));
      const rows = await changesFrom(ledger, job_id, begun, after, limit);
      const last = rows.length < limit ? undefined : rows.at(-1);
      return {
        items: rows.map(replayChangeOf),
        next: last === undefined ? null : writeCursor(last.change, last.exchange_id),
      };
    },
    cancel_replay: async ({ params }, context) => {
      const job = await find(params.id);
      await orConflict(jobs.cancel(job, actOf(context, 'replay.cancel')), 'It has ended already.');
      return read(job.job_id);
    },
    resume_replay: async ({ params, body }, context) => {
      const job = await find(params.id);
      if (job.state !== 'cancelled' && job.state !== 'failed') throw new ApiProblem('conflict', UNDER_WAY);
      const judge = jobs.judgeOf(job);
      if (judge === null) throw new ApiProblem('not_possible', 'Its judge is another one now: start another replay.');
      const bound = resumeBound(job, judge, prices, body);
      await orConflict(jobs.resume(job, bound, actOf(context, 'replay.resume')), UNDER_WAY);
      return read(job.job_id);
    },
  };
}

function actOf(context: Context, action: 'replay.start' | 'replay.cancel' | 'replay.resume'): ActOf {
  return (object, before, after) => context.act(action, object, before, after);
}

function answerOf({ estimate, selectionHash }: FixedEstimate): ReplayEstimate {
  return { ...estimate, selection_hash: selectionHash };
}

/** Gravest change first, newest first. */
async function changesFrom(
  ledger: Pick<Ledger, 'rows'>,
  id: string,
  changes: readonly Change[],
  after: string,
  limit: number,
): Promise<readonly ResultRow[]> {
  const rows: ResultRow[] = [];
  for (const [index, change] of changes.entries()) {
    const from = index === 0 ? after : END;
    rows.push(...(await ledger.rows<ResultRow>('replayResults', id, change, from, limit - rows.length)));
    if (rows.length >= limit) break;
  }
  return rows;
}

function known(change: string): Change {
  const found = CHANGES.find((one) => one === change);
  if (found !== undefined) return found;
  const message = `is none of ${CHANGES.join(', ')}`;
  throw new ApiProblem('invalid_request', undefined, [{ path: 'change', message }]);
}

async function orConflict(work: Promise<void>, detail: string): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw error instanceof ConflictError ? new ApiProblem('conflict', detail) : error;
  }
}
