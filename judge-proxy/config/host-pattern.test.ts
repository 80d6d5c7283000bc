import { describe, expect, test } from 'vitest';
import { covers, formatHostPattern, parseHostPattern } from './host-pattern.ts';

function pattern(text: string) {
  const parsed = parseHostPattern(text);
  if (parsed === null) throw new Error(`not a pattern: ${text}`);
  return parsed;
}

test.each([
  ['*', '*'],
  ['*.Example.COM', '*.example.com'],
  ['API.openai.com.', 'api.openai.com'],
  ['0x7f.1', '127.0.0.1'],
  ['::1', '::1'],
])('the pattern %s is written %s', (text, canonical) => {
  expect(formatHostPattern(pattern(text))).toBe(canonical);
});

test.each([
  [''],
  ['**'],
  ['*.'],
  ['*.*'],
  ['a.*.example'],
  ['*example.com'],
  ['*.10.0.0.1'],
  ['https://a.example'],
  ['a:443'],
])('%j is no pattern', (text) => {
  expect(parseHostPattern(text)).toBeNull();
});

describe('covers', () => {
  test.each([
    ['*', '*', true],
    ['*', 'a.example', true],
    ['*', '10.0.0.1', true],
    ['a.example', '*', false],
    ['*.example', '*', false],
    ['a.example', 'a.example', true],
    ['a.example', 'b.example', false],
    ['a.example', '*.a.example', false],
    ['*.example', 'a.example', true],
    ['*.example', 'a.b.example', true],
    ['*.example', 'example', false],
    ['*.example', 'badexample', false],
    ['*.example', '*.a.example', true],
    ['*.a.example', '*.example', false],
    ['*.example', '*.example', true],
  ])('%s over %s: %s', (outer, inner, expected) => {
    expect(covers(pattern(outer), pattern(inner))).toBe(expected);
  });

  test('an address is below no name', () => {
    // Such a pattern cannot be written; the answer may not depend on that.
    expect(covers({ kind: 'subdomains', suffix: '.0.0.1' }, pattern('10.0.0.1'))).toBe(false);
  });
});
