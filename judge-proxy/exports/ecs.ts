/**
 * Documents of the Elastic Common Schema with the `gen_ai.policy.*` and `gen_ai.compliance.*` fields that the ready rules
 * of Elastic Security for guardrails read (elastic/detection-rules, integrations/aws_bedrock). `event.id` is the same for
 * the same record: as `_id` it makes a second delivery harmless.
 */

import type { Severity, VerdictAction } from '../ledger/records.ts';
import { isFlagged, title, violated } from './flagged.ts';
import { PRODUCER, present, providerOf } from './producer.ts';
import type { ConnectionItem, ExchangeItem, Item, VerdictItem } from './record.ts';

/** The first whose `gen_ai` fields are those of OpenTelemetry is 9.1; `policy` and `compliance` are in none so far. */
const ECS = { version: '9.1.0' };
const OBSERVER = { product: PRODUCER.name, vendor: PRODUCER.vendor, type: 'proxy' };

/** The words of those rules: they ask for BLOCKED. */
const POLICY_ACTION: Readonly<Record<VerdictAction, string>> = {
  allowed: 'NONE',
  would_block: 'DETECTED',
  blocked: 'BLOCKED',
  cut: 'BLOCKED',
};

/** `event.severity`, as Elastic Security orders risk scores: 21 low, 47 medium, 73 high, 99 critical. */
const EVENT_SEVERITY: Readonly<Record<Severity, number>> = { none: 0, low: 21, medium: 47, high: 73, critical: 99 };

export function ecsDocument(item: Item): object {
  switch (item.subject) {
    case 'verdicts':
      return verdictDocument(item);
    case 'exchanges':
      return exchangeDocument(item);
    case 'connections':
      return connectionDocument(item);
    default:
      item satisfies never;
      return {};
  }
}

function verdictDocument({ record, opened, completed }: VerdictItem): object {
  const stopped = record.action === 'blocked' || record.action === 'cut';
  const flagged = isFlagged(record);
  return {
    '@timestamp': record.ts,
    ecs: ECS,
    message: title(record),
    event: {
      ...{ id: record.verdict_id, kind: flagged ? 'alert' : 'event', category: ['intrusion_detection'] },
      type: [stopped ? 'denied' : flagged ? 'info' : 'allowed'],
      ...{ module: PRODUCER.name, dataset: `${PRODUCER.name}.verdict`, provider: record.judge?.name ?? PRODUCER.name },
      ...{ action: record.action, outcome: outcomeOf(record.overall.label), sequence: record.seq },
      severity: EVENT_SEVERITY[record.overall.severity],
    },
    observer: OBSERVER,
    user: { id: record.client },
    destination: present({ domain: record.host, port: opened?.port }),
    ...(record.status === null ? {} : { http: { response: { status_code: record.status } } }),
    rule: present({ name: record.judge?.name, ruleset: record.route, version: record.judge?.hash }),
    gen_ai: {
      ...model(record, completed),
      policy: present({
        name: record.judge === null ? null : [record.judge.name],
        action: [POLICY_ACTION[record.action]],
        violation: record.overall.label === 'violation',
        // A rule matches or does not. What a model is sure of, it does not tell: its score is no confidence.
        confidence: record.decided_by === 'rule' ? ['HIGH'] : null,
      }),
      compliance: {
        violation_detected: record.overall.label === 'violation',
        violation_code: violated(record),
      },
    },
    judge_proxy: record,
  };
}

/** What the judge found out, not how the request ended: that is `http`. */
function outcomeOf(label: 'clean' | 'violation' | 'undetermined'): string {
  return { clean: 'success', violation: 'failure', undetermined: 'unknown' }[label];
}

function exchangeDocument({ record }: ExchangeItem): object {
  const { opened, completed } = record;
  const failed = completed.outcome !== 'complete';
  return {
    '@timestamp': completed.ts,
    ecs: ECS,
    event: {
      ...{ id: opened.exchange_id, kind: 'event', category: ['network', 'api'], type: ['connection', 'protocol'] },
      ...{ module: PRODUCER.name, dataset: `${PRODUCER.name}.exchange`, action: completed.outcome },
      ...{ outcome: failed ? 'failure' : 'success', sequence: record.completed_seq, start: opened.ts },
      // Nanoseconds.
      duration: Math.round(completed.duration_ms * 1_000_000),
    },
    observer: OBSERVER,
    user: { id: opened.client },
    destination: { domain: opened.host, port: opened.port },
    url: { domain: opened.host, port: opened.port, path: opened.path },
    http: {
      request: { id: opened.request_id, method: opened.method, body: { bytes: completed.request_bytes } },
      response: present({ status_code: completed.status, body: { bytes: completed.response_bytes } }),
    },
    ...(completed.error_code === null ? {} : { error: { code: completed.error_code } }),
    gen_ai: model({ ...completed, host: opened.host }, completed),
    judge_proxy: record,
  };
}

function connectionDocument({ record }: ConnectionItem): object {
  return {
    '@timestamp': record.ts,
    ecs: ECS,
    event: {
      ...{ id: record.connection_id, kind: 'event', category: ['network'] },
      type: ['connection', record.action === 'deny' ? 'denied' : 'allowed'],
      ...{ module: PRODUCER.name, dataset: `${PRODUCER.name}.connection`, action: record.action },
      outcome: record.error_code === null ? 'success' : 'failure',
      sequence: record.seq,
      duration: Math.round(record.duration_ms * 1_000_000),
    },
    observer: OBSERVER,
    user: { id: record.client },
    source: { bytes: record.bytes_up },
    destination: { domain: record.host, port: record.port, bytes: record.bytes_down },
    ...(record.error_code === null ? {} : { error: { code: record.error_code } }),
    judge_proxy: record,
  };
}

interface OfModel {
  readonly api: string;
  readonly host: string;
  readonly model_requested: string | null;
  readonly model_returned: string | null;
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
}

function model(record: OfModel, completed: { readonly response_id?: string } | null): object {
  return {
    provider: { name: providerOf(record.api, record.host) },
    request: present({ model: record.model_requested }),
    response: present({ id: completed?.response_id, model: record.model_returned }),
    usage: present({ input_tokens: record.tokens_in, output_tokens: record.tokens_out }),
  };
}
