/**
 * What the ledger holds. Names are those of the contract (DESIGN §4) and are renamed nowhere: the row, the log line,
 * `npm run review -- --json` and every export carry the same keys. Times are RFC 3339 UTC with milliseconds.
 */

import type { ErrorCode } from '../errors.ts';

/** How a response meets the judge. */
export const MODES = ['observe', 'window', 'hold'] as const;
export type Mode = (typeof MODES)[number];
/** What the ledger keeps of an exchange, and with it what its judge sees. */
export const RECORDING_LEVELS = ['full', 'redacted', 'metadata'] as const;
export type RecordingLevel = (typeof RECORDING_LEVELS)[number];
/** What clears a window of a stream: rules and model, or rules alone while the model judges behind. */
export type Release = 'cleared' | 'eager';
export type CoverageLevel = 'full' | 'partial' | 'none';

/** Why an exchange was not judged in full. Closed: each is a metric label and a row of docs/verdicts.md. */
export const COVERAGE_REASONS = [
  'unknown_api', // no wire format of ours reads this endpoint
  'no_judge', // the route names no judge
  'model_not_configured', // rules alone judged: there is no API key
  'model_failed', // the model was asked and gave no usable verdict; `state` says why
  'sampled_out', // the route asks the model about a part of its exchanges, and this one was not drawn
  'budget_exhausted', // what the judge or this client may spend is spent
  'stopped', // the judge stopped the exchange: what would have come was never read, or no model was asked any more
  'not_held', // more than may be held back: it was delivered before it was judged
  'request_truncated', // the copy of the request was cut at its cap
  'response_truncated',
  'copy_budget_exhausted', // all copies together reached their cap
  'unknown_coding', // a content coding that we cannot read
  'decode_failed', // bytes that their content coding does not explain
  'decode_limit', // decoded size or time reached its cap
  'unparseable', // not the JSON or event stream that the format asks for
  'stream_broken', // the response ended before the format says that it is complete
  'client_aborted', // the client went away before the end
  'origin_failed', // the origin gave no answer, or not all of it
  'opaque_content', // images, audio, files, encrypted reasoning: kept as hash and size, not read
  'context_missing', // earlier turns live at the provider
  'too_deep', // JSON nested deeper than we read
  'rules_incomplete', // a rule ran out of its time budget
  'metadata_only', // the route keeps metadata alone, so that no model sees the text; rules read it
  'content_altered', // the ledger does not hold the content that its record names
  'analysis_failed', // our own analysis crashed, hung, or had too much waiting for it
  'interrupted', // the proxy died while the exchange was open
] as const;
export type CoverageReason = (typeof COVERAGE_REASONS)[number];

export interface Coverage {
  readonly level: CoverageLevel;
  /** Sorted, without repeats; empty exactly when level is `full`. */
  readonly reasons: readonly CoverageReason[];
}

/** Lifecycle of a judgement. Every failure has a name; none reads as safe. */
export const JUDGE_STATES = [
  'scored', // the model answered and every check passed
  'truncated_input', // so it did, and what it saw was cut: never a clean pass
  'rules_only', // the route's judge has no model
  'refused', // the model refused
  'invalid_output',
  'nonce_mismatch',
  'quote_mismatch',
  'timeout',
  'provider_error',
  'circuit_open', // the endpoint failed too often just now and was not asked
  'queue_full',
  'budget_exhausted', // rules alone judged: what may be spent is spent
  'sampled_out', // rules alone judged: not drawn
  'unparseable', // nothing to judge: unknown API, coding or format
  'interrupted',
] as const;
export type JudgeState = (typeof JUDGE_STATES)[number];

export type Severity = 'none' | 'low' | 'medium' | 'high' | 'critical';
/** `clean` only with state `scored` and coverage `full`; `undetermined` is everything that nobody may call safe. */
export type OverallLabel = 'clean' | 'violation' | 'undetermined';
export type DecidedBy = 'rule' | 'model' | 'fallback' | 'human';
export type VerdictAction = 'allowed' | 'would_block' | 'blocked' | 'cut';

export interface Evidence {
  readonly place: string;
  readonly quote: string;
}

export interface CriterionVerdict {
  readonly id: string;
  readonly score: number;
  readonly threshold: number;
  readonly label: 'pass' | 'violation';
  readonly severity: Severity;
  readonly evidence: readonly Evidence[];
  readonly explanation: string;
}

export interface RuleHit {
  readonly rule: string;
  readonly version: string;
  /** Place of the part in the transcript, e.g. `request.messages[2].content`. */
  readonly place: string;
  /** Redacted: type and length, never the secret. */
  readonly preview: string;
  readonly severity: Severity;
}

/** The LLM's own error, of the origin or of the judge model. Never its free text. */
export interface LlmError {
  readonly source: 'origin' | 'judge';
  readonly class: 'transient' | 'permanent' | 'rate_limit' | 'auth' | 'quota';
  readonly status: number | null;
  readonly code: string | null;
}

/** Written and committed before the origin sees the request. */
export interface ExchangeOpened {
  readonly exchange_id: string;
  readonly ts: string;
  /** Ours; unique. */
  readonly request_id: string;
  readonly client: string;
  readonly route: string;
  readonly host: string;
  readonly port: number;
  readonly method: string;
  /** Path without query; the query may carry secrets and is not kept. */
  readonly path: string;
  readonly mode: Mode;
  /** Name of the judge, null when the route has none. */
  readonly judge: string | null;
}

/** `blocked`: the judge refused the request, withheld the response, or cut it. */
export type ExchangeOutcome = 'complete' | 'client_aborted' | 'origin_failed' | 'interrupted' | 'blocked';

