/** Replay jobs as the ledger's table keeps them. */

import type { ReplayChange, ReplayJob } from '../contract/responses.ts';
import { type Bound, type BoundName, defaultBound } from './bound.ts';
import { type Change, changeOf, relabelled } from './diff.ts';
import type { Estimate } from './estimate.ts';
import type { ReplayLine } from './line.ts';
import type { Spent } from './run.ts';

export interface JobRow {
  readonly job_id: string;
  readonly state: ReplayJob['state'];
  readonly judge: string;
  readonly judge_hash: string;
  readonly policy_version: number | null;
  readonly yaml: string;
  readonly spec: string;
  readonly estimate: string;
  readonly max_usd: number | null;
  readonly created_by: string;
  readonly created_at: string;
  readonly ended_at: string | null;
  readonly total: number;
  readonly done: number;
  readonly spent: string;
  readonly changes: string;
  readonly error: JobEnd | null;
}

/** Why a job is not done. */
export type JobEnd =
  | 'cancelled' // by a person
  | BoundName // what it may spend is spent
  | 'interrupted' // the proxy ended
  | 'internal'; // a defect of ours; the log has it

export interface ResultRow {
  readonly exchange_id: string;
  readonly change: Change;
  readonly line: string;
}

export const NOTHING_SPENT: Spent = { calls: 0, tokens: { in: 0, out: 0 }, usd: 0, unpriced: 0 };

/** Its own; of a job of an earlier version, which may have had none, that of now. */
export function boundOf(row: Pick<JobRow, 'max_usd' | 'spec' | 'estimate'>): Bound {
  const { max_tokens = null } = JSON.parse(row.spec) as JobSpec;
  if (row.max_usd !== null || max_tokens !== null) return { usd: row.max_usd, tokens: max_tokens };
  return defaultBound(JSON.parse(row.estimate) as Estimate);
}

/** What was asked for, without words. */
export interface JobSpec {
  readonly max_tokens?: number | null;
}

export function jobOf(row: JobRow): ReplayJob {
  const { calls, usd, tokens } = JSON.parse(row.spent) as Spent;
  const bound = boundOf(row);
  return {
    ...{ job_id: row.job_id, state: row.state, judge: row.judge, policy_version: row.policy_version },
    ...{ created_by: row.created_by, created_at: row.created_at, ended_at: row.ended_at },
    ...{ total: row.total, done: row.done, spent: { calls, usd, tokens } },
    ...{ max_usd: bound.usd, max_tokens: bound.tokens },
    estimate: JSON.parse(row.estimate) as Omit<Estimate, 'in_file' | 'answers'> & { selection_hash: string },
    changes: JSON.parse(row.changes) as Record<string, number>,
    error: row.error,
  };
}

/** What is kept of a line: names, labels and ids of criteria; no word of the exchange or of a judge. */
type Kept = Omit<ReplayChange, 'exchange_id' | 'change'>;

export function resultOf(line: ReplayLine): ResultRow {
  const { exchange_id, ts, client, route, before, after, unusable } = line;
  const kept: Kept = {
    ...{ ts, client, route, why: unusable },
    before: before === null ? null : shown(before),
    after: after === null ? null : shown(after),
    criteria: before === null || after === null ? [] : relabelled(before, after),
  };
  return { exchange_id, change: changeOf(line), line: JSON.stringify(kept) };
}

export function replayChangeOf({ exchange_id, change, line }: ResultRow): ReplayChange {
  return { exchange_id, change, ...(JSON.parse(line) as Kept) };
}

function shown({
  label,
  severity,
  action,
  state,
}: Pick<NonNullable<ReplayLine['after']>, 'label' | 'severity' | 'action' | 'state'>) {
  return { label, severity, action, state };
}
