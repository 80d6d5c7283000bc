import { describe, expect, test } from 'vitest';
import type { RouteConfig } from '../config/schema.ts';
import { routeConfig } from '../config/testing/route.ts';
import type { NewVerdict } from '../ledger/records.ts';
import { sampleVerdict } from '../ledger/sample-records.ts';
import { blockOrder } from './block-order.ts';

const criterion = { score: 3, threshold: 2, explanation: 'The plan leaves.', severity: 'critical' } as const;
const hit = { version: '1', place: 'request.messages[0].content' } as const;
const VERDICT: NewVerdict = {
  ...sampleVerdict('x1'),
  verdict_id: 'v1',
  criteria: [
    { ...criterion, id: 'leak', label: 'violation', evidence: [{ place: 'response.a', quote: 'the plan' }] },
    { ...criterion, id: 'rude', label: 'pass', score: 0, severity: 'none', evidence: [] },
  ],
  rule_hits: [
    { ...hit, rule: 'secrets', preview: 'aws_access_key_id, 20 characters', severity: 'critical' },
    { ...hit, rule: 'personal_data', preview: 'phone, 12 characters', severity: 'low' },
  ],
};

function order(block: Partial<RouteConfig['block']>, verdict: NewVerdict | null = VERDICT) {
  const route = routeConfig({ name: 'a', hosts: ['a.test'], action: 'terminate', judge: 'j', block });
  return blockOrder(route.block, { code: 'blocked_by_judge', requestId: 'r1', verdict });
}

describe('what a client is told', () => {
  test('nothing of rubric or evidence, unless the route says so', () => {
    const told = order({});
    expect(told).toMatchObject({ code: 'blocked_by_judge', status: 403, style: 'error', headers: true });
    expect(told).toMatchObject({ requestId: 'r1', verdictId: 'v1', reveal: null });
    expect(JSON.stringify(told)).not.toMatch(/leak|plan|secrets/);
  });

  test('criteria: ids of what was violated', () => {
    expect(order({ reveal: 'criteria' }).reveal).toEqual({ violated: ['leak', 'secrets'], evidence: [] });
  });

  test('evidence: quotes of the redacted document, and previews', () => {
    expect(order({ reveal: 'evidence' }).reveal?.evidence).toEqual([
      { place: 'response.a', quote: 'the plan' },
      { place: 'request.messages[0].content', quote: 'aws_access_key_id, 20 characters' },
    ]);
  });

  test('the settings of the route', () => {
    const settings = { status: 451, message: 'No.', style: 'finish', headers: false } as const;
    expect(order(settings)).toMatchObject(settings);
  });

  test('of a verdict that was never committed, nothing', () => {
    expect(order({ reveal: 'evidence' }, null)).toMatchObject({ verdictId: null, reveal: null });
  });
});
