/**
 * Statements on the tables that are no part of the chain: accounts, policies, replays, the outbox. They run in the same
 * transaction as the records that tell of the change, so that there is never one without the other. All SQL of the
 * program is written here and in its neighbours; values are bound.
 */

import { ACCOUNT_READS, ACCOUNT_WRITES } from './accounts.ts';
import { LABEL_WRITES } from './labels.ts';
import { OUTBOX_READS, OUTBOX_WRITES } from './outbox.ts';
import { POLICY_READS, POLICY_WRITES } from './policies.ts';
import { REPLAY_READS, REPLAY_WRITES } from './replays.ts';

/** What SQLite can bind. */
export type Value = string | number | null | Uint8Array;

/** `rows`: `one` refuses the whole change when not exactly one row changes; `any` does not look. */
interface Write {
  readonly sql: string;
  readonly rows: 'one' | 'any';
}

export const WRITES = {
  ...ACCOUNT_WRITES,
  ...LABEL_WRITES,
  ...POLICY_WRITES,
  ...REPLAY_WRITES,
  ...OUTBOX_WRITES,
} as const satisfies Readonly<Record<string, Write>>;
export const READS = { ...ACCOUNT_READS, ...POLICY_READS, ...REPLAY_READS, ...OUTBOX_READS } as const;

export type WriteName = keyof typeof WRITES;
export type ReadName = keyof typeof READS;

/** One statement with its values. */
export type Change = readonly [statement: WriteName, ...values: readonly Value[]];