/** Written and committed before the client has its last byte. */
export interface ExchangeCompleted {
  readonly exchange_id: string;
  readonly ts: string;
  readonly outcome: ExchangeOutcome;
  readonly error_code: ErrorCode | null;
  readonly status: number | null;
  readonly api: string;
  readonly streamed: boolean;
  readonly client_request_id: string | null;
  readonly origin_request_id: string | null;
  readonly model_requested: string | null;
  readonly model_returned: string | null;
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
  readonly cost_usd: number | null;
  readonly request_bytes: number;
  readonly response_bytes: number;
  readonly first_byte_ms: number | null;
  readonly duration_ms: number;
  readonly coverage: Coverage;
  readonly llm_error: LlmError | null;
  /** SHA-256 (hex) of the content stored beside this record, null when there is none. */
  readonly content_sha256: string | null;
  /** How much of it the route keeps. Absent in records made before there was a choice: `redacted`. */
  readonly recording?: RecordingLevel;
  /** SHA-256 (hex) of the sealed original, an age file; absent where none was made. */
  readonly sealed_sha256?: string;
  /** Ids at the provider, vetted by form; absent where there is none. The id of this answer. */
  readonly response_id?: string;
  /** The answer that this exchange continues. */
  readonly previous_response_id?: string;
  readonly conversation_id?: string;
}

/** A tunnel that was relayed blindly, or a connection that was refused: what reviewers must know was not judged. */
export interface ConnectionRecord {
  readonly connection_id: string;
  readonly ts: string;
  readonly request_id: string;
  readonly client: string;
  readonly route: string | null;
  readonly host: string;
  readonly port: number;
  readonly action: 'tunnel' | 'terminate' | 'deny';
  readonly error_code: ErrorCode | null;
  readonly reason: string | null;
  readonly bytes_up: number;
  readonly bytes_down: number;
  readonly duration_ms: number;
}

/** Ways of asking a model for JSON, best first. */
export const OUTPUT_MODES = ['json_schema', 'json_object', 'text'] as const;
export type OutputMode = (typeof OUTPUT_MODES)[number];

/** A verdict before the ledger gives it its place in the chain. */
export interface NewVerdict {
  readonly verdict_id: string;
  readonly exchange_id: string;
  readonly ts: string;
  readonly request_id: string;
  readonly client_request_id: string | null;
  readonly origin_request_id: string | null;
  readonly client: string;
  readonly route: string;
  readonly host: string;
  readonly api: string;
  readonly model_requested: string | null;
  readonly model_returned: string | null;
  readonly streamed: boolean;
  readonly status: number | null;
  readonly judge: {
    readonly name: string;
    readonly hash: string;
    readonly model: string | null;
    /** SHA-256 (hex) of the rubric alone: equal for two judges that ask the same questions. */
    readonly rubric_hash: string;
    /** How the answer was asked for; null when no model answered. */
    readonly output_mode: OutputMode | null;
    readonly nonce_ok: boolean | null;
    readonly cache_hit: boolean;
    /** Name of the small model whose answer was unsure or grave, so that `model` was asked; null without one. */
    readonly escalated_from: string | null;
  } | null;
  readonly sampling_probability: number;
  readonly input_sha256: string | null;
  readonly decided_by: DecidedBy;
  readonly state: JudgeState;
  readonly coverage: Coverage;
  readonly criteria: readonly CriterionVerdict[];
  readonly rule_hits: readonly RuleHit[];
  readonly overall: { readonly label: OverallLabel; readonly severity: Severity; readonly score: number | null };
  readonly mode: Mode;
  /** In mode `window` what cleared each window, else null. */
  readonly release: Release | null;
  /** `request`: judged on its own before the origin saw it. `exchange`: the pair. */
  readonly subject: 'request' | 'exchange';
  /** Windows of the stream that the model judged before the whole, 0 in other modes. */
  readonly windows: number;
  readonly action: VerdictAction;
  readonly latency_ms: number | null;
  readonly judge_tokens: { readonly in: number; readonly out: number } | null;
  readonly judge_cost_usd: number | null;
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
  readonly cost_usd: number | null;
  readonly latest_user_message: string | null;
  readonly latest_user_message_length: number | null;
  /** At most 200 characters. */
  readonly context_tail_preview: string | null;
  readonly llm_error: LlmError | null;
}

/** A verdict as the ledger holds it. */
export interface Verdict extends NewVerdict {
  /** Its quotes, explanations and previews were erased: evidence is empty then, texts are empty or null. */
  readonly text_erased?: true;
  /** Position in the ledger, from 1, without gaps. */
  readonly seq: number;
  readonly prev_hash: string;
  /** SHA-256 (hex) over the canonical JSON of the record and `prev_hash`. */
  readonly hash: string;
}

/** Everything that may stand in a verdict line: the allow-list of the log (DESIGN decision 14). */
export const VERDICT_FIELDS = [
  'verdict_id',
  'exchange_id',
  'ts',
  'request_id',
  'client_request_id',
  'origin_request_id',
  'client',
  'route',
  'host',
  'api',
  'model_requested',
  'model_returned',
  'streamed',
  'status',
  'judge',
  'sampling_probability',
  'input_sha256',
  'decided_by',
  'state',
  'coverage',
  'criteria',
  'rule_hits',
  'overall',
  'mode',
  'release',
  'subject',
  'windows',
  'action',
  'latency_ms',
  'judge_tokens',
  'judge_cost_usd',
  'tokens_in',
  'tokens_out',
  'cost_usd',
  'latest_user_message',
  'latest_user_message_length',
  'context_tail_preview',
  'llm_error',
  'seq',
  'prev_hash',
  'hash',
] as const satisfies readonly (keyof Verdict)[];
