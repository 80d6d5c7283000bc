/** The hash of a judge is another one for everything that can change what it answers, and for nothing else. */

import { expect, it } from 'vitest';
import { createJudge, type Judge } from './judges.ts';
import type { JudgeModel } from './model.ts';
import { RUBRIC } from './testing/judgements.ts';

function model(name: string): JudgeModel {
  return { name, ask: () => Promise.reject(new Error('nobody asks')) };
}

const BASE = {
  name: 'default',
  rubric: RUBRIC,
  rules: ['secrets', 'personal_data'],
  model: model('a'),
} satisfies Partial<Judge>;
const { hash } = createJudge(BASE);

it.each<[string, Partial<Judge>]>([
  ['rubric', { rubric: { ...RUBRIC, hash: 'another' } }],
  ['rules', { rules: ['secrets'] }],
  ['model', { model: model('b') }],
  ['no model', { model: null }],
  ['small model', { smallModel: model('b') }],
])('another one for another %s', (_, over) => {
  expect(createJudge({ ...BASE, ...over }).hash).not.toBe(hash);
});

it.each<[string, Partial<Judge>]>([
  ['order of its rules', { rules: ['personal_data', 'secrets'] }],
  ['name', { name: 'other' }],
  ['patience', { timeoutMs: 1 }],
  ['cache', { cache: { entries: 1, ttl: 1, scope: 'all_clients_dangerous' } }],
  ['budget', { budget: { day: { tokens: 1 }, month: {}, client_day: {}, client_month: {} } }],
])('the same for another %s', (_, over) => {
  expect(createJudge({ ...BASE, ...over }).hash).toBe(hash);
});

it('the two models are not each other', () => {
  const two = createJudge({ ...BASE, model: model('b'), smallModel: model('a') });
  expect(createJudge({ ...BASE, model: model('a'), smallModel: model('b') }).hash).not.toBe(two.hash);
});
