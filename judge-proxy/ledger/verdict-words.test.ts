/**
 * Contract: a verdict that is stored in two parts is read as the one that was given; the record alone holds none of its
 * words; without them it says that they were erased, unless it had none.
 */

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NewVerdict } from './records.ts';
import { sampleVerdict } from './sample-records.ts';
import { mergeVerdict, splitVerdict, type VerdictBody } from './verdict-words.ts';

const word = fc.string({ unit: 'grapheme', minLength: 1 });
const anyText = fc.string({ unit: 'binary' });

const verdicts: fc.Arbitrary<NewVerdict> = fc
  .record({
    criteria: fc.array(
      fc.record({
        id: fc.stringMatching(/^[a-z]{1,8}$/),
        score: fc.double({ min: 0, max: 1, noNaN: true }),
        threshold: fc.constant(0.5),
        label: fc.constantFrom('pass' as const, 'violation' as const),
        severity: fc.constantFrom('none' as const, 'high' as const),
        evidence: fc.array(fc.record({ place: word, quote: word }), { maxLength: 3 }),
        explanation: anyText,
      }),
      { maxLength: 4 },
    ),
    rule_hits: fc.array(
      fc.record({
        rule: fc.constant('secrets'),
        version: fc.constant('1'),
        place: fc.constant('request'),
        preview: anyText,
        severity: fc.constantFrom('low' as const, 'critical' as const),
      }),
      { maxLength: 3 },
    ),
    latest_user_message: fc.option(anyText),
    context_tail_preview: fc.option(anyText),
  })
  .map((words) => sampleVerdict('exchange', words));

const bodyOf = (verdict: NewVerdict) => {
  const split = splitVerdict(verdict);
  return { ...split, parsed: JSON.parse(split.body) as VerdictBody };
};

describe('a verdict', () => {
  it('is the same after it was split and merged', () => {
    fc.assert(
      fc.property(verdicts, (verdict) => {
        const { parsed, text, verdict: stored } = bodyOf(verdict);
        expect(stored).toEqual(verdict);
        expect(mergeVerdict(parsed, text)).toEqual(JSON.parse(JSON.stringify(verdict)));
      }),
    );
  });

  it('with a lone surrogate is given back as it is stored', () => {
    const { parsed, text, verdict } = bodyOf(sampleVerdict('exchange', { latest_user_message: 'a\ud800b' }));
    expect(verdict.latest_user_message).toBe('a\ufffdb');
    expect(mergeVerdict(parsed, text)).toEqual(verdict);
    const elsewhere = bodyOf(sampleVerdict('exchange', { client: 'a\ud800b', latest_user_message: 'word' }));
    expect(elsewhere.verdict).toMatchObject({ client: 'a\ufffdb', latest_user_message: 'word' });
  });

  it('leaves no word in its record, which names their hash', () => {
    const evidence = [{ place: 'p-word', quote: 'q-word' }];
    const criterion = { id: 'harm', score: 1, threshold: 0.5, label: 'violation', severity: 'high' } as const;
    const hit = { rule: 'secrets', version: '1', place: 'request', preview: 'r-word', severity: 'low' } as const;
    const { body, text } = splitVerdict(
      sampleVerdict('exchange', {
        ...{ criteria: [{ ...criterion, evidence, explanation: 'e-word' }], rule_hits: [hit] },
        ...{ latest_user_message: 'm-word', context_tail_preview: 'c-word' },
      }),
    );
    expect(body).not.toContain('-word');
    expect(text?.match(/[a-z]-word/g)).toEqual(['c-word', 'p-word', 'q-word', 'e-word', 'm-word', 'r-word']);
    expect(body).toContain(
      `"text_sha256":"${createHash('sha256')
        .update(text ?? '')
        .digest('hex')}"`,
    );
  });

  it('whose words are gone says so, and keeps the rest', () => {
    fc.assert(
      fc.property(verdicts, (verdict) => {
        const { parsed, text } = bodyOf(verdict);
        const erased = mergeVerdict(parsed, null);
        expect(erased.text_erased).toBe(text === null ? undefined : true);
        expect(erased).not.toHaveProperty('text_sha256');
        expect(erased.overall).toEqual(verdict.overall);
        expect(erased.criteria.map(({ id, label }) => [id, label])).toEqual(
          verdict.criteria.map(({ id, label }) => [id, label]),
        );
      }),
    );
  });

  it('without words has nothing beside it', () => {
    const { body, text } = splitVerdict(sampleVerdict('exchange', { latest_user_message: null }));
    expect([text, body.includes('text_sha256')]).toEqual([null, false]);
  });

  it('from before schema 5 has its words in its record, and is left as it is', () => {
    const old = sampleVerdict('exchange');
    expect(mergeVerdict(old, null)).toEqual(old);
  });
});
