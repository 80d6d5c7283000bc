/** Contract: a quote is found where the judge said, else wherever its words stand; what is nowhere is said to be nowhere. */

import { describe, expect, it } from 'vitest';
import type { ConversationPart } from '../../../../contract/responses.ts';
import type { CriterionVerdict, RuleHit } from '../../../../ledger/records.ts';
import { hitId, locate, quoteId } from './locate.ts';

const part = (place: string, text: string, of_exchange?: string): ConversationPart => ({
  side: 'request',
  ...{ place, text, role: 'user', kind: 'text' },
  ...(of_exchange !== undefined && { of_exchange }),
});
const criterion = (evidence: CriterionVerdict['evidence']): CriterionVerdict => ({
  ...{ id: 'leak', score: 3, threshold: 2, label: 'violation', severity: 'high', explanation: '' },
  evidence,
});
const hit = (place: string, preview: string): RuleHit => ({
  ...{ rule: 'secrets', version: '1', severity: 'high', place, preview },
});
const find = (parts: readonly ConversationPart[], place: string, quote: string) => {
  const { findings, marks } = locate(parts, { criteria: [criterion([{ place, quote }])], rule_hits: [] });
  const at = findings.get(quoteId('leak', 0))?.part ?? null;
  const mark = at === null ? undefined : marks.get(at)?.[0];
  return mark === undefined ? null : [at, parts[at ?? 0]?.text.slice(mark.start, mark.end)];
};

describe('locate', () => {
  it.each([
    [
      'at its place, though it stands before as well',
      [part('a', 'plan B'), part('b', 'the plan B')],
      'b',
      'plan B',
      [1, 'plan B'],
    ],
    [
      'elsewhere, when the judge mistook the place',
      [part('a', 'plan A'), part('b', 'plan B')],
      'a',
      'plan B',
      [1, 'plan B'],
    ],
    [
      'in this exchange before an earlier one',
      [part('a', 'plan B', 'x'), part('a', 'plan B')],
      'a',
      'plan B',
      [1, 'plan B'],
    ],
    ['in an earlier one alone', [part('z', 'plan B', 'x'), part('a', 'no')], 'a', 'plan B', [0, 'plan B']],
    ['with other white space', [part('a', 'the plan\n   B')], 'a', 'plan B', [0, 'plan\n   B']],
    ['with the signs of a pattern', [part('a', 'cost (1+1)* [x]')], 'a', '(1+1)*  [x]', [0, '(1+1)* [x]']],
    ['nowhere', [part('a', 'plan A')], 'a', 'plan B', null],
    ['nowhere, when it was erased', [part('a', 'plan A')], 'a', '', null],
  ] as const)('a quote %s', (_name, parts, place, quote, expected) => {
    expect(find(parts, place, quote)).toEqual(expected);
  });

  it('marks the placeholders of a rule hit in its part', () => {
    const text = 'keys [REDACTED:aws_key:1f] and [REDACTED:iban:2e]';
    const { findings, marks } = locate([part('a', text)], {
      criteria: [],
      rule_hits: [hit('a', 'aws_key, 20 characters')],
    });
    expect(findings.get(hitId(0))).toEqual({ id: 'r.0', part: 0 });
    expect(marks.get(0)?.map(({ start, end }) => text.slice(start, end))).toEqual(['[REDACTED:aws_key:1f]']);
  });

  it('knows no part for a hit whose place is not shown', () => {
    const { findings } = locate([part('a', 'x')], { criteria: [], rule_hits: [hit('b', 'aws_key, 20 characters')] });
    expect(findings.get(hitId(0))?.part).toBeNull();
  });
});
