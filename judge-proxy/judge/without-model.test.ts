/** A verdict is given at once exactly when no model would be asked, and says why none was. */

import { expect, it } from 'vitest';
import type { ExchangeCompleted, ExchangeOpened } from '../ledger/records.ts';
import { sampleCompleted, sampleOpened } from '../ledger/sample-records.ts';
import type { InputSummary } from './input.ts';
import { judgeWith } from './testing/judged-ledger.ts';
import { judgeWithoutModel } from './without-model.ts';

const SUMMARY: InputSummary = {
  rule_hits: [],
  latest_user_message: 'hello',
  latest_user_message_length: 5,
  context_tail_preview: 'hello',
};
const MODEL = { name: 'test-judge', ask: () => Promise.reject(new Error('nobody asks')) };
const JUDGES = new Map([
  ['rules', judgeWith(null)],
  ['model', judgeWith(MODEL)],
]);

function judged(
  judge: string | null,
  changes: Partial<ExchangeCompleted> = {},
  summary: InputSummary | null = SUMMARY,
  opened: Partial<ExchangeOpened> = {},
) {
  const judgeNow = judgeWithoutModel({
    judges: JUDGES,
    onFailure: (route) => (route === 'strict' ? 'block' : 'review'),
    release: (route) => (route === 'strict' ? 'eager' : null),
    newId: () => 'v1',
  });
  return judgeNow(sampleOpened('e1', { judge, route: 'strict', ...opened }), sampleCompleted('e1', changes), summary);
}

const NONE = { coverage: { level: 'none', reasons: ['unknown_api'] } } as const;

it.each([
  ['rules alone judge', 'rules', {}, SUMMARY, 'rules_only', ['model_not_configured']],
  ['the config has no such judge', 'gone', {}, SUMMARY, 'rules_only', ['no_judge']],
  ['nothing could be read', 'model', NONE, SUMMARY, 'unparseable', ['unknown_api']],
  [
    'the analysis failed',
    'model',
    { coverage: { level: 'none', reasons: ['analysis_failed'] } },
    null,
    'unparseable',
    ['analysis_failed'],
  ],
] as const)('when %s', (_when, judge, changes, summary, state, reasons) => {
  const verdict = judged(judge, changes, summary);
  expect(verdict).toMatchObject({ state, coverage: { reasons }, overall: { label: 'undetermined' } });
  expect(verdict).toMatchObject({ verdict_id: 'v1', exchange_id: 'e1', ts: sampleCompleted('e1').ts });
  expect(verdict?.latest_user_message).toBe(summary === null ? null : 'hello');
});

it('says what the rules found', () => {
  const hit = { rule: 'secrets', version: '1', place: 'p', preview: 'x, 3 characters', severity: 'critical' } as const;
  expect(judged('rules', {}, { ...SUMMARY, rule_hits: [hit] })).toMatchObject({
    rule_hits: [hit],
    overall: { label: 'violation', severity: 'critical' },
    action: 'would_block',
  });
});

it('keeps to what the route says of failures', () => {
  expect(judged('model', NONE)).toMatchObject({ action: 'would_block' });
  expect(judged('rules')).toMatchObject({ action: 'allowed' });
});

it('not when a model is to be asked, and not without a judge', () => {
  expect(judged('model')).toBeNull();
  expect(judged(null)).toBeNull();
});

it('names what would have cleared its windows, in mode window and in no other', () => {
  const releaseIn = (mode: 'observe' | 'window' | 'hold') => judged('rules', {}, SUMMARY, { mode })?.release;
  expect([releaseIn('observe'), releaseIn('window'), releaseIn('hold')]).toEqual([null, 'eager', null]);
});
