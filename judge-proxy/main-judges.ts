/** The judges of the config, built: rubric read, model client behind the address guard. */

import type { Config, JudgeConfig } from './config/schema.ts';
import { createJudge, type Judge } from './judge/judges.ts';
import { createJudgeModel } from './judge/model.ts';
import { loadRubric } from './judge/rubric.ts';
import { createAddressGuard } from './policy/address.ts';
import { systemClock } from './telemetry/clock.ts';
import { createJudgeFetch, type JudgeFetch } from './upstream/judge-fetch.ts';

export interface Judges {
  readonly byName: ReadonlyMap<string, Judge>;
  close(): Promise<void>;
}

/** @throws {ConfigError} for a rubric that cannot be used; Error for a model endpoint that cannot */
export function buildJudges(config: Config): Judges {
  const fetches: JudgeFetch[] = [];
  const byName = new Map<string, Judge>();
  for (const [name, judge] of Object.entries(config.judges)) {
    byName.set(
      name,
      createJudge({
        name,
        rubric: loadRubric(judge.rubric),
        rules: judge.rules,
        model: buildModel(judge, config, fetches),
      }),
    );
  }
  return {
    byName,
    close: async () => {
      await Promise.all(fetches.map((one) => one.close()));
    },
  };
}

/** null without a key: rules alone judge then, and coverage says so. */
function buildModel(judge: JudgeConfig, config: Config, fetches: JudgeFetch[]) {
  const { model } = judge;
  if (model === undefined || model.api_key === '') return null;
  const judgeFetch = createJudgeFetch({
    caFiles: model.ca_files,
    guard: createAddressGuard(model.allow_addresses),
    limits: config.limits,
    connections: config.limits.judge_concurrency,
  });
  fetches.push(judgeFetch);
  return createJudgeModel({ ...model, fetch: judgeFetch.fetch, clock: systemClock });
}
