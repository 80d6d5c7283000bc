/** Modes that cannot do what they say, and settings of a route that nothing reads there. */

import { isDeepStrictEqual } from 'node:util';
import { hasModel } from './check-judges.ts';
import type { KeyPath } from './config-error.ts';
import { type Finding, fault, warning } from './finding.ts';
import { type Config, configSchema, type RouteConfig } from './schema.ts';

/** A route with nothing written but what has to be: what differs from it was meant. */
const PLAIN_ROUTE = configSchema.shape.routes.element.parse({ name: 'x', hosts: ['x'], action: 'terminate' });

/** Clients, and what stands between, commonly give up after a minute without a byte. */
const SILENCE_MS = 60_000;
const SHORTEST_KEEP_ALIVE_MS = 1_000;

/** Keys that need something to judge. */
const JUDGED_KEYS = [
  'mode',
  'hold_request',
  'window',
  'keep_alive',
  'block',
  'sampling',
  'on_judge_failure',
] as const satisfies readonly (keyof RouteConfig)[];
type JudgedKey = (typeof JUDGED_KEYS)[number];
/** Those that promise a client's side something. */
const ENFORCING: ReadonlySet<JudgedKey> = new Set<JudgedKey>(['mode', 'hold_request']);

/** Findings about how the responses of routes meet the judge. */
export function checkModes(config: Config): Finding[] {
  return [
    ...config.routes.flatMap((route, index) => checkRoute(route, ['routes', index], config)),
    ...checkFailClosed(config),
    ...checkHeld(config),
  ];
}

function checkRoute(route: RouteConfig, path: KeyPath, { judges }: Config): Finding[] {
  const set = JUDGED_KEYS.filter((key) => !isDeepStrictEqual(route[key], PLAIN_ROUTE[key]));
  if (route.action !== 'terminate') {
    const message = `it has no effect on a route with action \`${route.action}\``;
    return set.map((key) => fault([...path, key], message, 'Remove it, or terminate the route.'));
  }
  if (route.judge === undefined) {
    const fix = 'Name a judge, or remove it.';
    const message = 'it has no effect on a route without judge';
    return set.map((key) => (ENFORCING.has(key) ? fault : warning)([...path, key], message, fix));
  }
  const model = hasModel(judges[route.judge]);
  return [
    ...checkUnused(route, path, set),
    ...checkWindow(route, path),
    ...checkKeepAlive(route, path),
    ...(enforces(route) && !model ? [withoutModel(route, path)] : []),
    ...checkSampling(route, path, model),
  ];
}

function enforces(route: RouteConfig): boolean {
  return route.mode !== 'observe' || route.hold_request;
}

function withoutModel(route: RouteConfig, path: KeyPath): Finding {
  const key = route.mode === 'observe' ? 'hold_request' : 'mode';
  const fix = 'Give the judge a model and its key, or know that only what a rule finds is stopped.';
  return warning([...path, key], `the judge \`${route.judge}\` has no model, so rules alone decide`, fix);
}

/** Settings of a mode that the route does not have. */
function checkUnused(route: RouteConfig, path: KeyPath, set: readonly JudgedKey[]): Finding[] {
  const unused = (key: JudgedKey, where: string) =>
    set.includes(key) ? [warning([...path, key], `it has no effect ${where}`, 'Remove it, or change `mode`.')] : [];
  return [
    ...(route.mode === 'window' ? [] : unused('window', `in mode \`${route.mode}\``)),
    ...(route.mode === 'observe' ? unused('keep_alive', 'in mode `observe`') : []),
    ...(enforces(route) ? [] : unused('block', 'in mode `observe`, which stops nothing')),
  ];
}

function checkWindow({ mode, window }: RouteConfig, path: KeyPath): Finding[] {
  if (mode !== 'window') return [];
  const findings: Finding[] = [];
  if (window.rules_tokens > window.tokens) {
    const fix = `Write at most ${window.tokens}: rules read a window before the model does.`;
    findings.push(fault([...path, 'window', 'rules_tokens'], 'more than a window of the model has', fix));
  }
  if (window.overlap_tokens >= window.tokens) {
    const fix = `Write less than ${window.tokens}.`;
    findings.push(
      fault([...path, 'window', 'overlap_tokens'], 'each window would repeat more than it brings, at full price', fix),
    );
  }
  return findings;
}

function checkKeepAlive({ mode, keep_alive }: RouteConfig, path: KeyPath): Finding[] {
  if (mode === 'observe' || keep_alive === undefined) return [];
  const key = [...path, 'keep_alive'];
  if (keep_alive > SILENCE_MS) {
    return [warning(key, 'many clients give up after a minute of silence', 'Write 60s or less.')];
  }
  if (keep_alive < SHORTEST_KEEP_ALIVE_MS) {
    return [warning(key, 'each held stream sends several comments a second', 'Write 1s or more.')];
  }
  return [];
}

function checkSampling(route: RouteConfig, path: KeyPath, model: boolean): Finding[] {
  const key = [...path, 'sampling'];
  if (route.sampling === 1) return [];
  if (!model) return [warning(key, 'there is no model to ask', 'Remove it, or give the judge a model and its key.')];
  if (!enforces(route)) return [];
  const fix = 'Write 1 to have the model asked about every exchange.';
  return [warning(key, 'what is not drawn is let through by rules alone', fix)];
}

/** What may be judged in full has to fit where it waits. */
function checkHeld({ routes, limits }: Config): Finding[] {
  const judged = routes.filter((route) => route.action === 'terminate' && route.judge !== undefined);
  const copies = [
    ...(judged.some(({ mode }) => mode !== 'observe') ? [limits.response_copy] : []),
    ...(judged.some(({ hold_request }) => hold_request) ? [limits.request_copy] : []),
  ];
  if (copies.every((copy) => limits.held_copy >= copy)) return [];
  const fix = 'Write at least as much as request_copy and response_copy.';
  return [warning(['limits', 'held_copy'], 'smaller than what the judge may read of a body that it holds', fix)];
}

/** A judge that is in the way, and lets everything by as soon as it fails: said at the layer that says so. */
function checkFailClosed({ routes, on_judge_failure }: Config): Finding[] {
  const fix = 'Write `block`, or know that who can make the judge fail passes.';
  const message = (what: string) => `${what} passes unjudged when the judge fails`;
  const findings: Finding[] = [];
  const inherits = { window: false, hold: false };
  for (const [index, route] of routes.entries()) {
    if (route.action !== 'terminate' || route.judge === undefined || !enforces(route)) continue;
    if (route.on_judge_failure === 'allow') {
      findings.push(warning(['routes', index, 'on_judge_failure'], message('what is held back here'), fix));
    }
    if (route.on_judge_failure !== undefined) continue;
    if (route.mode === 'window') inherits.window = true;
    if (route.mode === 'hold' || route.hold_request) inherits.hold = true;
  }
  for (const mode of ['window', 'hold'] as const) {
    if (!inherits[mode] || on_judge_failure[mode] !== 'allow') continue;
    findings.push(warning(['on_judge_failure', mode], message('what is held back'), fix));
  }
  return findings;
}
