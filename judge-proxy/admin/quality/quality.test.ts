/**
 * Contract: what people answered, by exchange; `unsure` and `invalid` are no answers and are counted; as many for the one
 * as for the other is no answer and is counted; precision from everything, recall from the control sample alone; blind
 * labels apart; weeks begin on Monday, UTC; nothing depends on the order of labels.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quality as schema } from '../../contract/responses.ts';
import { HUMAN_LABELS, QUEUES } from '../../ledger/acts.ts';
import type { LabelledVerdict } from '../../ledger/read-model/rows.ts';
import { qualityOf, weekOf } from './quality.ts';

let made = 0;

function labelled(changes: Partial<LabelledVerdict> = {}): LabelledVerdict {
  made += 1;
  return {
    exchange_id: `exchange-${made}`,
    ts: '2026-01-31T12:00:00.000Z',
    reviewer: 'ann',
    human: 'clean',
    queue: null,
    blind: false,
    sampling_probability: null,
    judge: 'default',
    judge_hash: 'a'.repeat(64),
    label: 'clean',
    severity: 'none',
    ...changes,
  };
}

const times = (n: number, changes: Partial<LabelledVerdict>) => Array.from({ length: n }, () => labelled(changes));

it('of nothing there is nothing, and no figure pretends', () => {
  const none = qualityOf([]);
  expect(schema.parse(none)).toEqual(none);
  expect(none).toMatchObject({
    precision: { value: null, low: null, high: null, of: 0 },
    recall: { value: null, low: null, high: null, of: 0 },
    judge_people: { kappa: null, pairs: 0 },
    ...{ blind_share: null, labels: 0, over_time: [], by_judge: [], reviewers: [] },
  });
  expect(none.confusion).toHaveLength(6);
});

describe('the confusion matrix and what follows from it', () => {
  const control = { queue: 'control', sampling_probability: 0.01 } as const;
  const all = [
    ...times(8, { label: 'violation', human: 'violation', queue: 'severe' }),
    ...times(2, { label: 'violation', human: 'clean', queue: 'severe' }),
    ...times(1, { label: 'violation', human: 'violation', ...control }),
    ...times(1, { label: 'clean', human: 'violation', ...control }),
    ...times(30, { label: 'clean', human: 'clean', ...control }),
    ...times(1, { label: 'undetermined', human: 'violation', ...control }),
  ];
  const quality = qualityOf(all);

  it('counts, and says of how many the control sample stands', () => {
    expect(quality.confusion).toEqual([
      { judge: 'violation', human: 'violation', count: 9, weighted: 100 },
      { judge: 'violation', human: 'clean', count: 2, weighted: 0 },
      { judge: 'clean', human: 'violation', count: 1, weighted: 100 },
      { judge: 'clean', human: 'clean', count: 30, weighted: 3_000 },
      { judge: 'undetermined', human: 'violation', count: 1, weighted: 100 },
      { judge: 'undetermined', human: 'clean', count: 0, weighted: 0 },
    ]);
  });

  it('precision is of everything flagged', () => {
    expect(quality.precision).toMatchObject({ value: 9 / 11, of: 11 });
  });

  it('recall is of the control sample alone, and what is undetermined was not found', () => {
    expect(quality.recall.value).toBeCloseTo(1 / 3, 12);
    expect(quality.recall.of).toBe(3);
    // Everything that the other queues show was flagged: counted, they would say 9 of 11.
    expect(qualityOf(all.filter(({ queue }) => queue === 'severe')).recall.value).toBeNull();
  });

  it('an exchange counts by what it stands for', () => {
    const rare = labelled({ label: 'clean', human: 'violation', queue: 'control', sampling_probability: 0.001 });
    const often = labelled({ label: 'violation', human: 'violation', queue: 'control', sampling_probability: 0.1 });
    const { recall } = qualityOf([rare, often]);
    expect(recall.value).toBeCloseTo(10 / 1_010, 12);
  });

  it('one that was drawn counts, whichever queue it was labelled from', () => {
    const first = labelled({ label: 'violation', human: 'violation', queue: 'severe', sampling_probability: 0.01 });
    expect(qualityOf([first]).recall).toMatchObject({ value: 1, of: 1 });
  });

  it('agreement is of what the judge decided', () => {
    expect(quality.judge_people.pairs).toBe(42);
    expect(quality.judge_people.agreement).toBeCloseTo(39 / 42, 12);
  });
});

describe('several labels on one exchange', () => {
  const on = (reviewer: string, human: LabelledVerdict['human'], changes: Partial<LabelledVerdict> = {}) =>
    labelled({ exchange_id: 'exchange-shared', reviewer, human, label: 'violation', ...changes });

  it('the majority is the truth', () => {
    const { confusion, labels } = qualityOf([on('ann', 'violation'), on('bob', 'clean'), on('eve', 'violation')]);
    expect(confusion.filter(({ count }) => count > 0)).toEqual([
      { judge: 'violation', human: 'violation', count: 1, weighted: 0 },
    ]);
    expect(labels).toBe(3);
  });

  it('a tie is left out and counted, and people are compared all the same', () => {
    const quality = qualityOf([on('bob', 'clean'), on('ann', 'violation')]);
    expect(quality).toMatchObject({ ties: 1, precision: { of: 0 }, judge_people: { pairs: 0 } });
    expect(quality.reviewers).toEqual([
      { a: 'ann', b: 'bob', agreement: { kappa: 0, pabak: -1, agreement: 0, pairs: 1 } },
    ]);
  });

  it('unsure and invalid are no votes, and are counted', () => {
    const quality = qualityOf([on('ann', 'violation'), on('bob', 'unsure'), on('eve', 'invalid')]);
    expect(quality).toMatchObject({ labels: 1, unsure: 1, invalid: 1, ties: 0, precision: { value: 1, of: 1 } });
    expect(quality.reviewers).toEqual([]);
  });

  it('each two reviewers are compared once, and the mean is over pairs of them', () => {
    const three = (exchange_id: string, ...said: readonly LabelledVerdict['human'][]) =>
      said.map((human, i) => labelled({ exchange_id, reviewer: `r${i}`, human }));
    const quality = qualityOf([
      ...three('e1', 'violation', 'violation', 'clean'),
      ...three('e2', 'clean', 'clean', 'clean'),
      ...three('e3', 'violation', 'violation', 'violation'),
    ]);
    expect(quality.reviewers.map(({ a, b, agreement }) => [a, b, agreement.pairs, agreement.agreement])).toEqual([
      ['r0', 'r1', 3, 1],
      ['r0', 'r2', 3, 2 / 3],
      ['r1', 'r2', 3, 2 / 3],
    ]);
    expect(quality.people.kappa).toBeCloseTo((1 + 0.4 + 0.4) / 3, 12);
    expect(quality.people.pairs).toBe(9);
  });
});

it('what has no verdict is left out and counted', () => {
  const quality = qualityOf([labelled({ judge: null, judge_hash: null, label: null, severity: null })]);
  expect(quality).toMatchObject({ without_verdict: 1, labels: 1, judge_people: { pairs: 0 }, by_judge: [] });
});

it('blind labels stand apart, and their share is told', () => {
  const quality = qualityOf([
    ...times(3, { blind: true, label: 'clean', human: 'violation' }),
    ...times(1, { blind: true, label: 'violation', human: 'violation' }),
    ...times(6, { blind: false, label: 'violation', human: 'violation' }),
  ]);
  expect(quality.blind_share).toBe(0.4);
  expect(quality.judge_people_blind).toMatchObject({ agreement: 0.25, pairs: 4 });
  expect(quality.judge_people).toMatchObject({ agreement: 0.7, pairs: 10 });
});

it.each([
  ['2026-01-31T12:00:00.000Z', '2026-01-26T00:00:00.000Z'], // a Saturday
  ['2026-01-26T00:00:00.000Z', '2026-01-26T00:00:00.000Z'],
  ['2026-01-25T23:59:59.999Z', '2026-01-19T00:00:00.000Z'],
  ['2026-01-01T00:00:00.000Z', '2025-12-29T00:00:00.000Z'],
  ['1969-12-31T23:59:59.999Z', '1969-12-29T00:00:00.000Z'],
])('%s is in the week of %s', (ts, week) => {
  expect(weekOf(ts)).toBe(week);
});

it('figures by week and by version of the judge, oldest first', () => {
  const [early, late] = ['2026-01-20T08:00:00.000Z', '2026-01-28T08:00:00.000Z'];
  const quality = qualityOf([
    ...times(2, { ts: late, judge_hash: 'b'.repeat(64), label: 'violation', human: 'clean' }),
    ...times(1, { ts: early, label: 'violation', human: 'violation' }),
  ]);
  expect(quality.over_time.map(({ ts, precision }) => [ts, precision.value, precision.of])).toEqual([
    ['2026-01-19T00:00:00.000Z', 1, 1],
    ['2026-01-26T00:00:00.000Z', 0, 2],
  ]);
  expect(quality.by_judge).toMatchObject([
    { judge_hash: 'a'.repeat(64), first_ts: early, labels: 1, precision: { value: 1 } },
    { judge_hash: 'b'.repeat(64), first_ts: late, labels: 2, precision: { value: 0 } },
  ]);
});

const anyLabels = fc
  .array(
    fc.record({
      exchange_id: fc.constantFrom('e1', 'e2', 'e3', 'e4', 'e5', 'e6'),
      reviewer: fc.constantFrom('ann', 'bob', 'eve'),
      human: fc.constantFrom(...HUMAN_LABELS),
      queue: fc.constantFrom(...QUEUES, null),
      blind: fc.boolean(),
      sampling_probability: fc.constantFrom(null, 0.001, 0.01, 1),
    }),
    { maxLength: 18 },
  )
  // One label stands of a reviewer on an exchange, and the verdict is the exchange's.
  .map((all) => [...new Map(all.map((one) => [`${one.exchange_id} ${one.reviewer}`, one])).values()])
  .map((all) =>
    all.map((one) => {
      const n = Number(one.exchange_id.slice(1));
      const label = (['clean', 'violation', 'undetermined', null] as const)[n % 4] ?? null;
      return labelled({ ...one, label, ts: `2026-01-${10 + n}T00:00:00.000Z` });
    }),
  );

it('always fits its schema, counts every label once, and does not depend on the order', () => {
  fc.assert(
    fc.property(anyLabels, fc.integer(), (labels, seed) => {
      const quality = qualityOf(labels);
      expect(schema.parse(quality)).toEqual(quality);
      expect(quality.labels + quality.unsure + quality.invalid).toBe(labels.length);
      const answered = new Set(
        labels.filter(({ human }) => human === 'clean' || human === 'violation').map(({ exchange_id }) => exchange_id),
      );
      const compared = quality.confusion.reduce((sum, { count }) => sum + count, 0);
      expect(compared + quality.ties + quality.without_verdict).toBe(answered.size);
      const turned = Math.abs(seed) % Math.max(1, labels.length);
      const other = qualityOf([...labels.slice(turned), ...labels.slice(0, turned)].toReversed());
      expect(rounded(other)).toEqual(rounded(quality));
    }),
  );
});

/** Sums of floating point depend on their order in the last digits. */
function rounded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, item) =>
    typeof item === 'number' ? Number(item.toPrecision(9)) : item,
  );
}
