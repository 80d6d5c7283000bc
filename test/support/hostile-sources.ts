/**
 * Who writes each text of the records, and of the answers that are made from them. The types demand every one: a field
 * that is new in one of them has to be named here before this compiles, and one that traffic controls has its entry in
 * hostile-fields.ts. Answers about the program itself (judges, sinks, people, sums) hold nothing of traffic.
 */

import type {
  Conversation,
  ConversationPart,
  PolicyTry,
  ReplayChange,
  ReplayJob,
} from '../../judge-proxy/contract/responses.ts';
import type { Actor, ActRecord, ErasureRecord, ExportGapRecord, LabelRecord } from '../../judge-proxy/ledger/acts.ts';
import type {
  ClientRow,
  ExchangeRow,
  ShadowAgreement,
  ShadowRow,
  Snippet,
} from '../../judge-proxy/ledger/read-model/rows.ts';
import type {
  ConnectionRecord,
  CriterionVerdict,
  Evidence,
  ExchangeCompleted,
  ExchangeOpened,
  LlmError,
  RuleHit,
  Verdict,
} from '../../judge-proxy/ledger/records.ts';
import type { FieldName } from './hostile-fields.ts';

/** The program itself (ids, times, hashes, words of closed lists), the operator, people; else fields of traffic. */
type Source = 'program' | 'operator' | 'people' | readonly FieldName[];

type Item<T> = T extends readonly (infer E)[] ? E : T;
/** Names of the fields that hold a text, or a list of texts, that no closed list names. */
type TextField<T> = {
  [K in keyof T]-?: string extends Item<NonNullable<T[K]>> ? K : never;
}[keyof T];
type Sources<T> = Readonly<Record<TextField<T>, Source>>;

/** Whoever the socket or the mTLS proxy says; what a client claims is not believed. */
const CLIENT: Source = ['stated_client'];
const HOST: Source = ['host', 'tunnel_host', 'denied_host', 'no_host'];
const IDS: Record<'exchange_id' | 'ts' | 'request_id', Source> = {
  exchange_id: 'program',
  ts: 'program',
  request_id: 'program',
};
const PEER_IDS: Record<'client_request_id' | 'origin_request_id', Source> = {
  client_request_id: ['client_request_id'],
  origin_request_id: ['origin_request_id'],
};
const MODELS: Record<'model_requested' | 'model_returned', Source> = {
  model_requested: ['model_requested'],
  model_returned: ['model_returned'],
};

const opened: Sources<ExchangeOpened> = {
  ...{ ...IDS, client: CLIENT, host: HOST, route: 'operator', judge: 'operator' },
  ...{ method: ['method'], path: ['path', 'query'] },
};

const completed: Sources<ExchangeCompleted> = {
  ...{ exchange_id: 'program', ts: 'program', ...PEER_IDS, ...MODELS, api: 'program' },
  ...{ content_sha256: 'program', sealed_sha256: 'program' },
  response_id: ['response_id', 'lane_response_id', 'chat_id'],
  previous_response_id: ['previous_id'],
  conversation_id: ['conversation_id'],
};

const llmError: Sources<LlmError> = {
  code: ['error_code', 'error_type', 'judge_error_code', 'judge_error_type'],
};

const connection: Sources<ConnectionRecord> = {
  ...{ connection_id: 'program', ts: 'program', request_id: 'program', client: CLIENT, host: HOST, route: 'operator' },
  reason: 'program',
};

const verdict: Sources<Verdict> = {
  ...{ ...IDS, verdict_id: 'program', client: CLIENT, host: HOST, route: 'operator', api: 'program' },
  ...{ ...PEER_IDS, ...MODELS, input_sha256: 'program', prev_hash: 'program', hash: 'program' },
  latest_user_message: ['user_message', 'lane_input'],
  context_tail_preview: ['user_message', 'lane_input'],
};

const judge: Sources<NonNullable<Verdict['judge']>> = {
  ...{ name: 'operator', hash: 'program', rubric_hash: 'program', escalated_from: 'operator' },
  model: ['judge_answer_model'],
};

const criterion: Sources<CriterionVerdict> = { id: 'operator', explanation: ['judge_reason', 'shadow_reason'] };
const evidence: Sources<Evidence> = { place: ['judge_place'], quote: ['judge_quote'] };
/** A preview says type and length of what a rule of ours found. */
const ruleHit: Sources<RuleHit> = { rule: 'program', version: 'program', place: 'program', preview: 'program' };

