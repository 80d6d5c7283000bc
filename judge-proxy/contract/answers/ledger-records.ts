/** Records of the ledger, as answers carry them: their types are those of ledger/records.ts and ledger/acts.ts. */

import { z } from 'zod';
import {
  ACTIONS,
  type ActRecord,
  ERASURE_TIERS,
  type ErasureRecord,
  type ExportGapRecord,
  HUMAN_LABELS,
  type LabelRecord,
  QUEUES,
} from '../../ledger/acts.ts';
import type { ConnectionRecord, ExchangeCompleted, ExchangeOpened, Verdict } from '../../ledger/records.ts';
import { exactly, list } from './exact.ts';
import * as word from './words.ts';

const llmError = z.strictObject({
  source: z.enum(['origin', 'judge']),
  class: z.enum(['transient', 'permanent', 'rate_limit', 'auth', 'quota']),
  status: z.int().nullable(),
  code: z.string().nullable(),
});

export const opened = exactly<ExchangeOpened>()(
  z.strictObject({
    exchange_id: z.string(),
    ts: word.time,
    request_id: z.string(),
    client: z.string(),
    route: z.string(),
    host: z.string(),
    port: z.int(),
    method: z.string(),
    path: z.string(),
    mode: word.mode,
    judge: z.string().nullable(),
  }),
);

export const completed = exactly<ExchangeCompleted>()(
  z.strictObject({
    exchange_id: z.string(),
    ts: word.time,
    outcome: word.outcome,
    error_code: word.errorCode.nullable(),
    status: z.int().nullable(),
    api: z.string(),
    streamed: z.boolean(),
    client_request_id: z.string().nullable(),
    origin_request_id: z.string().nullable(),
    model_requested: z.string().nullable(),
    model_returned: z.string().nullable(),
    tokens_in: word.count.nullable(),
    tokens_out: word.count.nullable(),
    cost_usd: z.number().nullable(),
    request_bytes: word.count,
    response_bytes: word.count,
    first_byte_ms: z.number().nullable(),
    duration_ms: z.number(),
    coverage: word.coverage,
    llm_error: llmError.nullable(),
    content_sha256: word.sha256.nullable(),
    recording: word.recordingLevel.exactOptional(),
    sealed_sha256: word.sha256.exactOptional(),
    response_id: z.string().exactOptional(),
    previous_response_id: z.string().exactOptional(),
    conversation_id: z.string().exactOptional(),
  }),
);

export const connection = exactly<ConnectionRecord & { readonly seq: number }>()(
  z.strictObject({
    connection_id: z.string(),
    ts: word.time,
    request_id: z.string(),
    client: z.string(),
    route: z.string().nullable(),
    host: z.string(),
    port: z.int(),
    action: z.enum(['tunnel', 'terminate', 'deny']),
    error_code: word.errorCode.nullable(),
    reason: z.string().nullable(),
    bytes_up: word.count,
    bytes_down: word.count,
    duration_ms: z.number(),
    seq: word.count,
  }),
);

const judge = z.strictObject({
  name: z.string(),
  hash: word.sha256,
  model: z.string().nullable(),
  rubric_hash: word.sha256,
  output_mode: word.outputMode.nullable(),
  nonce_ok: z.boolean().nullable(),
  cache_hit: z.boolean(),
  escalated_from: z.string().nullable(),
});

const criterion = z.strictObject({
  id: z.string(),
  score: z.number(),
  threshold: z.number(),
  label: z.enum(['pass', 'violation']),
  severity: word.severity,
  evidence: list(z.strictObject({ place: z.string(), quote: z.string() })),
  explanation: z.string(),
});

const ruleHit = z.strictObject({
  rule: z.string(),
  version: z.string(),
  place: z.string(),
  preview: z.string(),
  severity: word.severity,
});

/** A verdict before it has its place. */
const newVerdict = z.strictObject({
  verdict_id: z.string(),
  exchange_id: z.string(),
  ts: word.time,
  request_id: z.string(),
  client_request_id: z.string().nullable(),
  origin_request_id: z.string().nullable(),
  client: z.string(),
  route: z.string(),
  host: z.string(),
  api: z.string(),
  model_requested: z.string().nullable(),
  model_returned: z.string().nullable(),
  streamed: z.boolean(),
  status: z.int().nullable(),
  judge: judge.nullable(),
  sampling_probability: word.share,
  input_sha256: word.sha256.nullable(),
  decided_by: word.decidedBy,
  state: word.judgeState,
  coverage: word.coverage,
  criteria: list(criterion),
  rule_hits: list(ruleHit),
  overall: z.strictObject({ label: word.label, severity: word.severity, score: z.number().nullable() }),
  mode: word.mode,
  release: z.enum(['cleared', 'eager']).nullable(),
  subject: z.enum(['request', 'exchange']),
  windows: word.count,
  action: word.action,
  latency_ms: z.number().nullable(),
  judge_tokens: word.tokens.nullable(),
  judge_cost_usd: z.number().nullable(),
  tokens_in: word.count.nullable(),
  tokens_out: word.count.nullable(),
  cost_usd: z.number().nullable(),
  latest_user_message: z.string().nullable(),
  latest_user_message_length: word.count.nullable(),
  context_tail_preview: z.string().nullable(),
  llm_error: llmError.nullable(),
  text_erased: z.literal(true).exactOptional(),
});

export const verdict = exactly<Verdict>()(
  newVerdict.extend({ seq: word.count, prev_hash: word.sha256, hash: word.sha256 }),
);
/** As it would have been: it has no place in the chain. */
export const unrecordedVerdict = exactly<Omit<Verdict, 'seq' | 'prev_hash' | 'hash'>>()(newVerdict);

export const labelFields = {
  label_id: z.string(),
  ts: word.time,
  exchange_id: z.string(),
  verdict_id: z.string().nullable(),
  reviewer: z.string(),
  label: z.enum(HUMAN_LABELS).nullable(),
  replaces: z.string().nullable(),
  queue: z.enum(QUEUES).nullable(),
  blind: z.boolean(),
  sampling_probability: word.share.nullable(),
  bulk_id: z.string().nullable(),
  note_sha256: word.sha256.nullable(),
} as const;
exactly<LabelRecord>()(z.strictObject(labelFields));

const actor = z.strictObject({ kind: z.enum(['user', 'token', 'cli', 'system']), name: z.string() });
const state = z.record(z.string(), z.unknown()).nullable();

export const actFields = {
  act_id: z.string(),
  ts: word.time,
  actor,
  action: z.enum(ACTIONS),
  object: z.string(),
  before: state,
  after: state,
} as const;
exactly<ActRecord>()(z.strictObject(actFields));

export const erasureFields = {
  erasure_id: z.string(),
  ts: word.time,
  actor,
  reason: z.enum(['retention', 'request']),
  tier: z.enum(ERASURE_TIERS),
  scope: z.strictObject({ kind: z.enum(['age', 'exchange', 'client']), of: z.string() }),
  seqs: list(word.count),
} as const;
exactly<ErasureRecord>()(z.strictObject(erasureFields));

export const exportGapFields = {
  gap_id: z.string(),
  ts: word.time,
  sink: z.string(),
  from_seq: word.count,
  to_seq: word.count,
  records: word.count,
  reason: z.enum(['bound', 'refused']),
} as const;
exactly<ExportGapRecord>()(z.strictObject(exportGapFields));
