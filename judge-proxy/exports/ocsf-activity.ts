/** OCSF API Activity (class 6003) of an exchange that has ended, whatever the judge said of it. */

import type { ExchangeOutcome } from '../ledger/records.ts';
import { aiOperation, control, metadata, PROFILES, severity } from './ocsf-parts.ts';
import { epochMs, PRODUCER, present, whole } from './producer.ts';
import type { ExchangeItem } from './record.ts';

export function apiActivity({ record, seq }: ExchangeItem): object {
  const { opened, completed } = record;
  const { id, name } = activityOf(opened.method);
  return {
    ...{ category_uid: 6, category_name: 'Application Activity', class_uid: 6003, class_name: 'API Activity' },
    ...{ activity_id: id, activity_name: name, type_uid: 600_300 + id, type_name: `API Activity: ${name}` },
    time: epochMs(completed.ts),
    ...{ start_time: epochMs(opened.ts), end_time: epochMs(completed.ts) },
    ...present({ duration: whole(completed.duration_ms) }),
    ...severity('none'),
    ...statusOf(completed.outcome, completed.status),
    ...present({ status_code: completed.error_code }),
    ...control(completed.outcome === 'blocked' ? 'blocked' : 'allowed'),
    metadata: metadata({
      ...{ uid: opened.exchange_id, exchangeId: opened.exchange_id, seq, ts: completed.ts },
      ...{ log: 'exchanges', profiles: PROFILES },
    }),
    actor: { user: { name: opened.client, uid: opened.client } },
    // Who called is known by certificate; no address of a client is recorded.
    src_endpoint: { name: opened.client },
    dst_endpoint: { hostname: opened.host, ...port(opened.port) },
    api: {
      operation: completed.api,
      service: { name: opened.host },
      request: { uid: opened.request_id },
      response: present({ code: completed.status, error: completed.error_code }),
    },
    http_request: {
      ...present({ http_method: METHODS.has(opened.method) ? opened.method : null }),
      url: { hostname: opened.host, path: opened.path, ...port(opened.port) },
      ...present({ body_length: whole(completed.request_bytes) }),
    },
    ...(completed.status === null ? {} : { http_response: httpResponse(record, completed.status) }),
    ...aiOperation({ ...completed, host: opened.host }, completed.response_id),
    unmapped: {
      ...{ outcome: completed.outcome, route: opened.route, mode: opened.mode, coverage: completed.coverage },
      ...{ streamed: completed.streamed, source: PRODUCER.name },
      ...present({ cost_usd: completed.cost_usd, judge: opened.judge, llm_error: completed.llm_error }),
    },
  };
}

function httpResponse({ completed }: ExchangeItem['record'], code: number): object {
  return {
    code,
    ...present({ body_length: whole(completed.response_bytes), latency: whole(completed.first_byte_ms) }),
  };
}

/** The schema's own list (http_request.http_method). */
const METHODS: ReadonlySet<string> = new Set('OPTIONS GET HEAD POST PUT DELETE TRACE CONNECT PATCH'.split(' '));

const ACTIVITIES: ReadonlyMap<string, { readonly id: number; readonly name: string }> = new Map([
  ['POST', { id: 1, name: 'Create' }],
  ['GET', { id: 2, name: 'Read' }],
  ['HEAD', { id: 2, name: 'Read' }],
  ['PUT', { id: 3, name: 'Update' }],
  ['PATCH', { id: 3, name: 'Update' }],
  ['DELETE', { id: 4, name: 'Delete' }],
]);

function activityOf(method: string): { readonly id: number; readonly name: string } {
  return ACTIVITIES.get(method) ?? { id: 99, name: method };
}

/** How the call ended for its caller; what the judge said of it is a finding. */
function statusOf(outcome: ExchangeOutcome, status: number | null): object {
  const success = outcome === 'complete' && status !== null && status < 400;
  return { status_id: success ? 1 : 2, status: success ? 'Success' : 'Failure', status_detail: outcome };
}

function port(value: number): { port?: number } {
  return value >= 0 && value <= 65_535 ? { port: value } : {};
}
