/** A gate as the exchange that made it sees it: what came of it when the end has to be written. */

import type { Block } from '../apis/block.ts';
import type { StopCode } from '../judge/inline-judge.ts';
import type { RuleHit } from '../ledger/records.ts';
import type { Gate } from './gate.ts';

export interface EnforcedGate extends Gate {
  /**
   * The last chunk has come, or never will. Resolves when the gate has read all of it.
   * @param whole the origin's body was received to its end
   */
  drain(whole: boolean): Promise<void>;
  /** Nothing new is judged here any more: the last question is under way. Resolves when what was has its answer. */
  settle(): Promise<void>;
  /**
   * The copy of the answer is shorter than the answer: judges in windows what was not judged yet.
   * @returns true when rules and model have seen all of the answer in windows, and the request without a cut
   */
  readToEnd(): Promise<boolean>;
  /** The rules have cleared the whole answer. */
  clearedByRules(): void;
  /** More came than could be held, and the route lets pass what nobody judged: from then on all went out as it came. */
  readonly passed: boolean;
  /** Why the gate stopped the exchange, null when it did not. */
  readonly stop: StopCode | null;
  /** Something of the answer has gone out. */
  readonly delivered: boolean;
  /** Questions about windows. */
  readonly windows: number;
  /** What rules found in windows. */
  readonly hits: readonly RuleHit[];
  /** What was held, handed over: the gate holds nothing afterwards. */
  takeRest(): readonly Uint8Array[];
  /** What ends the stream after what has gone out, null when nothing can. */
  tail(block: Block): Uint8Array | null;
}

/** What a gate decides when more comes than may be held. */
export type Overflow = 'stop' | 'pass';
