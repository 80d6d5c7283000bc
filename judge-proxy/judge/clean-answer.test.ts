/** Contract: what a judge writes is kept without what detectors find in it; all else of an answer stays as it is. */

import { describe, expect, it } from 'vitest';
import type { Answer } from './answer-schema.ts';
import { type AnswerCleaner, cleanAnswer } from './clean-answer.ts';
import { operatorPatterns } from './rules/operator-patterns.ts';
import { SECRETS } from './testing/secrets.ts';

const CLEANER: AnswerCleaner = {
  rules: ['personal_data', 'judge_manipulation'],
  detector: operatorPatterns([{ name: 'employee', pattern: 'EMP-[0-9]{6}' }]),
  token: () => '01234567',
  now: () => 0,
};

function answer(analysis: string): Answer {
  const criterion = { id: 'c', evidence: [{ place: 'p', quote: 'q' }], analysis, score: 1, label: 'yes' };
  return { nonce: 'n', criteria: [criterion], judge_manipulation: { evidence: [], present: false }, unreadable: [] };
}
const said = (text: string, over: Partial<AnswerCleaner> = {}) =>
  cleanAnswer(answer(text), { ...CLEANER, ...over }).criteria[0]?.analysis;

describe('an explanation', () => {
  it.each(SECRETS)('without $name', ({ text, secret }) => {
    expect(said(`It says: ${text}`)).not.toContain(secret);
  });

  it('without what patterns and rules of the judge find', () => {
    expect(said('EMP-123456, 4111 1111 1111 1111')).toBe(
      '[REDACTED:employee:01234567], [REDACTED:payment_card:01234567]',
    );
    expect(said('4111 1111 1111 1111', { rules: [] })).toBe('4111 1111 1111 1111');
  });

  it('that says none is the same answer', () => {
    const plain = answer('Nothing of that kind.');
    expect(cleanAnswer(plain, CLEANER)).toBe(plain);
  });

  it('that nobody had the time to read is not kept', () => {
    let now = 0;
    expect(said('EMP-123456', { now: () => (now += 1_000) })).toBe('[UNSCANNED:10 characters]');
  });
});
