/** Answers about replays: what one would cost, how far it is, what it found. */

import { z } from 'zod';
import type { Page } from '../../ledger/read-model/rows.ts';
import { exactly, list, pageOf } from './exact.ts';
import * as word from './words.ts';

export interface ReplayEstimate {
  readonly exchanges: number;
  readonly to_ask: number;
  readonly no_model: number;
  readonly unusable: number;
  readonly models: readonly {
    readonly name: string;
    readonly tokens: { readonly in: number; readonly out: number };
    readonly usd: number | null;
  }[];
  readonly usd: { readonly least: number; readonly most: number } | null;
  /** To be given back when it is started: what is started is what was estimated. */
  readonly selection_hash: string;
}

export interface ReplayJob {
  readonly job_id: string;
  readonly state: 'queued' | 'running' | 'done' | 'cancelled' | 'failed';
  readonly judge: string;
  /** Version of the policy that it asks with; null for a text of its own. */
  readonly policy_version: number | null;
  readonly created_by: string;
  readonly created_at: string;
  readonly ended_at: string | null;
  readonly total: number;
  readonly done: number;
  readonly spent: {
    readonly calls: number;
    readonly usd: number;
    readonly tokens: { readonly in: number; readonly out: number };
  };
  /** What it may spend: US dollars, or tokens where a price is not known. */
  readonly max_usd: number | null;
  readonly max_tokens: number | null;
  readonly estimate: ReplayEstimate;
  /** Counts by change. */
  readonly changes: Readonly<Record<string, number>>;
  readonly error: string | null;
}

export interface ReplayChange {
  readonly exchange_id: string;
  readonly change: string;
  readonly ts: string;
  readonly client: string;
  readonly route: string;
  readonly before: {
    readonly label: string;
    readonly severity: string;
    readonly action: string;
    readonly state: string;
  } | null;
  readonly after: {
    readonly label: string;
    readonly severity: string;
    readonly action: string;
    readonly state: string;
  } | null;
  readonly criteria: readonly string[];
  readonly why: string | null;
}

const estimate = z.strictObject({
  exchanges: word.count,
  to_ask: word.count,
  no_model: word.count,
  unusable: word.count,
  models: list(z.strictObject({ name: z.string(), tokens: word.tokens, usd: z.number().nullable() })),
  usd: z.strictObject({ least: z.number(), most: z.number() }).nullable(),
  selection_hash: word.sha256,
});
export const replayEstimate = exactly<ReplayEstimate>()(estimate);

export const replayJob = exactly<ReplayJob>()(
  z.strictObject({
    job_id: z.string(),
    state: z.enum(['queued', 'running', 'done', 'cancelled', 'failed']),
    judge: z.string(),
    policy_version: word.count.nullable(),
    created_by: z.string(),
    created_at: word.time,
    ended_at: word.time.nullable(),
    total: word.count,
    done: word.count,
    spent: z.strictObject({ calls: word.count, usd: z.number(), tokens: word.tokens }),
    max_usd: z.number().nullable(),
    max_tokens: word.count.nullable(),
    estimate,
    changes: z.record(z.string(), word.count),
    error: z.string().nullable(),
  }),
);
export const replayJobs = exactly<Page<ReplayJob>>()(pageOf(replayJob));

const side = z
  .strictObject({ label: z.string(), severity: z.string(), action: z.string(), state: z.string() })
  .nullable();

export const replayChanges = exactly<Page<ReplayChange>>()(
  pageOf(
    z.strictObject({
      exchange_id: z.string(),
      change: z.string(),
      ts: word.time,
      client: z.string(),
      route: z.string(),
      before: side,
      after: side,
      criteria: list(z.string()),
      why: z.string().nullable(),
    }),
  ),
);
