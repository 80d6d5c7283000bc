/** Records for tests: whole and plausible, with what a test is about given by the test. */

import { hash } from 'node:crypto';
import type { Log, LogFields } from '../telemetry/log.ts';
import type { Content } from './ledger.ts';
import type { ConnectionRecord, ExchangeCompleted, ExchangeOpened, NewVerdict } from './records.ts';

const TS = '2026-01-31T12:34:56.789Z';

export function sampleOpened(exchange_id: string, changes: Partial<ExchangeOpened> = {}): ExchangeOpened {
  return {
    exchange_id,
    ts: TS,
    request_id: `request-${exchange_id}`,
    client: 'team-a',
    route: 'openai',
    host: 'api.openai.com',
    port: 443,
    method: 'POST',
    path: '/v1/chat/completions',
    mode: 'observe',
    judge: 'default',
    ...changes,
  };
}

export function sampleCompleted(exchange_id: string, changes: Partial<ExchangeCompleted> = {}): ExchangeCompleted {
  return {
    exchange_id,
    ts: TS,
    outcome: 'complete',
    error_code: null,
    status: 200,
    api: 'openai.chat_completions',
    streamed: false,
    client_request_id: null,
    origin_request_id: 'req_1',
    model_requested: 'gpt-5-mini',
    model_returned: 'gpt-5-mini-2025-08-07',
    tokens_in: 12,
    tokens_out: 34,
    cost_usd: 0.000_071,
    request_bytes: 120,
    response_bytes: 340,
    first_byte_ms: 210.5,
    duration_ms: 480.25,
    coverage: { level: 'full', reasons: [] },
    llm_error: null,
    content_sha256: null,
    ...changes,
  };
}

export function sampleVerdict(exchange_id: string, changes: Partial<NewVerdict> = {}): NewVerdict {
  return {
    verdict_id: `verdict-${exchange_id}`,
    exchange_id,
    ts: TS,
    request_id: `request-${exchange_id}`,
    client_request_id: null,
    origin_request_id: 'req_1',
    client: 'team-a',
    route: 'openai',
    host: 'api.openai.com',
    api: 'openai.chat_completions',
    model_requested: 'gpt-5-mini',
    model_returned: 'gpt-5-mini-2025-08-07',
    streamed: false,
    status: 200,
    judge: {
      name: 'default',
      hash: 'f'.repeat(64),
      model: 'gpt-5-mini',
      output_mode: 'json_schema',
      nonce_ok: true,
      cache_hit: false,
      escalated_from: null,
      rubric_hash: 'f'.repeat(64),
    },
    sampling_probability: 1,
    input_sha256: null,
    decided_by: 'model',
    state: 'scored',
    coverage: { level: 'full', reasons: [] },
    criteria: [],
    rule_hits: [],
    overall: { label: 'clean', severity: 'none', score: 0 },
    mode: 'observe',
    release: null,
    subject: 'exchange',
    windows: 0,
    action: 'allowed',
    latency_ms: 900,
    judge_tokens: { in: 500, out: 80 },
    judge_cost_usd: null,
    tokens_in: 12,
    tokens_out: 34,
    cost_usd: 0.000_071,
    latest_user_message: 'Name three uses of a ledger.',
    latest_user_message_length: 28,
    context_tail_preview: null,
    llm_error: null,
    ...changes,
  };
}

export function sampleConnection(connection_id: string, changes: Partial<ConnectionRecord> = {}): ConnectionRecord {
  return {
    connection_id,
    ts: TS,
    request_id: `request-${connection_id}`,
    client: 'team-a',
    route: 'rest',
    host: 'example.com',
    port: 443,
    action: 'tunnel',
    error_code: null,
    reason: null,
    bytes_up: 100,
    bytes_down: 2_000,
    duration_ms: 1_500,
    ...changes,
  };
}

export function sampleContent(value: unknown): Content {
  const json = JSON.stringify(value);
  return { json, sha256: hash('sha256', json, 'hex') };
}

/** A log that keeps its lines. */
export class KeptLog implements Log {
  readonly lines: { readonly level: string; readonly event: string; readonly fields: LogFields }[] = [];

  write(level: string, event: string, fields: LogFields = {}): void {
    this.lines.push({ level, event, fields });
  }

  verdict(): void {}

  flush(): void {}
}
