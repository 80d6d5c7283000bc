/** Labels and results become the figures they should; failures are never a pass; cards compare only what can be compared. */

import { describe, expect, it } from 'vitest';
import type { JudgedPair } from './answers.ts';
import { buildCard } from './card.ts';
import { cardHtml } from './card-html.ts';
import { type Card, cardSchema } from './card-schema.ts';
import { compareCards } from './compare.ts';
import { judged, sampleResult } from './eval-fixtures.ts';
import { printCard } from './print-card.ts';

const plain = (_: unknown, text: string) => text;

function cardOf(items: readonly JudgedPair[], over: Partial<Parameters<typeof buildCard>[0]> = {}): Card {
  return buildCard({
    judge: {
      name: 'default',
      hash: 'judge-hash',
      rubric: { name: 'small', version: 1, hash: 'rubric-hash' },
      rules: ['secrets'],
      model: 'test-judge',
      endpoint: 'http://judge.invalid/v1',
      small_model: null,
      small_endpoint: null,
    },
    criteria: ['leak'],
    file: 'pairs.jsonl',
    judged: items,
    madeAt: '2026-01-01T00:00:00.000Z',
    seed: 1,
    resamples: 200,
    ...over,
  });
}

const ITEMS = [
  judged('a', 'violation', 3),
  judged('a-benign', 'pass', 0),
  judged('b', 'violation', 1),
  judged('b-benign', 'pass', 0),
  judged('c', 'violation', 2),
  judged('c-benign', 'pass', 2),
  judged('d', 'violation', null),
  judged('d-benign', 'pass', 0),
];

describe('a card', () => {
  const card = cardOf(ITEMS);
  const [leak, manipulation] = card.criteria;

  it('has the matrix of each criterion, unanswered pairs beside it', () => {
    expect(leak).toMatchObject({
      id: 'leak',
      confusion: { tp: 2, fp: 1, fn: 1, tn: 3, unanswered_violations: 1, unanswered_passes: 0 },
      recall: { value: 2 / 3 },
      recall_of_all: { value: 0.5 },
      fpr: { value: 0.25 },
      // One pass has a score of 2, so only 3 is above all passes.
      recall_at_1_fpr: { value: 1 / 3 },
      threshold_at_1_fpr: 3,
    });
    expect(manipulation).toMatchObject({ id: 'judge_manipulation', confusion: { tp: 0, tn: 7, unanswered_passes: 1 } });
  });

  it('counts twins only when both are right', () => expect(card.twins).toEqual({ groups: 4, both_right: 1 }));

  it('counts states, tokens, cost and time', () => {
    expect(card.states).toEqual({ invalid_output: 1, scored: 7 });
    expect(card.tokens).toEqual({ count: 8, in: 8_000, out: 800 });
    expect(card.cost_usd).toMatchObject({ priced: 8, per_1000_pairs: 1 });
    expect(card.latency_ms).toEqual({ count: 8, p50: 100, p95: 100 });
  });

  it('counts how it was asked, and how often the larger model was', () => {
    expect(card).toMatchObject({ output_modes: { json_schema: 8 }, escalated: 0 });
    const other = cardOf([
      judged('a', 'violation', 3, { output_mode: 'text', escalated_from: 'small' }),
      judged('b', 'pass', 0, { output_mode: null }),
    ]);
    expect(other).toMatchObject({ output_modes: { text: 1 }, escalated: 1 });
  });

  it('takes the answer of a model that was shown a part', () => {
    const part = { state: 'truncated_input', overall: { label: 'undetermined', severity: 'none', score: 0 } } as const;
    const { overall } = cardOf([judged('a', 'pass', 0, part), judged('b', 'violation', 3)]);
    expect(overall.confusion).toMatchObject({ tn: 1, unanswered_passes: 0 });
  });

  it('of an earlier version has no small model', () => {
    const { output_modes: _, escalated: __, judge, ...rest } = card;
    const { small_model: ___, small_endpoint: ____, ...before } = judge;
    expect(cardSchema.parse({ ...rest, judge: before })).toMatchObject({
      judge: { small_model: null, small_endpoint: null },
      output_modes: {},
      escalated: 0,
    });
  });

  it('lists wrong answers, overall and by criterion', () => {
    expect(card.mistakes.map(({ id, criterion, expected }) => [id, criterion, expected])).toEqual([
      ['b', 'overall', 'violation'],
      ['c-benign', 'overall', 'pass'],
      ['b', 'leak', 'violation'],
      ['c-benign', 'leak', 'pass'],
    ]);
  });

  it('is the same for the same seed, and can be read back', () => {
    expect(cardOf(ITEMS)).toEqual(card);
    expect(cardSchema.parse(JSON.parse(JSON.stringify(card)))).toEqual(card);
  });

  it('leaves a pair out of the overall figures when not all of its criteria have a label', () => {
    const { pair, result } = judged('e', 'pass', 0);
    const { overall } = cardOf([{ pair: { ...pair, labels: { leak: 'pass' } }, result }]);
    expect(overall.confusion).toMatchObject({ tn: 0, unanswered_passes: 0 });
  });

  it('takes a rule’s violation for an answer even when the model failed, above every score', () => {
    const byRule = judged('f', 'violation', null, {
      decided_by: 'rule',
      overall: { label: 'violation', severity: 'critical', score: null },
    });
    const { overall } = cardOf([byRule, judged('f-benign', 'pass', 1)]);
    expect(overall).toMatchObject({
      confusion: { tp: 1, tn: 1 },
      recall_at_1_fpr: { value: 1 },
      threshold_at_1_fpr: 1,
    });
  });

  it('says how many labels the rubric does not ask about', () => {
    expect(cardOf(ITEMS, { criteria: [] }).data.labels_not_asked).toBe(8);
  });
});

