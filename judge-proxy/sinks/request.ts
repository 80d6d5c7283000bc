/** One delivery as an HTTP request: what each type of sink wants to be told. Pure. */

import type { SinkConfig } from '../config/sinks.ts';
import { ecsDocument } from '../exports/ecs.ts';
import { isFlagged } from '../exports/flagged.ts';
import { hecEvent } from '../exports/hec.ts';
import { apiActivity } from '../exports/ocsf-activity.ts';
import { detectionFinding } from '../exports/ocsf-finding.ts';
import { otlpLogs } from '../exports/otlp.ts';
import type { SinkEvent, SinkItem } from './event.ts';
import { signed } from './signature.ts';
import { slackMessage } from './slack-message.ts';

export interface SinkRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Settings = Pick<SinkConfig, 'type' | 'format' | 'secret' | 'headers'>;

const JSON_TYPE = { 'content-type': 'application/json' };

/**
 * @param id of the delivery, the same when it is tried again
 * @param nowMs when it is sent, milliseconds since 1970
 */
export function requestFor(settings: Settings, events: readonly SinkEvent[], id: string, nowMs: number): SinkRequest {
  const { headers, body } = ofType(settings, events, id, nowMs);
  return { headers: { 'user-agent': 'judge-proxy', ...headers, ...settings.headers }, body };
}

function ofType(settings: Settings, events: readonly SinkEvent[], id: string, nowMs: number): SinkRequest {
  const { type: kind, secret } = settings;
  switch (kind) {
    case 'webhook': {
      const body = text(webhookBody(settings, events, nowMs));
      return { headers: { ...JSON_TYPE, ...signed(secret, id, Math.floor(nowMs / 1_000), body) }, body };
    }
    case 'slack':
      return { headers: JSON_TYPE, body: text(slackMessage(events)) };
    case 'otlp':
      return { headers: JSON_TYPE, body: text({ resourceLogs: events.flatMap(({ item }) => resourceLogs(item)) }) };
    case 'elastic':
      return { headers: bulkHeaders(secret), body: events.map(bulkLines).join('') };
    case 'hec':
      return { headers: { ...JSON_TYPE, ...authorized('Splunk', secret) }, body: events.map(hecLine).join('\n') };
    default: {
      kind satisfies never;
      return { headers: {}, body: '' };
    }
  }
}

function webhookBody({ format }: Settings, events: readonly SinkEvent[], nowMs: number): object {
  const data = events.flatMap(({ dedupKey, item }) => {
    const record = format === 'ocsf' ? ocsf(item) : item.record;
    return record === null ? [] : [{ dedup_key: dedupKey, kind: item.subject, seq: item.seq, record }];
  });
  return { type: 'judge_proxy.records', timestamp: new Date(nowMs).toISOString(), data };
}

/** Findings are of what is flagged; OCSF has no class for the rest. */
function ocsf(item: SinkItem): object | null {
  if (item.subject === 'exchanges') return apiActivity(item);
  return item.subject === 'verdicts' && isFlagged(item.record) ? detectionFinding(item, false) : null;
}

function resourceLogs(item: SinkItem): readonly unknown[] {
  if (item.subject === 'audit' || item.subject === 'checkpoints') return [];
  return (otlpLogs(item) as { resourceLogs: readonly unknown[] }).resourceLogs;
}

function bulkHeaders(secret: string): Record<string, string> {
  return { 'content-type': 'application/x-ndjson', ...authorized('ApiKey', secret) };
}

/** `create`, not `index`: data streams take nothing else, and a second delivery answers 409 instead of changing anything. */
function bulkLines({ dedupKey, item }: SinkEvent): string {
  const plain = item.subject === 'audit' || item.subject === 'checkpoints';
  const document = plain ? plainDocument(item) : ecsDocument(item);
  return `${text({ create: { _id: dedupKey } })}\n${text(document)}\n`;
}

function plainDocument(item: Extract<SinkItem, { subject: 'audit' | 'checkpoints' }>): object {
  const dataset = item.subject === 'audit' ? item.kind : 'checkpoint';
  return {
    '@timestamp': item.record.ts,
    event: { kind: 'event', provider: 'judge-proxy', dataset: `judge_proxy.${dataset}` },
    judge_proxy: { [dataset]: item.record },
  };
}

function hecLine({ dedupKey, item }: SinkEvent): string {
  if (item.subject === 'audit' || item.subject === 'checkpoints') {
    const time = Date.parse(String(item.record.ts)) / 1_000;
    const kind = item.subject === 'audit' ? item.kind : 'checkpoint';
    const event = { time, source: 'judge-proxy', sourcetype: `judge_proxy:${kind}`, event: item.record };
    return text({ ...event, fields: { dedup_key: dedupKey } });
  }
  const { fields, ...event } = hecEvent(item) as { fields: object };
  return text({ ...event, fields: { ...fields, dedup_key: dedupKey } });
}

function authorized(scheme: string, secret: string): Record<string, string> {
  return secret === '' ? {} : { authorization: `${scheme} ${secret}` };
}

/** Half a pair of surrogates becomes U+FFFD: strict readers refuse the whole request for it. */
function text(value: object): string {
  const json = JSON.stringify(value);
  if (!/\\ud[89a-f]/i.test(json)) return json;
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'string' ? item.toWellFormed() : item));
}
