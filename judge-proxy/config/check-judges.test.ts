/** Contract: a judge that cannot work, or whose limits would hold nobody back, is refused at the key that is wrong. */

import { describe, expect, test } from 'vitest';
import { checkConfig } from './check.ts';
import { formatPath } from './config-error.ts';
import { configWarnings, parseConfig } from './load.ts';
import { priceKey } from './price-key.ts';
import { configSchema } from './schema.ts';

type Values = Readonly<Record<string, unknown>>;

/** The findings on one judge, as `severity key below the judge`. */
function onJudge(judge: Values, prices: Values = {}): string[] {
  const routes = [{ name: 'a', hosts: ['a.example'], action: 'terminate', judge: 'j' }];
  const found = checkConfig(configSchema.parse({ routes, judges: { j: { rubric: 'r', ...judge } }, prices }));
  return found.map(({ severity, path }) => `${severity} ${formatPath(path.slice(2))}`);
}

describe.each(['model', 'small_model'])('the %s', (key) => {
  const other = key === 'model' ? {} : { model: { api_key: 'k', name: 'large' } };
  const model = (values: Values) => onJudge({ ...other, [key]: { api_key: 'k', ...values } });

  test.each([
    'https://me@a.example/v1',
    'https://me:pass@a.example/v1',
    'https://a.example/v1?key=1',
    'https://a.example/v1#x',
    'https://a.example/v1/../x',
    'https://a.example/./v1',
    'https://a.example/%2e%2e/v1',
    'https://a.example/v1\\x',
    'https://a.example/v1 x',
    'https://a.example/v1\r\nx: y',
    'https://a.example//v1',
  ])('with the base URL %j is refused', (url) => {
    expect(model({ base_url: url })).toEqual([`error ${key}.base_url`]);
  });

  test.each(['key\n', 'key\r\nx-evil: 1', 'a key', 'kéy', '\u0000'])(
    'with the key %j is refused: no header can carry it',
    (api_key) => {
      expect(model({ api_key })).toEqual([`error ${key}.api_key`]);
    },
  );

  test('lives at addresses that are CIDRs', () => {
    expect(model({ allow_addresses: ['10.0.0.0/8', '10.0.0.1/8'] })).toEqual([`error ${key}.allow_addresses[1]`]);
  });

  test('may have no key', () => {
    expect(model({ api_key: '' }).filter((text) => text.startsWith('error'))).toEqual([]);
  });
});

describe('a cascade', () => {
  const large = { api_key: 'k', name: 'large' };
  const small = { api_key: 'k', name: 'small' };

  test('needs a model to turn to', () => {
    expect(onJudge({ small_model: small })).toEqual(['error small_model']);
    expect(onJudge({ model: large, small_model: small })).toEqual([]);
  });

  test('needs the key of the large one, too', () => {
    expect(onJudge({ model: { ...large, api_key: '' }, small_model: small })).toEqual(['warning model.api_key']);
    const none = { model: { ...large, api_key: '' }, small_model: { ...small, api_key: '' } };
    expect(onJudge(none)).toEqual([]);
    expect(onJudge({ model: large, small_model: { ...small, api_key: '' } })).toEqual(['warning small_model.api_key']);
  });

  test('of one model twice only costs', () => {
    expect(onJudge({ model: large, small_model: large })).toEqual(['warning small_model']);
    expect(onJudge({ model: large, small_model: { ...large, base_url: 'https://b.example/v1' } })).toEqual([]);
  });

  test('of which one stays at home and the other leaves for the default endpoint is said', () => {
    const own = { ...large, base_url: 'https://llm.internal.example/v1' };
    expect(onJudge({ model: own, small_model: small })).toEqual(['warning small_model.base_url']);
    expect(onJudge({ model: own, small_model: { ...small, base_url: own.base_url } })).toEqual([]);
    expect(onJudge({ model: large, small_model: { ...small, base_url: own.base_url } })).toEqual([]);
  });
});

test('a cache for all clients tells one what another asked', () => {
  expect(onJudge({ cache: { scope: 'all_clients_dangerous' } })).toEqual(['warning cache.scope']);
  expect(onJudge({ cache: { scope: 'client', entries: 0 } })).toEqual([]);
});

