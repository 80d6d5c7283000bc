/**
 * OpenTelemetry logs as OTLP/JSON: each line is a whole LogsData, as files of the collector have it
 * (opentelemetry.io/docs/specs/otel/protocol/file-exporter). A verdict is one event for each criterion and one, named
 * `overall`, for all: a verdict without criteria, because its judge failed or has no model, is not lost.
 */

import type { CriterionVerdict, Severity, Verdict } from '../ledger/records.ts';
import { failedState, violated } from './flagged.ts';
import { type Attribute, attributes, type KeyValue, unixNano } from './otlp-values.ts';
import { epochMs, PRODUCER, providerOf } from './producer.ts';
import type { ConnectionItem, ExchangeItem, Item, VerdictItem } from './record.ts';
import { ATTR, EVENT, SEMCONV_VERSION } from './semconv.ts';

interface LogRecord {
  readonly timeUnixNano: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly attributes: readonly KeyValue[];
}

/** The name of the event on the whole. No criterion has it: it is not an id of the schema's own. */
export const OVERALL = 'overall';

const RESOURCE = { attributes: attributes({ [ATTR.serviceName]: PRODUCER.name }) };
const SCOPE = { name: PRODUCER.name, version: SEMCONV_VERSION };

/** Numbers of the log data model: INFO 9, INFO2 10, WARN 13, ERROR 17, FATAL 21. */
const SEVERITY: Readonly<Record<Severity, readonly [number: number, text: string]>> = {
  none: [9, 'INFO'],
  low: [10, 'INFO2'],
  medium: [13, 'WARN'],
  high: [17, 'ERROR'],
  critical: [21, 'FATAL'],
};

/** LogsData of one record of the ledger. */
export function otlpLogs(item: Item): object {
  return {
    resourceLogs: [{ resource: RESOURCE, scopeLogs: [{ scope: SCOPE, logRecords: logRecords(item) }] }],
  };
}

function logRecords(item: Item): LogRecord[] {
  switch (item.subject) {
    case 'verdicts':
      return [...item.record.criteria.map((one) => criterionEvent(item, one)), overallEvent(item)];
    case 'exchanges':
      return [exchangeEvent(item)];
    case 'connections':
      return [connectionEvent(item)];
    default:
      item satisfies never;
      return [];
  }
}

function criterionEvent(item: VerdictItem, one: CriterionVerdict): LogRecord {
  const { record } = item;
  const severity = one.label === 'violation' ? one.severity : 'none';
  return event(EVENT.evaluation, record.ts, severity, {
    [ATTR.evaluationName]: one.id,
    [ATTR.scoreValue]: one.score,
    [ATTR.scoreLabel]: one.label,
    [ATTR.explanation]: one.explanation,
    'judge_proxy.criterion.threshold': one.threshold,
    'judge_proxy.criterion.severity': one.severity,
    'judge_proxy.criterion.places': one.evidence.map(({ place }) => place),
    ...common(item),
  });
}

function overallEvent(item: VerdictItem): LogRecord {
  const { record } = item;
  return event(EVENT.evaluation, record.ts, record.overall.severity, {
    [ATTR.evaluationName]: OVERALL,
    [ATTR.scoreValue]: record.overall.score,
    [ATTR.scoreLabel]: record.overall.label,
    [ATTR.errorType]: failedState(record),
    'judge_proxy.violated': violated(record),
    'judge_proxy.rules': [...new Set(record.rule_hits.map(({ rule }) => rule))],
    ...common(item),
  });
}

/** On every event of a verdict, so that each can be counted, grouped and traced to the ledger alone. */
function common({ record, opened, completed }: VerdictItem): Record<string, Attribute> {
  return {
    [ATTR.responseId]: completed?.response_id,
    [ATTR.conversationId]: completed?.conversation_id,
    ...origin(record, opened?.port),
    ...ours(record),
  };
}

