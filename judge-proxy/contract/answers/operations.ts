/** Answers about the running of it: problems, health, sinks, erasures. */

import { z } from 'zod';
import { exactly, list } from './exact.ts';
import * as word from './words.ts';

/** RFC 9457, `application/problem+json`: every answer of status 400 and above. */
export interface Problem {
  /** `about:blank`, or a URI of docs/admin-api.md that explains it. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** One of the closed list of problem codes (problems.ts), for programs. */
  readonly code: string;
  readonly detail?: string;
  readonly request_id: string;
  /** Of a request that does not fit its schema. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

export interface SinkRow {
  readonly name: string;
  readonly type: string;
  /** Where it goes, without credentials. */
  readonly target: string;
  readonly waiting: number;
  readonly position: number;
  readonly delivered: number;
  readonly failed: number;
  readonly gaps: number;
  readonly last_delivered_at: string | null;
  /** A code of ours, never text of the peer. */
  readonly last_error: string | null;
  readonly state: 'ok' | 'retrying' | 'stopped';
}

export interface Health {
  readonly status: 'ready' | 'not_ready';
  readonly parts: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly reason?: string;
    /** The program is ready without it. */
    readonly optional?: true;
  }[];
  readonly ledger: {
    readonly ledger_id: string;
    readonly head_seq: number;
    readonly readable_seq: number;
    readonly checkpoint_size: number | null;
  };
  readonly judge_queue: number;
  readonly version: string;
}

export interface ErasureDone {
  readonly erasure_id: string;
  readonly exchanges: number;
  readonly records: number;
  /** Exchanges that are open, or wait for their verdict: left for later. */
  readonly left: number;
  /** Records that hold something of what was to be erased, and could not be: they are from before schema 5. */
  readonly kept: number;
}

export const problem = exactly<Problem>()(
  z.strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int().min(400).max(599),
    code: z.string(),
    detail: z.string().exactOptional(),
    request_id: z.string(),
    errors: list(z.strictObject({ path: z.string(), message: z.string() })).exactOptional(),
  }),
);

export const sinkRows = exactly<readonly SinkRow[]>()(
  list(
    z.strictObject({
      name: z.string(),
      type: z.string(),
      target: z.string(),
      waiting: word.count,
      position: word.count,
      delivered: word.count,
      failed: word.count,
      gaps: word.count,
      last_delivered_at: word.time.nullable(),
      last_error: z.string().nullable(),
      state: z.enum(['ok', 'retrying', 'stopped']),
    }),
  ),
);

export const health = exactly<Health>()(
  z.strictObject({
    status: z.enum(['ready', 'not_ready']),
    parts: list(
      z.strictObject({
        name: z.string(),
        ok: z.boolean(),
        reason: z.string().exactOptional(),
        optional: z.literal(true).exactOptional(),
      }),
    ),
    ledger: z.strictObject({
      ledger_id: z.string(),
      head_seq: word.count,
      readable_seq: word.count,
      checkpoint_size: word.count.nullable(),
    }),
    judge_queue: word.count,
    version: z.string(),
  }),
);

export const erasureDone = exactly<ErasureDone>()(
  z.strictObject({
    erasure_id: z.string(),
    exchanges: word.count,
    records: word.count,
    left: word.count,
    kept: word.count,
  }),
);

/** Nothing: status 204. */
export const none = z.null();

/** Bytes of a type of their own. No JSON, so that this describes them to OpenAPI and is never asked about a value. */
export const file = z.file() as unknown as z.ZodType<Uint8Array>;
