/** A figure is shown only with its interval, and not at all where too few cases bear it. */

import { describe, expect, it } from 'vitest';
import type { Agreement, Rate } from '../../../../contract/responses.ts';
import {
  blindMeaning,
  kappaMeaning,
  matrix,
  pabakMeaning,
  percent,
  points,
  precisionMeaning,
  recallMeaning,
} from './meaning.ts';

const rate = (value: number | null, of: number, low = 0.7, high = 0.85): Rate => ({ value, of, low, high });
const agreement = (kappa: number | null, pairs: number, more: Partial<Agreement> = {}): Agreement => ({
  ...{ kappa, pairs, pabak: 0.8, agreement: 0.9 },
  ...more,
});

describe('precision and recall', () => {
  it.each([
    ['nothing labelled', precisionMeaning(rate(null, 0)), 'none', /Nobody has labelled/],
    ['no control sample', recallMeaning(rate(null, 0)), 'none', /nobody can say what the judge misses/],
    ['nine cases', precisionMeaning(rate(0.8, 9)), 'none', /9 of the 10 cases needed/],
    ['a wide interval', precisionMeaning(rate(0.8, 12, 0.5, 0.95)), 'rough', /80 % of cases.*50 % to 95 %.*wide/],
    ['enough', recallMeaning(rate(0.8, 200)), 'fair', /judge has 80 %.*70 % to 85 %\.$/],
    ['a share that is not defined', precisionMeaning(rate(null, 20)), 'none', /not defined/],
  ])('%s', (_, meaning, weight, sentence) => {
    expect(meaning.weight).toBe(weight);
    expect(meaning.sentence).toMatch(sentence);
  });
});

describe('kappa', () => {
  it.each([
    [agreement(null, 0), 'none', /in common/],
    [agreement(0.9, 9), 'none', /too few/],
    [agreement(null, 60), 'none', /not defined.*PABAK/],
    [agreement(0.7, 20), 'rough', /substantial.*Below 50/],
    [agreement(0.85, 500), 'fair', /almost perfect.*0\.85, 500/],
    [agreement(0.005, 500), 'fair', /show no agreement/],
    [agreement(-0.2, 500), 'fair', /show no agreement/],
  ])('%j is %s', (given, weight, sentence) => {
    const meaning = kappaMeaning(given, 'Two people');
    expect(meaning.weight).toBe(weight);
    expect(meaning.sentence).toMatch(sentence);
  });

  it('that is low although two agree is explained', () => {
    expect(pabakMeaning(agreement(0.2, 500))).toMatch(/90 %.*read both/);
    expect(pabakMeaning(agreement(0.7, 500))).not.toMatch(/read both/);
    expect(pabakMeaning(agreement(0.7, 3))).toMatch(/needs the same pairs/);
  });
});

it('labels that were not given blind are said to flatter', () => {
  expect(blindMeaning(0)).toMatch(/flattered/);
  expect(blindMeaning(0.5)).toMatch(/50 %/);
  expect(blindMeaning(1)).toMatch(/All labels/);
  expect(blindMeaning(null)).toMatch(/No label/);
});

it('the matrix has all cells, and an undecided judge is neither right nor wrong', () => {
  const cells = matrix([{ judge: 'clean', human: 'violation', count: 2, weighted: 30 }]).flat();
  expect(cells).toHaveLength(6);
  expect(cells.find((cell) => cell.judge === 'clean' && cell.human === 'violation')).toMatchObject({
    ...{ count: 2, share: 1, agrees: 'no' },
  });
  expect(cells.filter(({ judge }) => judge === 'undetermined').map(({ agrees }) => agrees)).toEqual(['open', 'open']);
  expect(
    matrix([])
      .flat()
      .every(({ share }) => share === 0),
  ).toBe(true);
});

it('the chart leaves out what too few cases bear', () => {
  const [point] = points([{ ts: 't', precision: rate(1, 3), recall: rate(0.5, 40), kappa: null }]);
  expect(point).toEqual({ ts: 't', precision: null, recall: 0.5, kappa: null });
});

it('almost everything is not written as everything', () => expect(percent(0.998)).toBe('99.8 %'));
