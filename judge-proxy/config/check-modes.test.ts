/**
 * Contract: a route that promises to hold, cut or judge and could not is refused; a setting that nothing reads, or that
 * lets pass more than a reader of the file would think, is a warning. Each at its key.
 */

import { describe, expect, test } from 'vitest';
import { checkConfig } from './check.ts';
import { formatPath } from './config-error.ts';
import { configSchema } from './schema.ts';

type Values = Readonly<Record<string, unknown>>;

const MODEL = { api_key: 'k', name: 'm' };
const HOLD = { mode: 'hold' };
const WINDOW = { mode: 'window' };

/** The findings on one route, as `severity key: message`. */
function onRoute(route: Values, rest: Values = {}): string[] {
  const judges = { j: { rubric: 'r', model: MODEL } };
  const base = { name: 'a', hosts: ['a.example'], action: 'terminate', judge: 'j' };
  const found = checkConfig(configSchema.parse({ routes: [{ ...base, ...route }], judges, ...rest }));
  return found
    .filter(({ path }) => formatPath(path) !== 'judges.j')
    .map(({ severity, path, message }) => `${severity} ${formatPath(path)}: ${message}`);
}

const EACH: readonly Values[] = [
  { mode: 'window' },
  { mode: 'hold' },
  { hold_request: true },
  { window: { tokens: 200 } },
  { keep_alive: '10s' },
  { block: { status: 451 } },
  { sampling: 0.5 },
  { on_judge_failure: 'block' },
];

describe('what needs something to judge', () => {
  test.each(EACH)('%j is refused on a route that is not terminated', (values) => {
    const [key] = Object.keys(values);
    for (const action of ['tunnel', 'deny']) {
      expect(onRoute({ ...values, action, judge: undefined })).toEqual([
        `error routes[0].${key}: it has no effect on a route with action \`${action}\``,
      ]);
    }
  });

  test.each(EACH)('%j is named on a route without judge, and refused where it promises something', (values) => {
    const [key] = Object.keys(values);
    const severity = key === 'mode' || key === 'hold_request' ? 'error' : 'warning';
    expect(onRoute({ ...values, judge: undefined })).toEqual([
      `${severity} routes[0].${key}: it has no effect on a route without judge`,
    ]);
  });

  test('a default that is written out means nothing by itself', () => {
    const written = { mode: 'observe', hold_request: false, sampling: 1, window: { tokens: 400 }, block: {} };
    for (const action of ['tunnel', 'terminate']) expect(onRoute({ ...written, action, judge: undefined })).toEqual([]);
  });
});

describe('a judge without model', () => {
  test.each([
    [HOLD, 'mode'],
    [WINDOW, 'mode'],
    [{ hold_request: true }, 'hold_request'],
    [{ ...HOLD, hold_request: true }, 'mode'],
  ])('%j: rules alone decide', (route, key) => {
    const expected = [`warning routes[0].${key}: the judge \`j\` has no model, so rules alone decide`];
    expect(onRoute(route, { judges: { j: { rubric: 'r' } } })).toEqual(expected);
    expect(onRoute(route, { judges: { j: { rubric: 'r', model: { ...MODEL, api_key: '' } } } })).toEqual(expected);
    expect(onRoute(route)).toEqual([]);
  });

  test('in mode `observe` coverage says so, and nobody is let through', () => {
    expect(onRoute({}, { judges: { j: { rubric: 'r' } } })).toEqual([]);
  });

  test('a judge that is not there is one fault, not two', () => {
    expect(onRoute({ ...HOLD, judge: 'k' }).filter((text) => text.startsWith('error'))).toEqual([
      'error routes[0].judge: no judge has this name',
    ]);
  });
});

describe('settings of another mode', () => {
  test.each([
    [{ window: { release: 'eager' } }, 'window', 'in mode `observe`'],
    [{ ...HOLD, window: { release: 'eager' } }, 'window', 'in mode `hold`'],
    [{ keep_alive: '10s' }, 'keep_alive', 'in mode `observe`'],
    [{ block: { style: 'finish' } }, 'block', 'in mode `observe`, which stops nothing'],
  ])('%j: %s has no effect %s', (route, key, where) => {
    expect(onRoute(route)).toEqual([`warning routes[0].${key}: it has no effect ${where}`]);
  });

  test.each([
    { ...WINDOW, window: { release: 'eager' }, keep_alive: '10s', block: { style: 'finish' } },
    { ...HOLD, keep_alive: '10s', block: { style: 'finish' } },
    { hold_request: true, block: { style: 'finish' } },
  ])('%j has all it needs', (route) => {
    expect(onRoute(route)).toEqual([]);
  });
});

