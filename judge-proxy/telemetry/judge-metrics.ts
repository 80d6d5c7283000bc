/** The judge in numbers: how far it judged, what became of its questions, and what they cost. */

import type { Registry } from 'prom-client';
import { ClosedSet } from './closed-set.ts';
import { counter, FAST_SECONDS, gauge, histogram, SLOW_SECONDS } from './instruments.ts';
import type { MetricNames, Metrics } from './metrics.ts';

type JudgeMethods =
  | 'coverage'
  | 'verdict'
  | 'judgeCache'
  | 'judgeBudget'
  | 'judgeBreaker'
  | 'analysis'
  | 'analysisRestarted';

export function judgeMetrics(registry: Registry, names: Partial<MetricNames>): Pick<Metrics, JudgeMethods> {
  const levels = counter(registry, 'coverage_total', 'Exchanges by how far they were judged.', ['level']);
  const notJudged = counter(registry, 'not_judged_total', 'Why exchanges were not judged in full.', ['reason']);
  const verdicts = counter(registry, 'verdicts_total', 'Verdicts.', ['label', 'state', 'action', 'mode']);
  const byState = counter(registry, 'judgements_total', 'Verdicts by what became of the judgement.', ['state']);
  const cache = counter(registry, 'judge_cache_total', 'Questions to the verdict cache.', ['result']);
  const budget = counter(registry, 'judge_budget_exhausted_total', 'Models not asked: budget spent.', ['scope']);
  const breaker = gauge(registry, 'judge_breaker', 'Of a judge endpoint: 0 closed, 1 half-open, 2 open.', ['model']);
  const analyses = histogram(
    registry,
    'analysis_seconds',
    'Decoding, reading and rules of one exchange.',
    FAST_SECONDS,
  );
  const restarts = counter(registry, 'analysis_restarts_total', 'Analysis threads that were replaced.', ['reason']);
  const reasons = new ClosedSet(names.coverageReasons ?? []);
  const states = new ClosedSet(names.judgeStates ?? []);
  const models = new ClosedSet(names.judgeModels ?? []);
  const scopes = new ClosedSet(names.budgetScopes ?? []);
  for (const level of ['full', 'partial', 'none']) levels.inc({ level }, 0);
  // From zero, so that the first exchange that is not judged is already a rise that an alert sees.
  for (const reason of reasons.all) notJudged.inc({ reason }, 0);
  for (const reason of ['crashed', 'hung']) restarts.inc({ reason }, 0);
  for (const state of states.all) byState.inc({ state }, 0);
  for (const result of ['hit', 'miss']) cache.inc({ result }, 0);
  for (const scope of scopes.all) budget.inc({ scope }, 0);
  for (const model of names.judgeModels ?? []) breaker.set({ model }, BREAKER.closed);
  return {
    coverage(level, why) {
      levels.inc({ level });
      for (const reason of why) notJudged.inc({ reason: reasons.of(reason) });
    },
    verdict({ label, state, action, mode }) {
      verdicts.inc({ label, state: states.of(state), action, mode });
      byState.inc({ state: states.of(state) });
    },
    judgeCache: (result) => cache.inc({ result }),
    judgeBudget: (scope) => budget.inc({ scope: scopes.of(scope) }),
    judgeBreaker: (model, state) => breaker.set({ model: models.of(model) }, BREAKER[state]),
    analysis: (ms) => analyses.observe(ms / 1_000),
    analysisRestarted: (reason) => restarts.inc({ reason }),
  };
}

const BREAKER = { closed: 0, half_open: 1, open: 2 } as const;

/** What judging costs, and beside it what is judged. Unknown prices add nothing: the tokens show them. */
export function costMetrics(registry: Registry, names: Partial<MetricNames>): Pick<Metrics, 'judgeCall' | 'traffic'> {
  const payer = ['route', 'role'];
  const calls = histogram(registry, 'judge_call_seconds', 'Calls of the judge models.', SLOW_SECONDS, ['state']);
  const made = counter(registry, 'judge_calls_total', 'Calls of the judge models.', payer);
  const tokens = counter(registry, 'judge_tokens_total', 'Tokens of judging.', [...payer, 'direction']);
  const usd = counter(registry, 'judge_cost_usd_total', 'US dollars of judging, where prices are known.', payer);
  const traffic = counter(registry, 'traffic_tokens_total', 'Tokens of the traffic.', ['route', 'direction']);
  const trafficUsd = counter(registry, 'traffic_cost_usd_total', 'US dollars of the traffic, where prices are known.', [
    'route',
  ]);
  const routes = new ClosedSet(names.routes ?? []);
  const states = new ClosedSet(names.judgeStates ?? []);
  return {
    judgeCall({ route: name, role, state, ms, tokens: used, usd: cost }) {
      const route = routes.of(name);
      calls.observe({ state: states.of(state) }, ms / 1_000);
      made.inc({ route, role });
      tokens.inc({ route, role, direction: 'in' }, used?.in ?? 0);
      tokens.inc({ route, role, direction: 'out' }, used?.out ?? 0);
      usd.inc({ route, role }, cost ?? 0);
    },
    traffic({ route: name, tokens_in, tokens_out, cost_usd }) {
      const route = routes.of(name);
      traffic.inc({ route, direction: 'in' }, tokens_in ?? 0);
      traffic.inc({ route, direction: 'out' }, tokens_out ?? 0);
      trafficUsd.inc({ route }, cost_usd ?? 0);
    },
  };
}