describe('compared', () => {
  const before = cardOf(ITEMS);

  it('with itself, nothing has changed', () => {
    const same = compareCards(before, before);
    expect(same).toMatchObject({ same_data: true, same_judge: true, newly_wrong: [], newly_right: [] });
    expect(same.questions[0]?.changes.recall).toMatchObject({ delta: 0, clear: false });
  });

  it('says what is newly wrong and newly right', () => {
    const items = [...ITEMS];
    items[0] = judged('a', 'violation', 0);
    items[5] = judged('c-benign', 'pass', 0);
    items[6] = judged('d', 'violation', 3);
    const after = compareCards(before, cardOf(items));
    expect(after.newly_wrong).toEqual(['a overall', 'a leak']);
    expect(after.newly_right).toEqual(['c-benign overall', 'c-benign leak']);
    expect(after.questions.find(({ id }) => id === 'leak')?.changes.fpr).toMatchObject({ before: 0.25, after: 0 });
  });

  it('does not call a mistake mended that was only not answered', () => {
    const items = [...ITEMS];
    items[5] = judged('c-benign', 'pass', null);
    expect(compareCards(before, cardOf(items)).newly_right).toEqual([]);
  });

  it('says when the data differ, and then compares no single pairs', () => {
    const other = compareCards(before, cardOf(ITEMS.slice(0, 5)));
    expect(other).toMatchObject({ same_data: false, newly_wrong: [], newly_right: [] });
    expect(printCard(before, other, plain)).toContain('The data are not the same');
  });

  it('names criteria that came and went', () => {
    const renamed = compareCards(before, cardOf(ITEMS, { criteria: ['loss'] }));
    expect(renamed).toMatchObject({ criteria_added: ['loss'], criteria_removed: ['leak'] });
  });
});

describe('shown', () => {
  const HOSTILE = '<script>alert(1)</script><img src=x onerror=y>"\'&\u202e\u001b[2J';
  const item = judged('c-benign', 'pass', 3);
  const criteria = item.result.criteria.map((one) => ({
    ...one,
    explanation: HOSTILE,
    evidence: [{ place: 'x', quote: HOSTILE }],
  }));
  const hostile = cardOf(
    [{ ...item, result: sampleResult('c-benign', { ...item.result, criteria, model: HOSTILE, state: HOSTILE }) }],
    {
      file: HOSTILE,
    },
  );

  it('as HTML it has no script, nothing remote, and no markup of others', () => {
    const page = cardHtml(hostile, compareCards(hostile, hostile));
    expect(page).not.toMatch(
      /<script|<img|<link|<iframe|\son\w+=["']?\w+\(|https?:\/\/(?!judge\.invalid)|@import|url\(/i,
    );
    for (const unseen of ['\u202e', '\u001b']) expect(page).not.toContain(unseen);
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).toContain("default-src 'none'");
  });

  it('in the terminal nothing moves the cursor', () => {
    const text = printCard(hostile, compareCards(hostile, hostile), plain);
    for (const unseen of ['\u202e', '\u001b']) expect(text).not.toContain(unseen);
  });

  it('a card without a model says so', () => {
    const rules = cardOf(ITEMS, { judge: { ...hostile.judge, model: null, endpoint: null } });
    for (const text of [printCard(rules, null, plain), cardHtml(rules, null)]) {
      expect(text).toContain('rules alone, no model was asked');
    }
  });
});
