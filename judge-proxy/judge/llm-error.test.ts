/** The status decides where it says enough; words decide inside a 200 and between the meanings of a 4xx. */

import { describe, expect, it } from 'vitest';
import { classifyLlmError, codeWord } from './llm-error.ts';

describe('classifyLlmError', () => {
  it.each([
    [429, [null, 'requests'], 'rate_limit'],
    [429, ['insufficient_quota', 'insufficient_quota'], 'quota'],
    [401, [null, null], 'auth'],
    [529, [null, 'overloaded_error'], 'transient'],
    [400, [null, 'invalid_request_error'], 'permanent'],
    [400, [null, 'billing_error'], 'quota'],
    [200, [null, 'billing_error'], 'quota'],
    [200, [null, 'timeout_error'], 'transient'],
    [200, [null, 'overloaded_error'], 'transient'],
    [200, [null, 'rate_limit_error'], 'rate_limit'],
    [200, [null, 'not_found_error'], 'permanent'],
    [null, [null, null], 'permanent'],
  ] as const)('status %s with %j: %s', (status, words, expected) => {
    expect(classifyLlmError(status, words)).toBe(expected);
  });
});

it.each([
  ['overloaded_error', 'overloaded_error'],
  ['a sentence of the origin', null],
  ['x'.repeat(65), null],
  [null, null],
])('codeWord of %j: %j', (text, expected) => {
  expect(codeWord(text)).toBe(expected);
});
