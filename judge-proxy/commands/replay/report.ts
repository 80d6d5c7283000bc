/** The result of a replay, as `--json` prints it. */

import type { BoundName } from '../../replays/bound.ts';
import type { Diff } from '../../replays/diff.ts';
import type { Estimate } from '../../replays/estimate.ts';
import type { Spent } from '../../replays/run.ts';

export interface ReplayReport {
  readonly judge: {
    readonly name: string;
    readonly hash: string;
    readonly rubric: { readonly name: string; readonly version: number; readonly hash: string };
    readonly model: string | null;
    readonly endpoint: string | null;
    readonly small_model: string | null;
    readonly small_endpoint: string | null;
  };
  readonly ledger: string;
  /** The newest record that was looked at. */
  readonly up_to_seq: number;
  readonly estimate: Estimate;
  readonly diff: Diff;
  /** By this run. */
  readonly spent: Spent;
  /** Exchanges with a usable answer of a model, those from the file included. */
  readonly answered: number;
  /** Answers of an earlier run. */
  readonly from_file: number;
  /** null: all was judged that could be. */
  readonly stopped: BoundName | null;
  readonly out: string;
}
