/**
 * Contract: each type of sink is asked as its receiver understands, with keys by which a second delivery is known; secrets
 * are headers and nothing else; what traffic said is data, never markup, and a Slack message has none of it at all.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sink } from '../config/sinks.ts';
import { anyItem } from '../exports/testing/arbitrary-items.ts';
import { sampleOpened, sampleVerdict } from '../ledger/sample-records.ts';
import type { SinkEvent, SinkItem } from './event.ts';
import { requestFor } from './request.ts';
import { slackMessage } from './slack-message.ts';

const NOW = Date.parse('2026-01-31T12:00:00Z');
const place = { seq: 7, prev_hash: '0'.repeat(64), hash: 'f'.repeat(64) };

const violation: SinkItem = {
  subject: 'verdicts',
  seq: 7,
  record: {
    ...sampleVerdict('e1', {
      overall: { label: 'violation', severity: 'high', score: 1 },
      action: 'blocked',
      client: '<!channel> *team* <https://evil.test|click>',
      latest_user_message: 'words of traffic',
    }),
    ...place,
  },
  opened: sampleOpened('e1'),
  completed: null,
};
const act: SinkItem = {
  subject: 'audit',
  kind: 'act',
  seq: 9,
  record: { ts: '2026-01-31T12:00:00.000Z', action: 'policy.publish', object: 'default' },
};

const events = (...items: SinkItem[]): SinkEvent[] => items.map((item) => ({ dedupKey: `l:record:${item.seq}`, item }));
const request = (settings: object, ...items: SinkItem[]) =>
  requestFor(
    sink.parse({ name: 's', url: 'https://sink.test/in', type: 'webhook', ...settings }),
    events(...items),
    'msg_1',
    NOW,
  );
const lines = (body: string) =>
  body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('types', () => {
  test('webhook: our records with their keys', () => {
    const { body, headers } = request({ secret: 'words' }, violation, act);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': 'msg_1' });
    expect(JSON.parse(body)).toMatchObject({
      type: 'judge_proxy.records',
      timestamp: '2026-01-31T12:00:00.000Z',
      data: [
        { dedup_key: 'l:record:7', kind: 'verdicts', seq: 7, record: { exchange_id: 'e1', action: 'blocked' } },
        { dedup_key: 'l:record:9', kind: 'audit', seq: 9, record: { action: 'policy.publish' } },
      ],
    });
  });

  test('webhook, ocsf: findings of what is flagged, nothing of the rest', () => {
    const clean: SinkItem = { ...violation, record: { ...sampleVerdict('e2'), ...place } };
    const { data } = JSON.parse(request({ format: 'ocsf' }, violation, clean).body) as { data: { record: object }[] };
    expect(data).toHaveLength(1);
    expect(data[0]?.record).toMatchObject({
      class_uid: 2004,
      metadata: { profiles: ['security_control', 'ai_operation'] },
      ai_model: { ai_provider: 'openai' },
    });
  });

  test('otlp: one LogsData for all events', () => {
    const { resourceLogs } = JSON.parse(request({ type: 'otlp' }, violation, violation).body) as {
      resourceLogs: object[];
    };
    expect(resourceLogs).toHaveLength(2);
  });

  test('elastic: create with the key as id, so that a second delivery changes nothing', () => {
    const { body, headers } = request({ type: 'elastic', secret: 'KEY' }, violation, act);
    expect(headers).toMatchObject({ 'content-type': 'application/x-ndjson', authorization: 'ApiKey KEY' });
    expect(body.endsWith('\n')).toBe(true);
    const [first, , second, document] = lines(body);
    expect([first, second]).toEqual([{ create: { _id: 'l:record:7' } }, { create: { _id: 'l:record:9' } }]);
    expect(document).toMatchObject({
      '@timestamp': '2026-01-31T12:00:00.000Z',
      judge_proxy: { act: { object: 'default' } },
    });
  });

  test('hec: events behind each other, the key among their indexed fields', () => {
    const { body, headers } = request({ type: 'hec', secret: 'TOKEN' }, violation, act);
    expect(headers).toMatchObject({ authorization: 'Splunk TOKEN' });
    expect(lines(body)).toMatchObject([
      { sourcetype: 'judge_proxy:verdict', fields: { dedup_key: 'l:record:7', severity: 'high' } },
      { sourcetype: 'judge_proxy:act', time: NOW / 1_000, fields: { dedup_key: 'l:record:9' } },
    ]);
  });
});

describe('slack', () => {
  test('plain text alone: no markup, no mention, no link, and no words of traffic', () => {
    const message = slackMessage(events(violation)) as {
      text: string;
      blocks: { text: { type: string; text: string } }[];
    };
    expect(message).toMatchObject({ mrkdwn: false, unfurl_links: false, unfurl_media: false });
    expect(message.blocks.every(({ text }) => text.type === 'plain_text')).toBe(true);
    expect(message.text).not.toMatch(/[<>]/);
    expect(JSON.stringify(message)).not.toContain('words of traffic');
  });

  test('many events are one message that a section can hold', () => {
    const many = events(...Array.from({ length: 500 }, () => violation));
    const { blocks } = slackMessage(many) as { blocks: { text: { text: string } }[] };
    expect(blocks[0]?.text.text.length).toBeLessThanOrEqual(3_000);
    expect(blocks[0]?.text.text).toContain('500 events, 500 of them violations');
  });
});

test('whatever traffic said, each body is JSON, and secrets are in no body', () => {
  fc.assert(
    fc.property(
      fc.array(anyItem, { minLength: 1, maxLength: 5 }),
      fc.constantFrom('webhook', 'slack', 'otlp', 'elastic', 'hec'),
      (items, type) => {
        const { body } = request(
          { type, secret: 'SECRET-OF-THE-SINK', headers: { 'x-key': 'HEADER-SECRET' } },
          ...items,
        );
        if (type === 'elastic' || type === 'hec') lines(body);
        else JSON.parse(body);
        expect(body).not.toMatch(/SECRET-OF|HEADER-SECRET/);
        // Half a pair of surrogates: strict readers refuse the whole request for it.
        expect(body.isWellFormed()).toBe(true);
      },
    ),
  );
});
