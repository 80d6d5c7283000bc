/**
 * Contract: an operator's pattern takes out what it matches, or its first group, wherever it stands, also encoded and where
 * pieces meet; it gives no hit; the worst expression that the config takes cannot hang the thread.
 */

import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../../test/support/cpu-time.ts';
import { operatorPatterns } from './operator-patterns.ts';
import { Budget } from './rule.ts';
import { runRules } from './run-rules.ts';

const PATTERNS = [
  { name: 'employee', pattern: '\\bEMP-[0-9]{6}\\b' },
  { name: 'case_number', pattern: '(?i)case (?:no\\.? )?([0-9]{4}/[0-9]{2,6})' },
];
const detector = operatorPatterns(PATTERNS);

function read(text: string, own = detector, budgetMs = 10_000) {
  const texts = [{ place: 'p', text, ofApplication: false }];
  return runRules(texts, { rules: [], budgetMs, now: () => performance.now(), detector: own });
}
const found = (text: string) => read(text).redactions.map(({ start, end, type }) => [type, text.slice(start, end)]);

describe('what is found', () => {
  it.each<[string, readonly (readonly [string, string])[]]>([
    [
      'ask EMP-123456 and EMP-654321',
      [
        ['employee', 'EMP-123456'],
        ['employee', 'EMP-654321'],
      ],
    ],
    ['Case No. 2024/117 is open', [['case_number', '2024/117']]],
    ['{"who":"\\nEMP-123456"}', [['employee', 'EMP-123456']]],
    ['ＥＭＰ-123456', [['employee', 'ＥＭＰ-123456']]],
    ['XEMP-123456', []],
    ['', []],
  ])('%j', (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  it('is found in base64, with its coding', () => {
    const encoded = Buffer.from('please ask EMP-123456 about it').toString('base64');
    expect(found(`decode ${encoded} now`)).toEqual([['encoded_employee', encoded.replace(/=+$/, '')]]);
  });

  it('is found where two pieces meet', () => {
    for (let shift = -12; shift <= 2; shift++) {
      const text = `${'a '.repeat(8_192).slice(0, 16_384 + shift - 1)} EMP-123456 ${'b '.repeat(8_192)}`;
      expect(found(text)).toEqual([['employee', 'EMP-123456']]);
    }
  });

  it('gives no hit', () => {
    expect(read('EMP-123456').hits).toEqual([]);
  });
});

it('without patterns nothing is asked', () => {
  expect(operatorPatterns([])).toBeNull();
});

describe('time', () => {
  it('what is not read for want of time counts as not read', () => {
    const scan = detector?.run('EMP-123456', new Budget(() => 0, 0));
    expect(scan).toEqual({ findings: [], scanned: 0 });
    expect(read('EMP-123456', detector, 0).withheld.get('p')).toBe(0);
  });

  it.each(['(?:a?){300}a{300}', '(?:[a-z]{1,20} ){1,20}[0-9]', '(x+x+)+y', '.{0,400}z9', '(?:a|b|ab){1,150}c'])(
    '%s is linear on its worst text',
    (pattern) => {
      const own = operatorPatterns([{ name: 'worst', pattern }]);
      for (const text of ['a'.repeat(65_536), 'ab '.repeat(22_000), 'x'.repeat(65_536)]) {
        const started = cpuMs();
        read(text, own);
        expect(cpuMs() - started).toBeLessThan(5_000);
      }
    },
  );

  it('a budget of 250 ms ends it soon', () => {
    const own = operatorPatterns([{ name: 'worst', pattern: '(?:a?){300}a{300}' }]);
    const started = cpuMs();
    const outcome = read('a'.repeat(4 * 2 ** 20), own, 250);
    expect(cpuMs() - started).toBeLessThan(2_500);
    expect(outcome.complete).toBe(false);
    expect(outcome.withheld.get('p')).toBeLessThan(4 * 2 ** 20);
  });
});
