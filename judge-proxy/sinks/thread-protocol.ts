/** What the program and the thread of its sinks say to each other. */

import type { Limits } from '../config/schema.ts';
import type { SinkConfig } from '../config/sinks.ts';
import type { SinkRow } from '../contract/responses.ts';
import type { NewRecord } from '../ledger/acts.ts';
import type { Change } from '../ledger/tables/statements-of-tables.ts';

export interface SinksData {
  readonly sinks: readonly SinkConfig[];
  /** `sqlite:PATH` of a ledger that exists. */
  readonly ledgerUrl: string;
  readonly limits: Pick<Limits, 'dns' | 'connect' | 'tls_handshake'>;
}

export type ToSinks =
  | { readonly type: 'committed' }
  | { readonly type: 'checkpoint'; readonly ledgerId: string; readonly size: number; readonly json: string }
  /** Answer to `write`. */
  | { readonly type: 'written'; readonly id: number; readonly ok: boolean }
  | { readonly type: 'test'; readonly id: number; readonly sink: string }
  | { readonly type: 'close' };

export type FromSinks =
  | { readonly type: 'ready' }
  /** The message `committed` was taken: the next one may come. */
  | { readonly type: 'seen' }
  | {
      readonly type: 'write';
      readonly id: number;
      readonly records: readonly NewRecord[];
      readonly changes: readonly Change[];
    }
  | { readonly type: 'state'; readonly row: SinkRow }
  | {
      readonly type: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly event: string;
      readonly sink: string;
      readonly code: string | null;
      readonly count: number | null;
    }
  /** `code`: null when it arrived. */
  | { readonly type: 'tested'; readonly id: number; readonly code: string | null };
