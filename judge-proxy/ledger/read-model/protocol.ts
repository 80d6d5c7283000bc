/** What the read model and its two threads say to each other. */

import type { LogFields, LogLevel } from '../../telemetry/log.ts';
import type { LedgerCause } from '../ledger-error.ts';
import type { ReadModel } from './rows.ts';
import type { Call } from './waking.ts';

type Asked = Exclude<keyof ReadModel, 'position' | 'caughtUp' | 'onChange' | 'health' | 'close'>;

/** A question and its arguments, by the names of ReadModel. */
export type Question =
  | { [K in Asked]: readonly [name: K, ...argument: Parameters<ReadModel[K]>] }[Asked]
  | readonly [name: 'rowsBySeq', seqs: readonly number[]];

export interface ThreadData {
  readonly url: string;
  readonly file: string;
}

export type ToAnswers = readonly [id: number, question: Question] | 'close';
export type FromAnswers =
  | readonly [id: number, ok: true, answer: unknown]
  | readonly [id: number, ok: false, kind: 'cursor' | 'damaged' | 'failed', message: string];

/**
 * `wake`: the ledger has grown, and somebody looks. `wake_later`: nobody does. `renew`: the file is damaged, nobody else
 * has it open.
 */
export type ToIndexer = Call | 'renew' | 'close';
export type FromIndexer =
  /** The file is there; questions may be asked. */
  | { readonly type: 'ready'; readonly position: number }
  /** Committed. `caughtUp`: nothing waited behind it. */
  | {
      readonly type: 'moved';
      readonly position: number;
      readonly changed: readonly number[];
      readonly caughtUp: boolean;
    }
  | { readonly type: 'failed'; readonly cause: LedgerCause }
  | { readonly type: 'damaged' }
  | { readonly type: 'log'; readonly level: LogLevel; readonly event: string; readonly fields: LogFields };
