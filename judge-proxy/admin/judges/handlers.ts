/** Judges as they are: rubric in force, models and their breakers, what was spent, their shadows. */

import type { Config } from '../../config/schema.ts';
import type { JudgeRow } from '../../contract/responses.ts';
import type { SpendingRow } from '../../judge/budget.ts';
import type { Judge } from '../../judge/judges.ts';
import type { Policies } from '../../judge/published.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { ReadModel } from '../../ledger/read-model/rows.ts';
import { failurePolicies } from '../../policy/failure-policy.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Handlers } from '../handlers.ts';

export interface JudgeParts {
  readonly config: Pick<Config, 'judges' | 'routes' | 'on_judge_failure'>;
  readonly policies: Policies;
  readonly ledger: Pick<Ledger, 'spending' | 'rows'>;
  readonly readModel: Pick<ReadModel, 'shadowAgreement'>;
  readonly clock: Pick<Clock, 'now'>;
}

export function createJudgeHandlers(parts: JudgeParts): Pick<Handlers, 'list_judges' | 'shadow_agreement'> {
  const { config, policies, readModel } = parts;
  const onFailure = failurePolicies(config);
  const routesOf = (judge: string): JudgeRow['routes'] =>
    config.routes
      .filter((route) => route.judge === judge)
      .map(({ name, mode, sampling }) => ({ name, mode, sampling, on_judge_failure: onFailure(name) }));

  const rowOf = (judge: Judge, spent: JudgeRow['spent']): JudgeRow => {
    const { name, hash, rubric, rules, model, smallModel, budget } = judge;
    return {
      ...{ name, hash, rubric_hash: rubric.hash, rubric_name: rubric.name, rules, budget, spent },
      policy_version: policies.inForce(name)?.version ?? 0,
      ...{ model: modelOf(model), small_model: modelOf(smallModel), routes: routesOf(name) },
      shadow: config.judges[name]?.shadow ?? null,
    };
  };

  return {
    list_judges: async () => {
      const spent = await spentThisMonth(parts);
      return [...policies.judges.values()].map((judge) => rowOf(judge, spent(judge.name)));
    },
    shadow_agreement: ({ query: { since, until } }) => readModel.shadowAgreement({ since, until }),
  };
}

function modelOf(model: Judge['model']): JudgeRow['model'] {
  return model === null ? null : { name: model.name, breaker: model.breaker ?? 'closed' };
}

/** By verdicts and shadow verdicts of the ledger; replays have budgets of their own. */
async function spentThisMonth({ ledger, clock }: JudgeParts): Promise<(judge: string) => JudgeRow['spent']> {
  const today = new Date(clock.now()).toISOString().slice(0, 10);
  const month = `${today.slice(0, 7)}-01T00:00:00.000Z`;
  const [verdicts, shadows] = await Promise.all([
    ledger.spending(month),
    ledger.rows<SpendingRow>('shadowSpending', month),
  ]);
  return (judge) => {
    const spent = { day_usd: 0, month_usd: 0, day_tokens: 0, month_tokens: 0 };
    for (const row of [...verdicts, ...shadows]) {
      if (row.judge !== judge) continue;
      spent.month_usd += row.usd;
      spent.month_tokens += row.tokens;
      if (row.day !== today) continue;
      spent.day_usd += row.usd;
      spent.day_tokens += row.tokens;
    }
    return spent;
  };
}
