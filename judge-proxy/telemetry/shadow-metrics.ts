/** Shadow judges and replays in numbers: apart from the judging of traffic, whose series they must not touch. */

import type { Registry } from 'prom-client';
import { ClosedSet } from './closed-set.ts';
import { counter } from './instruments.ts';
import type { MetricNames, Metrics } from './metrics.ts';

type ShadowMethods = 'shadow' | 'shadowCall';

export function shadowMetrics(registry: Registry, names: Partial<MetricNames>): Pick<Metrics, ShadowMethods> {
  const verdicts = counter(
    registry,
    'shadow_verdicts_total',
    'Verdicts drawn for a shadow judge, by what became of it.',
    ['judge', 'result'],
  );
  const calls = counter(registry, 'shadow_calls_total', 'Calls of models by shadow judges.', ['state']);
  const dollars = counter(registry, 'shadow_cost_usd_total', 'What they cost, where the price is known.', []);
  const judges = new ClosedSet(names.shadowedJudges ?? []);
  const results = new ClosedSet(names.shadowResults ?? []);
  const states = new ClosedSet(names.judgeStates ?? []);
  for (const judge of names.shadowedJudges ?? []) for (const result of results.all) verdicts.inc({ judge, result }, 0);
  return {
    shadow: (judge, result) => verdicts.inc({ judge: judges.of(judge), result: results.of(result) }),
    shadowCall: ({ state, usd }) => {
      calls.inc({ state: states.of(state) });
      if (usd !== null) dollars.inc(usd);
    },
  };
}
