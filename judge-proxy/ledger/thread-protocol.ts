/**
 * What the ledger and its writer thread say to each other. Operations are short tuples of strings and numbers, because
 * copying deep objects between threads costs more than writing them: records cross as the JSON that is stored.
 */

import type { ErasureRecord, ErasureTier } from './acts.ts';
import type { RecordKind } from './chain.ts';
import type { LedgerCause } from './ledger-error.ts';
import type { Migration } from './migration.ts';
import type { Severity } from './records.ts';
import type { Durability } from './sqlite-file.ts';
import type { Change } from './tables/statements-of-tables.ts';

export interface WriterData {
  readonly file: string;
  readonly durability: Durability;
  /** RFC 3339, for migrations. */
  readonly startedAt: string;
}

/** Everything that the writer can be asked. Times `nowMs` are milliseconds since 1970. */
export type Operation =
  | readonly [op: 'open', exchangeId: string, requestId: string, body: string]
  | readonly [
      op: 'complete',
      exchangeId: string,
      body: string,
      content: string | null,
      judge: string | null,
      /** A verdict on the request, if there is one, ended the exchange. */
      stopped: boolean,
      links: Links | null,
      nowMs: number,
      sealed: Uint8Array | null,
    ]
  | readonly [
      op: 'complete_judged',
      exchangeId: string,
      body: string,
      content: string | null,
      verdict: Split,
      keys: VerdictKeys,
      links: Links | null,
      sealed: Uint8Array | null,
    ]
  | readonly [op: 'verdict', verdict: Split, keys: VerdictKeys, content: string | null]
  | readonly [op: 'connection', body: string]
  | readonly [op: 'take', limit: number, leaseMs: number, nowMs: number]
  | readonly [op: 'finish', jobId: number, verdict: Split, keys: VerdictKeys]
  | readonly [op: 'release', jobId: number, notBefore: number]
  | readonly [op: 'recover', ts: string, nowMs: number]
  | readonly [op: 'append', records: readonly AppendedRecord[], changes: readonly Change[]]
  | readonly [op: 'erase', step: EraseStep];

/** A record and the words that stand beside it, both as they are stored. */
export type Split = readonly [body: string, text: string | null];

/** A few exchanges and connections of an erasure. */
export interface EraseStep {
  readonly erasure: Omit<ErasureRecord, 'tier' | 'seqs'>;
  readonly tier: ErasureTier;
  readonly exchanges: readonly string[];
  /** Positions of connection records. */
  readonly connections: readonly number[];
  /** What is needed to finish it after a kill, with the first step. */
  readonly begun: string | null;
  /** With the last step; `record` makes a record although there was nothing to erase. */
  readonly done: 'done' | 'record' | null;
}

/** What a step came to; `records` counts positions that its records name. See ErasureReport. */
export interface Erased {
  readonly exchanges: number;
  readonly records: number;
  readonly left: number;
  readonly kept: number;
  /** How long the writer worked on it. */
  readonly ms: number;
}

export type AppendedRecord = readonly [kind: RecordKind, body: string, text: string | null];

/** What an exchange can be found by when another one continues it at the provider. */
export interface Links {
  readonly response: string | null;
  readonly conversation: string | null;
}

/** Columns by which verdicts are found and summed. */
export interface VerdictKeys {
  readonly verdict_id: string;
  readonly exchange_id: string;
  readonly label: string;
  readonly severity: number;
  readonly coverage: string;
  readonly route: string;
  readonly client: string;
  readonly host: string;
  readonly api: string;
  readonly ts: string;
  /** Name of the judge. */
  readonly judge: string | null;
  /** Of both directions. */
  readonly judge_tokens: number | null;
  readonly judge_cost_usd: number | null;
}

export const SEVERITY_RANK: Readonly<Record<Severity, number>> = { none: 0, low: 1, medium: 2, high: 3, critical: 4 };

/** A leased job as it crosses threads: JSON as it is stored. */
export interface TakenJob {
  readonly job_id: number;
  readonly exchange_id: string;
  readonly judge: string;
  readonly attempt: number;
  readonly opened: string;
  readonly completed: string;
  /** null when there is none, and when it is not the one that the completed record names. */
  readonly content: string | null;
  readonly altered: boolean;
}

/** Where a record stands in the chain. */
export interface ChainPlace {
  readonly seq: number;
  readonly prev_hash: string;
  readonly hash: string;
}

export interface StoredVerdict extends ChainPlace {
  readonly body: string;
  /** Words that stand beside it. */
  readonly text: string | null;
}

export interface Recovered {
  readonly interrupted: number;
  readonly queued: number;
}

/** Result of one operation; undefined for those that only write, `conflict` for a change that did not meet its row. */
export type Result =
  | readonly TakenJob[]
  | StoredVerdict
  | ChainPlace
  | readonly ChainPlace[]
  | Recovered
  | Erased
  | 'conflict'
  | undefined;

/** Answer to a batch. Operations are answered in the order in which they were sent, `count` of them by one message. */
export interface Committed {
  readonly type: 'committed';
  readonly count: number;
  /** Results and refusals of single operations, by their index in the batch; the others succeeded without a result. */
  readonly results: readonly (readonly [index: number, result: Result])[];
  readonly refused: readonly (readonly [index: number, cause: LedgerCause])[];
  readonly ms: number;
  /** Position of the last record of the ledger. */
  readonly seq: number;
}

/** The batch was rolled back: nothing of it is in the ledger. */
export interface Failed {
  readonly type: 'failed';
  readonly count: number;
  readonly cause: LedgerCause;
}

export type FromWriter =
  | { readonly type: 'ready' }
  /** Before `ready`. */
  | { readonly type: 'migrating'; readonly migration: Migration }
  | {
      readonly type: 'refused';
      readonly cause: LedgerCause;
      readonly detail: string | undefined;
      readonly message: string;
    }
  | Committed
  | Failed;

export type ToWriter = readonly Operation[] | 'close';
