/** Contract: an estimate is what is known, by characters and prices, and says what is guessed and what is not known. */

import { describe, expect, it } from 'vitest';
import { createJudge } from '../judge/judges.ts';
import type { JudgeModel } from '../judge/model.ts';
import type { Prices } from '../judge/prices.ts';
import { buildPrompt } from '../judge/prompt.ts';
import { RUBRIC } from '../judge/testing/judgements.ts';
import type { Verdict } from '../ledger/records.ts';
import { sampleVerdict } from '../ledger/sample-records.ts';
import { Estimator } from './estimate.ts';

const PRICES: Prices = { large: { input: 10, output: 20 }, small: { input: 1, output: 2 } };
const named = (name: string): JudgeModel => ({ name, ask: () => Promise.reject(new Error('an estimate asks nobody')) });
const DOCUMENT = 'x'.repeat(4_000);

function estimator(models: { model?: string | null; small?: string } = {}, prices = PRICES): Estimator {
  const { model = 'large', small } = models;
  const smallModel = small === undefined ? null : named(small);
  const asked = model === null ? null : named(model);
  return new Estimator(createJudge({ name: 'j', rubric: RUBRIC, rules: [], model: asked, smallModel }), prices);
}

function earlier(over: Partial<Verdict>): Verdict {
  return { ...sampleVerdict('x'), seq: 1, prev_hash: '', hash: '', ...over };
}

it('counts a token for four characters of all that is sent', () => {
  const one = estimator();
  one.addQuestion(DOCUMENT, null);
  const { system, user } = buildPrompt(DOCUMENT, RUBRIC, () => 'f'.repeat(32));
  expect(one.estimate().models[0]?.tokens.in).toBe(Math.ceil((system.length + user.length) / 4));
});

describe('answers', () => {
  const out = (...verdicts: (Verdict | null)[]) => {
    const one = estimator();
    for (const verdict of verdicts) one.addQuestion(DOCUMENT, verdict);
    const { models, answers } = one.estimate();
    return { out: models[0]?.tokens.out, answers };
  };
  const long = (tokens: number, over: Partial<Verdict> = {}) =>
    earlier({ judge_tokens: { in: 1, out: tokens }, ...over });

  it('are as long as those of the ledger', () => {
    expect(out(long(50), long(150))).toEqual({ out: 200, answers: 'recorded' });
    expect(out(long(50), null)).toEqual({ out: 100, answers: 'recorded' });
  });

  it('are guessed where it has none of one question', () => {
    const { judge } = sampleVerdict('x');
    const escalated = judge === null ? null : { ...judge, escalated_from: 'small' };
    for (const verdict of [
      null,
      earlier({ judge_tokens: null }),
      long(9, { windows: 2 }),
      long(9, { judge: escalated }),
    ])
      expect(out(verdict)).toEqual({ out: 300, answers: 'guessed' });
  });
});

it('costs what the prices say; of a cascade at least the small model, at most both', () => {
  const single = estimator();
  const both = estimator({ small: 'small' });
  for (const one of [single, both]) one.addQuestion(DOCUMENT, earlier({ judge_tokens: { in: 1, out: 100 } }));
  const tokens = single.estimate().models[0]?.tokens.in ?? 0;
  const [large, small] = [(tokens * 10 + 100 * 20) / 1e6, (tokens * 1 + 100 * 2) / 1e6];
  expect(single.estimate().usd?.most).toBeCloseTo(large, 8);
  expect(both.estimate().models.map(({ name }) => name)).toEqual(['small', 'large']);
  expect(both.estimate().usd?.least).toBeCloseTo(small, 8);
  expect(both.estimate().usd?.most).toBeCloseTo(small + large, 8);
});

it('knows no cost where one price is missing', () => {
  const one = estimator({ small: 'other' });
  one.addQuestion(DOCUMENT, null);
  expect(one.estimate()).toMatchObject({ usd: null, models: [{ usd: null }, { name: 'large' }] });
});

it('costs nothing where nobody is asked', () => {
  const one = estimator({ model: null });
  for (const what of ['in_file', 'no_model', 'unusable'] as const) one.add(what);
  expect(one.estimate()).toMatchObject({
    ...{ exchanges: 3, to_ask: 0, in_file: 1, no_model: 1, unusable: 1, models: [], usd: { least: 0, most: 0 } },
  });
});
