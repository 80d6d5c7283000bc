/** What can be done with a job follows from its state; progress never says more than is done. */

import { describe, expect, it } from 'vitest';
import {
  boundInWords,
  boundIsSpent,
  boundOf,
  canResume,
  fieldsOf,
  isUnderWay,
  policyOf,
  progressOf,
  spentInWords,
} from './job-words.ts';

describe('a job', () => {
  it.each([
    ['queued', true, false],
    ['running', true, false],
    ['done', false, false],
    ['cancelled', false, true],
    ['failed', false, true],
  ] as const)('%s', (state, underWay, resumable) => {
    expect(isUnderWay({ state })).toBe(underWay);
    expect(canResume({ state, done: 1, total: 2 })).toBe(resumable);
    expect(canResume({ state, done: 2, total: 2 })).toBe(false);
  });

  it('is at 100 only when all of it is done', () => {
    expect(progressOf({ state: 'running', done: 999, total: 1_000 })).toBe(99);
    expect(progressOf({ state: 'done', done: 0, total: 0 })).toBe(100);
    expect(progressOf({ state: 'queued', done: 0, total: 0 })).toBe(0);
  });
});

it('a policy is named as people know it', () => {
  expect([null, 0, 3].map((version) => policyOf({ policy_version: version }))).toEqual([
    ...['a text of its own', 'the file', 'version 3'],
  ]);
});

describe('a bound', () => {
  it.each([
    [{ max_usd: 1.5, max_tokens: null }, '$1.50', { max_usd: 1.5 }],
    [{ max_usd: null, max_tokens: 20_000 }, '20,000 tokens', { max_tokens: 20_000 }],
    [{ max_usd: null, max_tokens: 1 }, '1 token', { max_tokens: 1 }],
  ])('%j', (job, words, fields) => {
    expect(boundInWords(boundOf(job))).toBe(words);
    expect(fieldsOf(boundOf(job))).toEqual(fields);
  });

  it('says in which unit spending is told', () => {
    const spent = { calls: 3, usd: 0, tokens: { in: 1_200, out: 34 } };
    expect(spentInWords({ spent, max_usd: null, max_tokens: 5_000 })).toBe('1,234 tokens');
    expect(spentInWords({ spent: { ...spent, usd: 0.25 }, max_usd: 1, max_tokens: null })).toBe('$0.2500');
  });

  it('that nobody named is left to the server', () => {
    expect(fieldsOf(null)).toEqual({});
  });

  it.each([
    [null, false],
    ['max_usd', true],
    ['max_tokens', true],
    ['judge_unavailable', false],
  ])('is spent when the job ended with %s: %s', (error, spent) => {
    expect(boundIsSpent({ error })).toBe(spent);
  });
});