const part: Sources<ConversationPart> = {
  ...{ place: 'program', role: 'program', kind: 'program', of_exchange: 'program' },
  name: ['tool_name', 'called_tool', 'answered_tool'],
  text: [
    ...(['system_message', 'user_message', 'assistant_turn', 'tool_result', 'unknown_role', 'speaker'] as const),
    ...(['call_arguments', 'call_id', 'long_call_id', 'tool_about', 'tool_schema', 'image_url', 'media_type'] as const),
    ...(['file_name', 'file_id', 'end_user', 'metadata_key', 'unknown_field', 'answer', 'refusal'] as const),
    ...(['reasoning', 'source_title', 'answered_arguments', 'answered_call_id', 'instructions'] as const),
    ...(['previous_id', 'conversation_id', 'template_id', 'template_variable', 'odd_item'] as const),
    ...(['error_message', 'error_param', 'lane_input', 'lane_answer', 'content_type', 'unread_body'] as const),
  ],
};

const decoded: Sources<Conversation['decoded'][number]> = { place: 'program', coding: 'program', text: ['encoded'] };
const conversation: Sources<Conversation> = { finish: ['finish_reason', 'incomplete'] };
/** Of everything that a part says. */
const snippet: Sources<Snippet> = { text: ['system_message'] };

const row: Sources<ExchangeRow> = {
  ...{ exchange_id: 'program', ts: 'program', client: CLIENT, route: 'operator', host: HOST, api: 'program' },
  ...{ method: ['method'], path: ['path', 'query'], model: ['model_returned', 'model_requested'] },
  preview: ['user_message', 'lane_input'],
};
const rowVerdict: Sources<NonNullable<ExchangeRow['verdict']>> = {
  ...{ verdict_id: 'program', judge: 'operator', judge_hash: 'program' },
};
const client: Sources<ClientRow> = { client: CLIENT, first_ts: 'program', last_ts: 'program' };
const shadow: Sources<ShadowRow> = {
  ...{ exchange_id: 'program', ts: 'program', judge: 'operator', shadow: 'operator', shadow_hash: 'program' },
};
const agreement: Sources<ShadowAgreement> = { judge: 'operator', shadow: 'operator', shadow_hash: 'program' };

/** `why`: a word of ours for what could not be judged again. */
const change: Sources<ReplayChange> = {
  ...{ exchange_id: 'program', change: 'program', ts: 'program', client: CLIENT, route: 'operator' },
  ...{ criteria: 'operator', why: 'program' },
};
const side: Sources<NonNullable<ReplayChange['after']>> = {
  ...{ label: 'program', severity: 'program', action: 'program', state: 'program' },
};
const job: Sources<ReplayJob> = {
  ...{ job_id: 'program', judge: 'operator', created_by: 'people', created_at: 'program', ended_at: 'program' },
  error: 'program',
};
const tried: Sources<PolicyTry> = { change: 'program' };

/** What people do; test/console/working-screens.test.ts has their words. An erased client is named by its hash. */
const label: Sources<LabelRecord> = {
  ...{ label_id: 'program', ts: 'program', exchange_id: 'program', verdict_id: 'program', reviewer: 'people' },
  ...{ replaces: 'program', bulk_id: 'program', note_sha256: 'program' },
};
const act: Sources<ActRecord> = { act_id: 'program', ts: 'program', object: 'people' };
const actor: Sources<Actor> = { name: 'people' };
const erasure: Sources<ErasureRecord> = { erasure_id: 'program', ts: 'program' };
const scope: Sources<ErasureRecord['scope']> = { of: 'program' };
const gap: Sources<ExportGapRecord> = { gap_id: 'program', ts: 'program', sink: 'operator' };

/** What traffic brings, and no record has a field for. */
const unkept: readonly FieldName[] = [
  ...(['user_agent', 'referer', 'content_encoding', 'reason_phrase', 'lane', 'close_reason'] as const),
  ...(['judge_unreadable', 'judge_error_message'] as const),
];

const RECORDS: readonly Readonly<Record<string, Source>>[] = [
  ...[opened, completed, llmError, connection, verdict, judge, criterion, evidence, ruleHit, part, decoded],
  ...[conversation, snippet, row, rowVerdict, client, shadow, agreement, change, side, job, tried],
  ...[label, act, actor, erasure, scope, gap],
];

/** All fields that traffic controls, as records and answers name them. */
export const CONTROLLED: ReadonlySet<FieldName> = new Set([
  ...RECORDS.flatMap((record) => Object.values(record)).flatMap((source) => (typeof source === 'string' ? [] : source)),
  ...unkept,
]);
