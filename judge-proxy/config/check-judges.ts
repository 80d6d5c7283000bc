/** Judges that cannot work, spend what nobody counts, or cost more than they have to. */

import type { KeyPath } from './config-error.ts';
import { type Finding, fault, warning } from './finding.ts';
import { priceKey } from './price-key.ts';
import { type Config, type JudgeConfig, judgeModel } from './schema.ts';

type ModelConfig = NonNullable<JudgeConfig['model']>;

/** Where a model without `base_url` is asked. */
const DEFAULT_BASE_URL = judgeModel.parse({}).base_url;

/** Findings about `judges`. */
export function checkJudges({ judges, routes, prices }: Config): Finding[] {
  const used = new Set([
    ...routes.map((route) => route.judge),
    ...Object.values(judges).map(({ shadow }) => shadow?.judge),
  ]);
  return Object.entries(judges).flatMap(([name, judge]) => {
    const path = ['judges', name];
    return [
      ...(used.has(name)
        ? []
        : [warning(path, 'no route names this judge', `Add \`judge: ${name}\` to a route, or remove it.`)]),
      ...checkModel([...path, 'model'], judge.model),
      ...checkModel([...path, 'small_model'], judge.small_model),
      ...checkCascade(path, judge),
      ...checkCache(path, judge),
      ...checkBudget([...path, 'budget'], judge, prices),
      ...checkShadow([...path, 'shadow', 'judge'], name, judges),
    ];
  });
}

function checkModel(path: KeyPath, model: ModelConfig | undefined): Finding[] {
  if (model === undefined) return [];
  const findings: Finding[] = [];
  if (!isPlainUrl(model.base_url)) {
    const fix = 'Write scheme, host, port and path only; the key belongs to api_key.';
    findings.push(
      fault([...path, 'base_url'], 'userinfo, query, fragment, dot segments and escapes have no place in it', fix),
    );
  }
  // A key with a line break or blank in it, usually from a file, makes a header that no HTTP client sends.
  if (!/^[\u0021-\u007e]*$/.test(model.api_key)) {
    const fix = 'Check the variable it comes from for line breaks and blanks.';
    findings.push(fault([...path, 'api_key'], 'the key holds characters that cannot be sent', fix));
  }
  return findings;
}

/** Clients append paths to a base URL as text, so nothing may stand in it that gives them another meaning. */
function isPlainUrl(text: string): boolean {
  const plain = /^https?:\/\/(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:\/[A-Za-z0-9._~-]+)*\/?$/;
  return plain.test(text) && !/\/\.{1,2}(?:\/|$)/.test(text);
}

function checkCascade(path: KeyPath, { model, small_model }: JudgeConfig): Finding[] {
  if (small_model === undefined) return [];
  if (model === undefined) {
    const fix = 'Write it as `model`, or add the model that is asked when the small one is unsure.';
    return [fault([...path, 'small_model'], 'a small model needs a model to turn to', fix)];
  }
  if (small_model.api_key !== '' && model.api_key === '') {
    const fix = 'Set model.api_key. Until then rules alone judge.';
    return [warning([...path, 'model', 'api_key'], 'the small model has a key and the model has none', fix)];
  }
  if (small_model.api_key === '' && model.api_key !== '') {
    return [warning([...path, 'small_model', 'api_key'], 'without a key it is never asked', 'Set it, or remove it.')];
  }
  if (small_model.name === model.name && small_model.base_url === model.base_url) {
    const fix = 'Name a cheaper model, or remove `small_model`.';
    return [warning([...path, 'small_model'], 'the same model is asked twice about whatever is unsure', fix)];
  }
  if (small_model.base_url === DEFAULT_BASE_URL && model.base_url !== DEFAULT_BASE_URL) {
    const fix = 'Write the base_url of the small model, too.';
    return [
      warning(
        [...path, 'small_model', 'base_url'],
        "exchanges leave for the default endpoint, not for the model's",
        fix,
      ),
    ];
  }
  return [];
}

function checkCache(path: KeyPath, { cache }: JudgeConfig): Finding[] {
  if (cache.scope === 'client') return [];
  const fix = 'Write `client`, unless all clients may know of each other.';
  return [
    warning([...path, 'cache', 'scope'], 'a client can tell by its waiting time what another client has asked', fix),
  ];
}

const PERIODS = ['day', 'month', 'client_day', 'client_month'] as const;
/** The first has to be the smaller one, or the second always binds before it. */
const WITHIN = [
  ['day', 'month'],
  ['client_day', 'client_month'],
  ['client_day', 'day'],
  ['client_month', 'month'],
] as const;

function checkBudget(path: KeyPath, judge: JudgeConfig, prices: Config['prices']): Finding[] {
  const { budget, model, small_model } = judge;
  const set = PERIODS.filter((period) => budget[period].tokens !== undefined || budget[period].usd !== undefined);
  if (set.length === 0) return [];
  if (model === undefined) {
    return [warning(path, 'a judge without model spends nothing', 'Remove it, or add the model.')];
  }
  const unpriced = [model, small_model].flatMap((one) =>
    one === undefined || priceKey(prices, one.name) !== null ? [] : [one.name],
  );
  return [...set.flatMap((period) => checkDollars(path, period, judge, unpriced)), ...checkOrderOf(path, budget)];
}

/** What has no price counts nothing, so a limit in dollars would hold nobody back and look as if it did. */
function checkDollars(
  path: KeyPath,
  period: (typeof PERIODS)[number],
  { budget }: JudgeConfig,
  unpriced: readonly string[],
): Finding[] {
  const [model] = unpriced;
  if (budget[period].usd === undefined || model === undefined) return [];
  const fix = `Add a line for it to \`prices\`, or set a limit in tokens.`;
  return [fault([...path, period, 'usd'], `the model \`${model}\` has no price, so nothing would ever be spent`, fix)];
}

function checkOrderOf(path: KeyPath, budget: JudgeConfig['budget']): Finding[] {
  return WITHIN.flatMap(([inner, outer]) =>
    (['tokens', 'usd'] as const).flatMap((unit) => {
      const [small, large] = [budget[inner][unit], budget[outer][unit]];
      if (small === undefined || large === undefined || small <= large) return [];
      const fix = `Write no more than ${large}.`;
      return [warning([...path, inner, unit], `more than \`${outer}\` allows, which is reached first`, fix)];
    }),
  );
}

function checkShadow(path: KeyPath, name: string, judges: Config['judges']): Finding[] {
  const shadow = judges[name]?.shadow?.judge;
  if (shadow === undefined) return [];
  const found = Object.hasOwn(judges, shadow) ? judges[shadow] : undefined;
  if (shadow === name) return [fault(path, 'a judge cannot be its own shadow', 'Name another judge.')];
  if (found === undefined) {
    const fix = `Known: ${Object.keys(judges).join(', ')}.`;
    return [fault(path, 'there is no judge of this name', fix)];
  }
  if (found.shadow !== undefined) {
    return [fault(path, 'this judge has a shadow itself', 'Remove one of the two: shadows make no chain.')];
  }
  if (hasModel(found)) return [];
  const fix = 'Give it a model with a key. Rules are not run again, so without one it has nothing to say.';
  return [warning(path, 'this judge has no model that could be asked', fix)];
}

/** Whether a model is asked at all: without a key rules alone judge. */
export function hasModel(judge: JudgeConfig | undefined): boolean {
  return judge?.model !== undefined && judge.model.api_key !== '';
}
