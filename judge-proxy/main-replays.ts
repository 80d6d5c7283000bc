/** Policies, replays and shadow judges, wired: what judges again what was judged, beside traffic. */

import { randomBytes } from 'node:crypto';
import { createJudgeHandlers } from './admin/judges/handlers.ts';
import { createPolicyHandlers } from './admin/policies/handlers.ts';
import { createReplayHandlers } from './admin/replays/handlers.ts';
import { ConfigError } from './config/config-error.ts';
import type { Config } from './config/schema.ts';
import { createConsultant } from './judge/consultant.ts';
import type { Judge } from './judge/judges.ts';
import { parseRubric } from './judge/rubric.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { ReadModel } from './ledger/read-model/rows.ts';
import type { Judges } from './main-judges.ts';
import type { RunningJudging } from './main-judging.ts';
import { failurePolicies } from './policy/failure-policy.ts';
import { Estimates } from './replays/estimates.ts';
import type { JobRow } from './replays/job-rows.ts';
import { ReplayJobs } from './replays/jobs.ts';
import { startShadows } from './replays/shadow.ts';
import { systemClock } from './telemetry/clock.ts';
import type { Log } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';

export interface ReplayingParts {
  readonly config: Config;
  readonly judges: Judges;
  readonly ledger: Ledger;
  readonly readModel: Pick<ReadModel, 'exchanges' | 'shadowAgreement' | 'caughtUp' | 'position'>;
  readonly judging: RunningJudging;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Starts it, and gives what answers of it. `own` closes it. */
export async function startReplaying(own: AsyncDisposableStack, parts: ReplayingParts) {
  const { config, judges, ledger, readModel, judging, log } = parts;
  const { prices } = config;
  const { policies } = judges;
  const { turns, consultant } = judging;
  const onFailure = failurePolicies(config);
  const jobs = new ReplayJobs({
    ...{ ledger, onFailure, prices, turns, log, clock: systemClock, randomBytes },
    judgeOf: (job) => judgeOf(judges, job),
  });
  await jobs.recover();
  own.defer(() => jobs.close());
  startShadowJudges(own, parts);
  const trial = { consultant, onFailure, clock: systemClock };
  const estimates = new Estimates({ ledger, readModel, prices });
  return {
    ...createPolicyHandlers({ ledger, policies, trial, clock: systemClock, log }),
    ...createReplayHandlers({ ledger, readModel, policies, estimates, jobs, prices }),
    ...createJudgeHandlers({ config, policies, ledger, readModel, clock: systemClock }),
  };
}

/** null when the models or rules of its judge changed, so that its results would not be of one judge. */
function judgeOf(
  { policies }: Judges,
  { judge, judge_hash, yaml }: Pick<JobRow, 'judge' | 'judge_hash' | 'yaml'>,
): Judge | null {
  try {
    const found = policies.judgeWith(judge, { rubric: parseRubric(yaml, 'rubric') });
    return found?.hash === judge_hash ? found : null;
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

function startShadowJudges(own: AsyncDisposableStack, parts: ReplayingParts): void {
  const { config, judges, ledger, judging, log, metrics } = parts;
  const shadows = new Map(
    Object.entries(config.judges).flatMap(([name, { shadow }]) => (shadow === undefined ? [] : [[name, shadow]])),
  );
  if (shadows.size === 0) return;
  const { limits, prices } = config;
  const { turns, budgets } = judging;
  const follower = startShadows({
    ...{ ledger, shadows, judges: judges.byName, onFailure: failurePolicies(config), log, clock: systemClock },
    counted: metrics.shadow,
    consultant: createConsultant({
      ...{ limits, prices, turns, budgets, clock: systemClock, randomBytes },
      metrics: { judgeCall: metrics.shadowCall, judgeCache: () => undefined, judgeBudget: () => undefined },
    }),
  });
  own.defer(() => follower.close());
}
