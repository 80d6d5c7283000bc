/**
 * What the judge sees and the ledger keeps: one redacted document. Its canonical JSON is stored as content, and its
 * SHA-256 stands in the verdict (`input_sha256`), so that a judgement can be repeated on exactly the input of the day.
 */

import type { Capture } from '../exchange/capture.ts';
import type { Transcript } from '../exchange/transcript.ts';
import type { Coverage, LlmError, RuleHit } from '../ledger/records.ts';

export interface JudgeInput {
  readonly version: 1;
  readonly transcript: Transcript;
  readonly rule_hits: readonly RuleHit[];
  readonly coverage: Coverage;
}

/** What a verdict tells of its input: taken where the input is at hand, so that nobody has to parse it again. */
export interface InputSummary {
  readonly rule_hits: readonly RuleHit[];
  readonly latest_user_message: string | null;
  readonly latest_user_message_length: number | null;
  readonly context_tail_preview: string | null;
}

/** Result of analysing one capture: everything that the exchange record needs, already redacted. */
export interface Analysis {
  readonly api: string;
  readonly streamed: boolean;
  readonly model_requested: string | null;
  readonly model_returned: string | null;
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
  readonly tokens_cached: number | null;
  readonly coverage: Coverage;
  readonly llm_error: LlmError | null;
  /** Canonical JSON of the JudgeInput and its SHA-256 (hex). */
  readonly content: { readonly json: string; readonly sha256: string } | null;
  /** null without content. */
  readonly summary: InputSummary | null;
  /** CPU and wall time of the analysis, for the bench and the metrics. */
  readonly analysis_ms: number;
}

/** Turns captures into analyses off the event loop. Never rejects for what traffic contains. */
export interface Analyser {
  /** `judge`: name of the route's judge, whose rules give hits; with null all of them do. */
  analyse(capture: Capture, judge: string | null): Promise<Analysis>;
  close(): Promise<void>;
}
