/** Placeholders become values that the rules take for real ones, the same in every run. */

import { describe, expect, it } from 'vitest';
import { RULE_NAMES } from '../../judge/rules/rule.ts';
import { runRules } from '../../judge/rules/run-rules.ts';
import { expandText, expandValue, SYNTHETIC_NAMES } from './synthetic.ts';

/** How each name stands in text: some are told by what is written before them. */
const CONTEXT: Readonly<Record<string, string>> = {
  aws_secret_key: 'AWS_SECRET_ACCESS_KEY=',
  api_key: 'api_key: ',
  password: 'password: ',
};

describe.each(SYNTHETIC_NAMES)('%s', (name) => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('number %d is found by a rule', (number) => {
    const text = `${CONTEXT[name] ?? ''}${expandText(`{{synthetic:${name}:${number}}}`)}`;
    const outcome = runRules([{ place: 'x', text, ofApplication: false }], {
      rules: RULE_NAMES,
      budgetMs: 10_000,
      now: () => performance.now(),
    });
    expect(outcome.hits.some(({ severity }) => severity === 'high' || severity === 'critical')).toBe(true);
  });

  it('is the same every time, and differs by number', () => {
    const [plain, one, two] = ['', ':1', ':2'].map((number) => expandText(`{{synthetic:${name}${number}}}`));
    expect(plain).toBe(one);
    expect(two).not.toBe(one);
  });
});

it('replaces strings at any depth and leaves other text, keys and values alone', () => {
  const value = {
    'a{{synthetic:iban}}': ['x {{ synthetic:iban }} {{other:iban}}', 1, null, { b: 'IBAN {{synthetic:iban}}.' }],
  };
  const iban = expandText('{{synthetic:iban}}');
  expect(expandValue(value)).toEqual({
    'a{{synthetic:iban}}': ['x {{ synthetic:iban }} {{other:iban}}', 1, null, { b: `IBAN ${iban}.` }],
  });
});

it.each(['nothing', '__proto__', 'constructor', ''])('refuses the name "%s"', (name) => {
  expect(() => expandText(`{{synthetic:${name}}}`)).toThrow(/there is no placeholder/);
});
