/** Contract: a sink gets what its section of the configuration asks for, and nothing that its format cannot say. */

import { expect, test } from 'vitest';
import { sink } from '../config/sinks.ts';
import type { Verdict } from '../ledger/records.ts';
import { sampleVerdict } from '../ledger/sample-records.ts';
import { isWanted, type SinkItem } from './event.ts';

const place = { seq: 7, prev_hash: '0'.repeat(64), hash: 'f'.repeat(64) };

function verdict(label: Verdict['overall']['label'], severity: Verdict['overall']['severity']): SinkItem {
  const record = { ...sampleVerdict('e1', { overall: { label, severity, score: 1 }, route: 'openai' }), ...place };
  return { subject: 'verdicts', seq: 7, record, opened: null, completed: null };
}
const act: SinkItem = {
  subject: 'audit',
  kind: 'act',
  seq: 9,
  record: { ts: '2026-01-31T12:00:00.000Z', action: 'policy.publish', object: 'default' },
};

test.each<[name: string, asked: object, item: SinkItem, wanted: boolean]>([
  ['a violation, by a sink that says nothing', {}, verdict('violation', 'high'), true],
  ['what is clean, by one that asks for it', { labels: ['clean'] }, verdict('clean', 'none'), true],
  ['below the severity', { min_severity: 'critical' }, verdict('violation', 'high'), false],
  ['another route', { routes: ['other'] }, verdict('violation', 'high'), false],
  ['this route', { routes: ['openai'] }, verdict('violation', 'high'), true],
  ['an act, of whatever route', { routes: ['other'], events: ['audit'] }, act, true],
  ['a finding', { format: 'ocsf' }, verdict('violation', 'high'), true],
  ['what is clean is no finding', { format: 'ocsf', labels: ['clean', 'violation'] }, verdict('clean', 'none'), false],
])('%s', (_name, asked, item, wanted) => {
  const parsed = sink.parse({ name: 's', type: 'webhook', url: 'https://sink.test/in', ...asked });
  expect(isWanted(item, parsed)).toBe(wanted);
});
