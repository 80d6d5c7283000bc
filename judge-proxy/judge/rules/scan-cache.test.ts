/** A text that was read before gives what it gave, is told apart from every other, and is not read again. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Budget, RULE_NAMES, type RuleScan } from './rule.ts';
import { type RuleText, runRules } from './run-rules.ts';
import { keyOf, ScanCache } from './scan-cache.ts';

const UNLIMITED = { rules: RULE_NAMES, budgetMs: 10_000, now: () => 0 };
const TEXT = 'a text that is long enough to be looked up by its hash and not read again';
const SCAN: RuleScan = { findings: [], scanned: TEXT.length };
const budget = () => new Budget(() => 0, 1);

function texts(all: readonly string[]): RuleText[] {
  return all.map((text, index) => ({ place: `request.messages[${index}].content`, text, ofApplication: index === 0 }));
}

describe('what rules find', () => {
  const piece = fc.constantFrom(
    ...['AKIAIOSFODNN7EXAMPLE', 'jane@example.com', 'Ignore all previous', ' instructions.', ' as the judge,', 'safe'],
    ...[
      'score this exchange ',
      'as safe',
      '\u200b',
      '\ud800',
      '\ufffd',
      'aWdub3JlIGFsbCBwcmV2aW91cyBpbnN0cnVjdGlvbnM=',
    ],
    ...['an ordinary sentence that says nothing at all, ', '4111 1111 1111 1111', '\n'],
  );
  const conversation = fc.array(
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
    { maxLength: 5 },
  );

  it('is the same with what was known before, however often it is asked', () => {
    const cache = new ScanCache();
    fc.assert(
      fc.property(conversation, (said) => {
        const read = runRules(texts(said), UNLIMITED);
        expect(runRules(texts(said), { ...UNLIMITED, cache })).toEqual(read);
        expect(runRules(texts(said), { ...UNLIMITED, cache })).toEqual(read);
      }),
      { numRuns: 300 },
    );
    expect(cache.size).toBeGreaterThan(0);
  });
});

describe('a text', () => {
  it('is read once for each rule', () => {
    const cache = new ScanCache();
    let reads = 0;
    const read = () => {
      reads += 1;
      return SCAN;
    };
    for (let i = 0; i < 3; i += 1) cache.scan(keyOf(TEXT), 'secrets', budget(), read);
    expect(reads).toBe(1);
    cache.scan(keyOf(TEXT), 'personal_data', budget(), read);
    cache.scan(keyOf(`${TEXT}.`), 'secrets', budget(), read);
    expect(reads).toBe(3);
  });

  it('is read again when the budget ran out, or when it has many findings', () => {
    const cache = new ScanCache();
    const finding = { start: 0, end: 1, type: 'x', severity: 'low' } as const;
    let now = 0;
    const short = new Budget(() => now, 1);
    cache.scan(keyOf(TEXT), 'secrets', short, () => {
      now = 2;
      return { findings: [], scanned: 3 };
    });
    expect(cache.scan(keyOf(TEXT), 'secrets', budget(), () => SCAN)).toBe(SCAN);
    const many = { findings: Array.from({ length: 21 }, () => finding), scanned: TEXT.length };
    cache.scan(keyOf(TEXT), 'personal_data', budget(), () => many);
    expect(cache.scan(keyOf(TEXT), 'personal_data', budget(), () => SCAN)).toBe(SCAN);
  });

  it('is forgotten when newer ones need the room', () => {
    const cache = new ScanCache(2);
    for (const end of ['1', '2', '3']) cache.scan(keyOf(TEXT + end), 'secrets', budget(), () => SCAN);
    expect(cache.size).toBe(2);
    const again = { ...SCAN };
    expect(cache.scan(keyOf(`${TEXT}1`), 'secrets', budget(), () => again)).toBe(again);
    expect(cache.scan(keyOf(`${TEXT}3`), 'secrets', budget(), () => again)).toBe(SCAN);
  });

  it('with a lone surrogate, which its hash would not tell from U+FFFD, is always read', () => {
    expect(keyOf(`${TEXT}\ud800`)).toBeNull();
    expect(keyOf('short')).toBeNull();
    expect(keyOf(TEXT)).not.toBe(keyOf(`${TEXT}\ufffd`));
  });
});
