/**
 * What the judge sees and the ledger keeps: one redacted document. Its canonical JSON is stored as content, and its
 * SHA-256 stands in the verdict (`input_sha256`), so that a judgement can be repeated on exactly the input of the day.
 */

import type { ProviderLinks } from '../apis/provider-links.ts';
import type { Capture, RequestIds } from '../exchange/capture.ts';
import type { SecretHeader } from '../exchange/known-secret.ts';
import type { Part, Transcript } from '../exchange/transcript.ts';
import type { Sealed } from '../ledger/ledger.ts';
import type { Coverage, LlmError, RecordingLevel, RuleHit } from '../ledger/records.ts';

/** Earlier exchanges that this one continues at the provider, as the ledger keeps them (`context.ts`). */
export interface JudgeContext {
  /** Oldest first. */
  readonly exchanges: readonly { readonly exchange_id: string; readonly input_sha256: string }[];
  /** Their words. A place begins with `context[EXCHANGE_ID].`. */
  readonly parts: readonly Part[];
  /** Nothing that the model read before is known to be missing. */
  readonly complete: boolean;
}

export interface JudgeInput {
  readonly version: 1;
  /** Absent when the exchange stands for itself. */
  readonly context?: JudgeContext;
  readonly transcript: Transcript;
  /** What texts of the transcript say when a disguise is taken off, redacted like them. Absent when nothing does. */
  readonly decoded?: readonly DecodedText[];
  readonly rule_hits: readonly RuleHit[];
  readonly coverage: Coverage;
}

/** One stretch of a text, decoded once. */
export interface DecodedText {
  /** Of its own: the place of the text, `#`, the coding and a number. Quotes may name it. */
  readonly place: string;
  readonly coding: Coding;
  readonly text: string;
}

/**
 * `characters`: without invisible characters and in compatibility form. `tags`, `selectors`: the invisible characters
 * themselves, read as the ASCII or the bytes that they stand for.
 */
export type Coding = 'base64' | 'hex' | 'percent' | 'rot13' | 'characters' | 'tags' | 'selectors';

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
  /** Absent where the exchange neither has nor names an id at the provider. */
  readonly links?: ProviderLinks;
  /** Canonical JSON of the JudgeInput and its SHA-256 (hex). */
  readonly content: { readonly json: string; readonly sha256: string } | null;
  /** Of the content; of metadata what rules found, and nothing of the text. null when nothing was read. */
  readonly summary: InputSummary | null;
  /** Ids of the capture without what is secret in them; absent where it had none. */
  readonly ids?: RequestIds;
  /**
   * Of an exchange whose text is not kept: the input without its words, for what decides without a model. It leaves the
   * process nowhere.
   */
  readonly unseen?: JudgeInput;
  /** The original, for who holds the key. */
  readonly sealed?: Sealed;
  /** CPU and wall time of the analysis, for the bench and the metrics. */
  readonly analysis_ms: number;
}

/** Text of a stream that is judged before the whole is there. */
export interface WindowTask {
  readonly exchangeId: string;
  /** Name of the route's judge, whose rules give hits; with null all of them do. */
  readonly judge: string | null;
  /** As it came: not redacted. */
  readonly parts: readonly Part[];
  /** As of the exchange. */
  readonly recording?: RecordingLevel;
  /** JSON of the events since the window before, where it is searched by path. */
  readonly events?: readonly string[];
  /** Of the response. */
  readonly secretHeaders?: readonly SecretHeader[];
  /** Its request was read before (`Capture.beforeWindows`): who knows no secrets of it can read no window. */
  readonly afterRequest?: boolean;
}

/** A window as the judge may see it. */
export interface WindowReading {
  /** Redacted with the tokens of the exchange. */
  readonly parts: readonly Part[];
  /** As in the document of the whole. */
  readonly decoded?: readonly DecodedText[];
  readonly rule_hits: readonly RuleHit[];
  /** False when a rule ran out of its time, or more is encoded than is shown: what was not read is withheld. */
  readonly complete: boolean;
}

/** Turns captures into analyses off the event loop. Never rejects for what traffic contains. */
export interface Analyser {
  /** `judge`: name of the route's judge, whose rules give hits; with null all of them do. */
  analyse(capture: Capture, judge: string | null): Promise<Analysis>;
  /** @returns null when it could not be read: the thread died or hung, or too much waits for it */
  readWindow(task: WindowTask): Promise<WindowReading | null>;
  close(): Promise<void>;
}