describe('windows', () => {
  const window = (values: Values) => onRoute({ ...WINDOW, window: values });

  test('rules read no more at a time than a window has', () => {
    const text = 'error routes[0].window.rules_tokens: more than a window of the model has';
    expect(window({ tokens: 200, rules_tokens: 201 })).toEqual([text]);
    expect(window({ tokens: 200, rules_tokens: 200 })).toEqual([]);
  });

  test('a window brings more than it repeats', () => {
    const text = 'error routes[0].window.overlap_tokens: each window would repeat more than it brings, at full price';
    expect(window({ tokens: 100, overlap_tokens: 100 })).toEqual([text]);
    expect(window({ tokens: 100, overlap_tokens: 99 })).toEqual([]);
  });

  test('are not looked at in another mode', () => {
    expect(onRoute({ ...HOLD, window: { tokens: 100, overlap_tokens: 100 } })).toEqual([
      'warning routes[0].window: it has no effect in mode `hold`',
    ]);
  });
});

test.each([
  ['61s', ['warning routes[0].keep_alive: many clients give up after a minute of silence']],
  ['60s', []],
  ['1s', []],
  ['999ms', ['warning routes[0].keep_alive: each held stream sends several comments a second']],
])('a keep-alive of %s', (keep_alive, expected) => {
  expect(onRoute({ ...HOLD, keep_alive })).toEqual(expected);
  expect(onRoute({ ...WINDOW, keep_alive })).toEqual(expected);
});

describe('sampling', () => {
  test('with a mode that holds back lets through what is not drawn', () => {
    const text = 'warning routes[0].sampling: what is not drawn is let through by rules alone';
    for (const route of [HOLD, WINDOW, { hold_request: true }]) {
      expect(onRoute({ ...route, sampling: 0.99 })).toEqual([text]);
      expect(onRoute({ ...route, sampling: 1 })).toEqual([]);
    }
    expect(onRoute({ sampling: 0.1 })).toEqual([]);
  });

  test('needs somebody to ask', () => {
    expect(onRoute({ sampling: 0.1 }, { judges: { j: { rubric: 'r' } } })).toEqual([
      'warning routes[0].sampling: there is no model to ask',
    ]);
  });
});

describe('what is held', () => {
  const text = 'warning limits.held_copy: smaller than what the judge may read of a body that it holds';

  test.each([
    [HOLD, { held_copy: '1MiB' }, []],
    [HOLD, { held_copy: '1023KiB' }, [text]],
    [WINDOW, { held_copy: '1023KiB' }, [text]],
    [{ hold_request: true }, { held_copy: '4MiB' }, []],
    [{ hold_request: true }, { held_copy: '3MiB' }, [text]],
    [{ hold_request: true }, { held_copy: '3MiB', request_copy: '3MiB' }, []],
    [{}, { held_copy: '1KiB' }, []],
  ])('%j with %j', (route, limits, expected) => {
    expect(onRoute(route, { limits })).toEqual(expected);
  });
});

describe('a judge that fails open', () => {
  const atRoute = 'warning routes[0].on_judge_failure: what is held back here passes unjudged when the judge fails';
  const atTop = (mode: string) =>
    `warning on_judge_failure.${mode}: what is held back passes unjudged when the judge fails`;

  test.each([HOLD, WINDOW, { hold_request: true }])('%j: is named at the route that says so', (route) => {
    expect(onRoute({ ...route, on_judge_failure: 'allow' })).toEqual([atRoute]);
    for (const policy of ['block', 'review']) expect(onRoute({ ...route, on_judge_failure: policy })).toEqual([]);
  });

  test.each([
    [HOLD, { hold: 'allow' }, [atTop('hold')]],
    [WINDOW, { window: 'allow' }, [atTop('window')]],
    [{ hold_request: true }, { hold: 'allow' }, [atTop('hold')]],
    [{ ...WINDOW, hold_request: true }, { window: 'allow', hold: 'allow' }, [atTop('window'), atTop('hold')]],
    [HOLD, { window: 'allow' }, []],
    [{ ...HOLD, on_judge_failure: 'block' }, { hold: 'allow' }, []],
    [{}, { observe: 'allow', window: 'allow', hold: 'allow' }, []],
  ])('%j under %j', (route, on_judge_failure, expected) => {
    expect(onRoute(route, { on_judge_failure })).toEqual(expected);
  });

  test('in mode `observe` nothing is let through: it was never held', () => {
    expect(onRoute({ on_judge_failure: 'allow' })).toEqual([]);
  });
});