describe('a budget', () => {
  const model = { api_key: 'k', name: 'm-1' };
  const prices = { 'm-*': { input: 1, output: 1 } };
  const PERIODS = ['day', 'month', 'client_day', 'client_month'];

  test.each(PERIODS)('in dollars a %s needs a price for each model that is asked', (period) => {
    const budget = { [period]: { usd: 1 } };
    expect(onJudge({ model, budget })).toEqual([`error budget.${period}.usd`]);
    expect(onJudge({ model, budget }, prices)).toEqual([]);
    const small_model = { api_key: 'k', name: 'other' };
    expect(onJudge({ model, small_model, budget }, prices)).toEqual([`error budget.${period}.usd`]);
    expect(onJudge({ model, budget: { [period]: { tokens: 1 } } })).toEqual([]);
  });

  test('without model counts nothing', () => {
    expect(onJudge({ budget: { day: { tokens: 1 } } })).toEqual(['warning budget']);
  });

  test.each([
    [{ day: { tokens: 2 }, month: { tokens: 1 } }, ['warning budget.day.tokens']],
    [{ client_day: { usd: 2 }, day: { usd: 1 } }, ['warning budget.client_day.usd']],
    [{ client_day: { tokens: 2 }, client_month: { tokens: 1 } }, ['warning budget.client_day.tokens']],
    [{ client_month: { tokens: 2 }, month: { tokens: 1 } }, ['warning budget.client_month.tokens']],
    [{ day: { tokens: 1 }, month: { tokens: 1 } }, []],
    [{ day: { tokens: 2 }, month: { usd: 1 } }, []],
  ])('%j: what is reached first is said', (budget, expected) => {
    expect(onJudge({ model, budget }, prices)).toEqual(expected);
  });
});

test.each([
  ['m-1', 'm-1'],
  ['m-12', 'm-1*'],
  ['m-2', 'm-*'],
  ['n', null],
  ['m-*', 'm-*'],
  ['constructor', null],
  ['', null],
])('the price of %j stands at %j', (model, key) => {
  expect(priceKey({ 'm-*': 1, 'm-1*': 1, 'm-1': 1 }, model)).toBe(key);
});

test('one that no route names is a warning, and does not stop the start', () => {
  const config = parseConfig(
    'routes: [{ name: a, hosts: [a.example], action: deny }]\njudges: { j: { rubric: r } }',
    'f.yaml',
    {},
  );
  expect(configWarnings(config)).toEqual([
    'judges.j: no route names this judge. Add `judge: j` to a route, or remove it.',
  ]);
});

describe('a shadow', () => {
  const model = { api_key: 'k', name: 'm' };
  const withShadow = (shadow: string, other: Values = { model }) => {
    const routes = [{ name: 'a', hosts: ['a.example'], action: 'terminate', judge: 'j' }];
    const judges = { j: { rubric: 'r', shadow: { judge: shadow } }, other: { rubric: 'r', ...other } };
    const found = checkConfig(configSchema.parse({ routes, judges }));
    return found.map(({ severity, path, message }) => `${severity} ${formatPath(path)}: ${message}`);
  };

  test('another judge with a model, which needs no route', () => expect(withShadow('other')).toEqual([]));

  test.each([
    ['j', {}, 'error judges.j.shadow.judge: a judge cannot be its own shadow'],
    ['nobody', {}, 'error judges.j.shadow.judge: there is no judge of this name'],
    ['toString', {}, 'error judges.j.shadow.judge: there is no judge of this name'],
    ['other', { shadow: { judge: 'j' } }, 'error judges.j.shadow.judge: this judge has a shadow itself'],
    ['other', { model: undefined }, 'warning judges.j.shadow.judge: this judge has no model that could be asked'],
    ['other', { model: { api_key: '' } }, 'warning judges.j.shadow.judge: this judge has no model that could be asked'],
  ])('%s %j', (shadow, other, finding) => {
    expect(withShadow(shadow, { model, ...other })).toContain(finding);
  });
});
