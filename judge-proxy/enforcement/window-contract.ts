/** A stream that is judged window by window: what it needs, and what it offers to whoever feeds it. */

import type { Block } from '../apis/block.ts';
import type { StreamReader } from '../apis/stream-reader.ts';
import type { CopyBudget } from '../exchange/tap.ts';
import type { Part } from '../exchange/transcript.ts';
import type { InlineJudge, Matter, StopCode } from '../judge/inline-judge.ts';
import type { WindowReading } from '../judge/input.ts';
import type { RuleHit } from '../ledger/records.ts';
import type { Overflow } from './enforced-gate.ts';
import type { StreamUnit } from './sse-splitter.ts';

export interface WindowSettings {
  readonly release: 'cleared' | 'eager';
  readonly tokens: number;
  readonly rules_tokens: number;
  readonly overlap_tokens: number;
}

export interface WindowOptions<U extends StreamUnit = StreamUnit> {
  readonly settings: WindowSettings;
  readonly reader: StreamReader;
  readonly judge: InlineJudge;
  /** Shared with all that is held. */
  readonly budget: CopyBudget;
  /** Most bytes held of this stream. */
  readonly most: number;
  readonly overflow: Overflow;
  /** The request, read by rules and redacted. Called once, at the start. */
  readRequest(): Promise<Matter>;
  /** @param events JSON of the events since the last window, where `keepsEvents` */
  readWindow(parts: readonly Part[], events: readonly string[]): Promise<WindowReading | null>;
  /** Secrets are looked for by their place in events, too, which the text does not tell. */
  readonly keepsEvents?: boolean;
  /** A unit may go out. */
  release(unit: U): void;
  /** The stream is stopped: nothing more goes out. Called once, never from within the constructor. */
  stop(): void;
  /** Less is held, or less is under way: whoever feeds it may look again at `full`. */
  progressed(): void;
}

export interface Window<U extends StreamUnit = StreamUnit> {
  push(unit: U): void;
  /** More should not come before `progressed`: the judge is behind. */
  readonly full: boolean;
  readonly stopped: StopCode | null;
  /** More came than may be held: all goes out as it comes, and is judged afterwards. */
  readonly passed: boolean;
  /** A unit has gone out. */
  readonly delivered: boolean;
  /** Questions to the model. */
  readonly windows: number;
  /** What rules found in windows, gravest or not. */
  readonly hits: readonly RuleHit[];
  /** No window is begun any more: the last question comes. Resolves when what is under way has its answer. */
  settle(): Promise<void>;
  /**
   * Judges what is left of the text, as one window: the whole cannot be shown to the model in one piece.
   * @returns true when all of the stream was judged in windows, with all of the request
   */
  readToEnd(): Promise<boolean>;
  /** The rules have cleared the whole: with `eager` its text may go out, but for tool calls and the end. */
  clearedByRules(): void;
  /** What is held, which the window does not hold any more. */
  takeRest(): U[];
  /** How the stream ends after what has gone out. */
  block(block: Block): string;
  /** What comes is more than may be held, in a way that units do not show. */
  overflow(): void;
  /** Nothing is released or stopped any more. May be called again. */
  close(): void;
}
