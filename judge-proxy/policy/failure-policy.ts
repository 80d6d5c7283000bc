/**
 * What happens when the judge gave no verdict. The answer comes from one place, so that a fail-closed setting cannot
 * turn into a fail-open one on its way from the file to whoever asks: the route's own value, else the one of its mode.
 */

import type { Config, RouteConfig } from '../config/schema.ts';

export type FailurePolicy = Config['on_judge_failure']['observe'];
/** What is judged: the pair, or a request on its own before the origin sees it. */
export type Subject = 'exchange' | 'request';

/**
 * The failure policy in force for a route.
 * @param byMode top-level `on_judge_failure`
 * @param subject a held request waits as a response of mode `hold` does, so it has that mode's value
 */
export function failurePolicy(
  byMode: Config['on_judge_failure'],
  route: Pick<RouteConfig, 'mode' | 'on_judge_failure'>,
  subject: Subject,
): FailurePolicy {
  return route.on_judge_failure ?? byMode[subject === 'request' ? 'hold' : route.mode];
}

/**
 * The same by the name of a route, for what the ledger remembers.
 * @returns for a route that the config no longer has, `observe`'s value: its exchanges are over
 */
export function failurePolicies(
  config: Pick<Config, 'routes' | 'on_judge_failure'>,
): (route: string, subject?: Subject) => FailurePolicy {
  const routes = new Map(config.routes.map((route) => [route.name, route]));
  return (name, subject = 'exchange') =>
    failurePolicy(config.on_judge_failure, routes.get(name) ?? { mode: 'observe' }, subject);
}

const STRICTEST = ['block', 'review', 'allow'] as const satisfies readonly FailurePolicy[];

/**
 * For what no judge can read and a route still holds back: the strictest of what it says about requests that it holds
 * and about answers that it holds.
 * @param policyOf of the route, by what is judged
 * @returns null for a route that holds nothing back
 */
export function unreadPolicy(
  route: Pick<RouteConfig, 'mode' | 'hold_request'>,
  policyOf: (subject: Subject) => FailurePolicy,
): FailurePolicy | null {
  const said = [
    ...(route.hold_request ? [policyOf('request')] : []),
    ...(route.mode === 'observe' ? [] : [policyOf('exchange')]),
  ];
  return STRICTEST.find((policy) => said.includes(policy)) ?? null;
}
