/**
 * Columns of the CSV export: closed lists, documented in docs/exports.md. New ones come at the end. A field of a nested
 * object is `object_field`; of lists there are the names, joined by a semicolon, and no more: the whole is in JSONL.
 */

import type { Verdict } from '../ledger/records.ts';
import type { AuditItem, ExportItem, LabelItem, ShadowVerdictItem } from './beside-records.ts';
import type { Cell } from './csv.ts';
import { violated } from './flagged.ts';
import type { ConnectionItem, ExchangeItem, Subject, VerdictItem } from './record.ts';

interface Column<T extends ExportItem> {
  readonly name: string;
  readonly value: (record: T['record']) => Cell;
}

/** Columns that have the name and the value of a field. */
function same<T extends ExportItem, K extends keyof T['record'] & string>(...names: readonly K[]): Column<T>[] {
  return names.map((name) => ({ name, value: (record) => (record as T['record'])[name] as unknown as Cell }));
}

const VERDICT: readonly Column<VerdictItem>[] = [
  ...same<VerdictItem, keyof Verdict>('seq', 'ts', 'verdict_id', 'exchange_id', 'request_id'),
  ...same<VerdictItem, keyof Verdict>('client_request_id', 'origin_request_id', 'client', 'route', 'host', 'api'),
  ...same<VerdictItem, keyof Verdict>('model_requested', 'model_returned', 'streamed', 'status'),
  { name: 'overall_label', value: ({ overall }) => overall.label },
  { name: 'overall_severity', value: ({ overall }) => overall.severity },
  { name: 'overall_score', value: ({ overall }) => overall.score },
  ...same<VerdictItem, keyof Verdict>('action', 'decided_by', 'state'),
  { name: 'coverage_level', value: ({ coverage }) => coverage.level },
  { name: 'coverage_reasons', value: ({ coverage }) => coverage.reasons.join(';') },
  { name: 'violated', value: (record) => violated(record).join(';') },
  { name: 'criteria_scores', value: ({ criteria }) => criteria.map(({ id, score }) => `${id}=${score}`).join(';') },
  { name: 'rules', value: ({ rule_hits }) => [...new Set(rule_hits.map(({ rule }) => rule))].join(';') },
  ...same<VerdictItem, keyof Verdict>('mode', 'release', 'subject', 'windows'),
  { name: 'judge_name', value: ({ judge }) => judge?.name },
  { name: 'judge_hash', value: ({ judge }) => judge?.hash },
  { name: 'judge_model', value: ({ judge }) => judge?.model },
  { name: 'judge_rubric_hash', value: ({ judge }) => judge?.rubric_hash },
  { name: 'judge_output_mode', value: ({ judge }) => judge?.output_mode },
  { name: 'judge_nonce_ok', value: ({ judge }) => judge?.nonce_ok },
  { name: 'judge_cache_hit', value: ({ judge }) => judge?.cache_hit },
  { name: 'judge_escalated_from', value: ({ judge }) => judge?.escalated_from },
  ...same<VerdictItem, keyof Verdict>('sampling_probability', 'input_sha256', 'latency_ms'),
  { name: 'judge_tokens_in', value: ({ judge_tokens }) => judge_tokens?.in },
  { name: 'judge_tokens_out', value: ({ judge_tokens }) => judge_tokens?.out },
  ...same<VerdictItem, keyof Verdict>('judge_cost_usd', 'tokens_in', 'tokens_out', 'cost_usd'),
  ...same<VerdictItem, keyof Verdict>('latest_user_message', 'latest_user_message_length', 'context_tail_preview'),
  { name: 'llm_error_source', value: ({ llm_error }) => llm_error?.source },
  { name: 'llm_error_class', value: ({ llm_error }) => llm_error?.class },
  { name: 'llm_error_status', value: ({ llm_error }) => llm_error?.status },
  { name: 'llm_error_code', value: ({ llm_error }) => llm_error?.code },
  ...same<VerdictItem, keyof Verdict>('prev_hash', 'hash'),
  { name: 'text_erased', value: ({ text_erased }) => text_erased === true },
];

const OPENED = ['exchange_id', 'request_id', 'client', 'route', 'host', 'port', 'method', 'path', 'mode'] as const;
const COMPLETED = [
  ...(['outcome', 'error_code', 'status', 'api', 'streamed', 'client_request_id', 'origin_request_id'] as const),
  ...(['model_requested', 'model_returned', 'tokens_in', 'tokens_out', 'cost_usd'] as const),
  ...(['request_bytes', 'response_bytes', 'first_byte_ms', 'duration_ms'] as const),
] as const;