function ours(record: Verdict): Record<string, Attribute> {
  return {
    'judge_proxy.verdict_id': record.verdict_id,
    'judge_proxy.exchange_id': record.exchange_id,
    'judge_proxy.request_id': record.request_id,
    'judge_proxy.client': record.client,
    'judge_proxy.route': record.route,
    'judge_proxy.api': record.api,
    'judge_proxy.overall.label': record.overall.label,
    'judge_proxy.overall.severity': record.overall.severity,
    'judge_proxy.action': record.action,
    'judge_proxy.decided_by': record.decided_by,
    'judge_proxy.state': record.state,
    'judge_proxy.mode': record.mode,
    'judge_proxy.subject': record.subject,
    'judge_proxy.coverage.level': record.coverage.level,
    'judge_proxy.coverage.reasons': record.coverage.reasons,
    'judge_proxy.judge.name': record.judge?.name,
    'judge_proxy.judge.hash': record.judge?.hash,
    'judge_proxy.judge.model': record.judge?.model,
    'judge_proxy.seq': record.seq,
    'judge_proxy.hash': record.hash,
  };
}

interface OfOrigin {
  readonly api: string;
  readonly host: string;
  readonly model_requested: string | null;
  readonly model_returned: string | null;
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
  readonly status: number | null;
}

function origin(record: OfOrigin, port: number | undefined): Record<string, Attribute> {
  return {
    [ATTR.provider]: providerOf(record.api, record.host),
    [ATTR.requestModel]: record.model_requested,
    [ATTR.responseModel]: record.model_returned,
    [ATTR.inputTokens]: record.tokens_in,
    [ATTR.outputTokens]: record.tokens_out,
    [ATTR.serverAddress]: record.host,
    [ATTR.serverPort]: port,
    [ATTR.httpStatus]: record.status,
  };
}

function exchangeEvent({ record, seq }: ExchangeItem): LogRecord {
  const { opened, completed } = record;
  return event(EVENT.exchange, completed.ts, completed.outcome === 'complete' ? 'none' : 'medium', {
    [ATTR.responseId]: completed.response_id,
    [ATTR.conversationId]: completed.conversation_id,
    ...origin({ ...completed, host: opened.host }, opened.port),
    [ATTR.httpMethod]: opened.method,
    [ATTR.urlPath]: opened.path,
    [ATTR.errorType]: completed.error_code ?? (completed.outcome === 'complete' ? null : completed.outcome),
    'judge_proxy.exchange_id': opened.exchange_id,
    'judge_proxy.request_id': opened.request_id,
    'judge_proxy.client': opened.client,
    'judge_proxy.route': opened.route,
    'judge_proxy.api': completed.api,
    'judge_proxy.mode': opened.mode,
    'judge_proxy.judge.name': opened.judge,
    'judge_proxy.outcome': completed.outcome,
    'judge_proxy.coverage.level': completed.coverage.level,
    'judge_proxy.coverage.reasons': completed.coverage.reasons,
    'judge_proxy.cost_usd': completed.cost_usd,
    'judge_proxy.duration_ms': completed.duration_ms,
    'judge_proxy.first_byte_ms': completed.first_byte_ms,
    'judge_proxy.seq': seq,
  });
}

function connectionEvent({ record }: ConnectionItem): LogRecord {
  return event(EVENT.connection, record.ts, record.action === 'deny' ? 'low' : 'none', {
    [ATTR.serverAddress]: record.host,
    [ATTR.serverPort]: record.port,
    [ATTR.errorType]: record.error_code,
    'judge_proxy.connection_id': record.connection_id,
    'judge_proxy.request_id': record.request_id,
    'judge_proxy.client': record.client,
    'judge_proxy.route': record.route,
    'judge_proxy.connection.action': record.action,
    'judge_proxy.connection.reason': record.reason,
    'judge_proxy.bytes_up': record.bytes_up,
    'judge_proxy.bytes_down': record.bytes_down,
    'judge_proxy.duration_ms': record.duration_ms,
    'judge_proxy.seq': record.seq,
  });
}

/** Scores, costs and times are doubles, also when they are whole: a field of two types is two fields for a store. */
const DOUBLES: ReadonlySet<string> = new Set([
  ATTR.scoreValue,
  'judge_proxy.criterion.threshold',
  'judge_proxy.cost_usd',
  'judge_proxy.duration_ms',
  'judge_proxy.first_byte_ms',
]);

function event(name: string, ts: string, severity: Severity, values: Readonly<Record<string, Attribute>>): LogRecord {
  const [severityNumber, severityText] = SEVERITY[severity];
  return {
    timeUnixNano: unixNano(epochMs(ts)),
    ...{ severityNumber, severityText, eventName: name },
    attributes: attributes(values, DOUBLES),
  };
}
