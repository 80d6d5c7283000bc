/** What a route comes to, once defaults, modes, judges and failure policy are put together: for people who check it. */

import type { Config, RouteConfig } from '../config/schema.ts';
import { type FailurePolicy, failurePolicy } from './failure-policy.ts';

export interface EffectiveRoute {
  readonly route: string;
  readonly action: RouteConfig['action'];
  /** null where nothing is judged. */
  readonly judge: {
    readonly name: string;
    /** null: rules alone. */
    readonly model: string | null;
    readonly small_model: string | null;
    readonly mode: RouteConfig['mode'];
    readonly release: RouteConfig['window']['release'] | null;
    readonly on_judge_failure: FailurePolicy;
    /** For a held request, null when none is held. */
    readonly on_request_judge_failure: FailurePolicy | null;
  } | null;
  /** In a sentence: what reaches whom, and when. */
  readonly enforced: string;
}

/** Every route of the config, in order. */
export function effectiveRoutes(config: Config): EffectiveRoute[] {
  return config.routes.map((route) => {
    const judge = judgeOf(route, config);
    return { route: route.name, action: route.action, judge, enforced: enforced(route, judge) };
  });
}

function judgeOf(route: RouteConfig, config: Config): EffectiveRoute['judge'] {
  if (route.action !== 'terminate' || route.judge === undefined) return null;
  const judge = config.judges[route.judge];
  const model = askedName(judge?.model);
  const policy = (subject: 'exchange' | 'request') => failurePolicy(config.on_judge_failure, route, subject);
  return {
    name: route.judge,
    model,
    small_model: model === null ? null : askedName(judge?.small_model),
    mode: route.mode,
    release: route.mode === 'window' ? route.window.release : null,
    on_judge_failure: policy('exchange'),
    on_request_judge_failure: route.hold_request ? policy('request') : null,
  };
}

/** null for a model that is never asked: without a key. */
function askedName(model: Config['judges'][string]['model']): string | null {
  return model === undefined || model.api_key === '' ? null : model.name;
}

function enforced(route: RouteConfig, judge: EffectiveRoute['judge']): string {
  if (route.action === 'deny') return 'refused';
  if (route.action === 'tunnel') return 'relayed unread';
  if (judge === null) return 'recorded, not judged';
  const request = route.hold_request ? 'a request reaches the origin after its verdict; ' : '';
  return request + response(route, judge.model === null ? 'rules' : 'rules and model');
}

function response(route: RouteConfig, who: 'rules' | 'rules and model'): string {
  switch (route.mode) {
    case 'observe':
      return `an answer is delivered at once and judged after by ${who}; it is never stopped`;
    case 'window':
      if (route.window.release === 'cleared') return `each window of a stream is delivered once ${who} cleared it`;
      if (who === 'rules') return 'each window of a stream is delivered once rules cleared it';
      return 'each window of a stream is delivered once rules cleared it; the model reads behind, and cuts';
    case 'hold':
      return `an answer is delivered after the verdict of ${who}`;
    default:
      return route.mode satisfies never;
  }
}