const EXCHANGE: readonly Column<ExchangeItem>[] = [
  { name: 'opened_seq', value: ({ opened_seq }) => opened_seq },
  { name: 'completed_seq', value: ({ completed_seq }) => completed_seq },
  { name: 'opened_ts', value: ({ opened }) => opened.ts },
  { name: 'completed_ts', value: ({ completed }) => completed.ts },
  ...OPENED.map((name): Column<ExchangeItem> => ({ name, value: ({ opened }) => opened[name] })),
  { name: 'judge_name', value: ({ opened }) => opened.judge },
  ...COMPLETED.map((name): Column<ExchangeItem> => ({ name, value: ({ completed }) => completed[name] })),
  { name: 'coverage_level', value: ({ completed }) => completed.coverage.level },
  { name: 'coverage_reasons', value: ({ completed }) => completed.coverage.reasons.join(';') },
  { name: 'llm_error_class', value: ({ completed }) => completed.llm_error?.class },
  { name: 'llm_error_status', value: ({ completed }) => completed.llm_error?.status },
  { name: 'llm_error_code', value: ({ completed }) => completed.llm_error?.code },
  ...(['content_sha256', 'response_id', 'previous_response_id', 'conversation_id'] as const).map(
    (name): Column<ExchangeItem> => ({ name, value: ({ completed }) => completed[name] }),
  ),
];

const CONNECTION: readonly Column<ConnectionItem>[] = [
  ...same<ConnectionItem, keyof ConnectionItem['record']>('seq', 'ts', 'connection_id', 'request_id', 'client'),
  ...same<ConnectionItem, keyof ConnectionItem['record']>('route', 'host', 'port', 'action', 'error_code', 'reason'),
  ...same<ConnectionItem, keyof ConnectionItem['record']>('bytes_up', 'bytes_down', 'duration_ms'),
];

const SHADOW_VERDICT: readonly Column<ShadowVerdictItem>[] = [
  ...VERDICT.map(({ name, value }): Column<ShadowVerdictItem> => ({ name, value })),
  { name: 'shadow_of', value: ({ shadow_of }) => shadow_of },
];

const LABEL: readonly Column<LabelItem>[] = [
  ...same<LabelItem, keyof LabelItem['record']>('seq', 'ts', 'label_id', 'exchange_id', 'verdict_id', 'reviewer'),
  ...same<LabelItem, keyof LabelItem['record']>('label', 'replaces', 'queue', 'blind', 'sampling_probability'),
  ...same<LabelItem, keyof LabelItem['record']>('bulk_id', 'note', 'note_sha256'),
];

/** Of three kinds: what one has not is empty. */
const AUDIT: readonly Column<AuditItem>[] = [
  ...same<AuditItem, 'seq' | 'ts' | 'kind'>('seq', 'ts', 'kind'),
  { name: 'id', value: idOf },
  { name: 'actor_kind', value: (record) => (record.kind === 'export_gap' ? null : record.actor.kind) },
  { name: 'actor_name', value: (record) => (record.kind === 'export_gap' ? null : record.actor.name) },
  { name: 'action', value: (record) => (record.kind === 'act' ? record.action : null) },
  { name: 'object', value: (record) => (record.kind === 'act' ? record.object : null) },
  { name: 'before', value: (record) => (record.kind === 'act' ? jsonCell(record.before) : null) },
  { name: 'after', value: (record) => (record.kind === 'act' ? jsonCell(record.after) : null) },
  { name: 'reason', value: (record) => (record.kind === 'act' ? null : record.reason) },
  { name: 'tier', value: (record) => (record.kind === 'erasure' ? record.tier : null) },
  { name: 'scope_kind', value: (record) => (record.kind === 'erasure' ? record.scope.kind : null) },
  { name: 'scope_of', value: (record) => (record.kind === 'erasure' ? record.scope.of : null) },
  { name: 'records', value: recordsOf },
  { name: 'sink', value: (record) => (record.kind === 'export_gap' ? record.sink : null) },
  { name: 'from_seq', value: (record) => (record.kind === 'export_gap' ? record.from_seq : null) },
  { name: 'to_seq', value: (record) => (record.kind === 'export_gap' ? record.to_seq : null) },
];

function idOf(record: AuditItem['record']): string {
  switch (record.kind) {
    case 'act':
      return record.act_id;
    case 'erasure':
      return record.erasure_id;
    case 'export_gap':
      return record.gap_id;
    default:
      return record satisfies never;
  }
}

function recordsOf(record: AuditItem['record']): number | null {
  if (record.kind === 'erasure') return record.seqs.length;
  return record.kind === 'export_gap' ? record.records : null;
}

function jsonCell(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

const COLUMNS = {
  verdicts: VERDICT,
  exchanges: EXCHANGE,
  connections: CONNECTION,
  shadow_verdicts: SHADOW_VERDICT,
  labels: LABEL,
  audit: AUDIT,
} as const satisfies Readonly<Record<Subject, unknown>>;

/** Names of the columns, in their order. */
export function csvColumns(subject: Subject): string[] {
  return COLUMNS[subject].map(({ name }) => name);
}

export function csvCells(item: ExportItem): Cell[] {
  switch (item.subject) {
    case 'verdicts':
      return VERDICT.map(({ value }) => value(item.record));
    case 'exchanges':
      return EXCHANGE.map(({ value }) => value(item.record));
    case 'connections':
      return CONNECTION.map(({ value }) => value(item.record));
    case 'shadow_verdicts':
      return SHADOW_VERDICT.map(({ value }) => value(item.record));
    case 'labels':
      return LABEL.map(({ value }) => value(item.record));
    case 'audit':
      return AUDIT.map(({ value }) => value(item.record));
    default:
      item satisfies never;
      return [];
  }
}
