/** The judges of the config, built: rubric read, model client behind the address guard. */

import type { Config, JudgeConfig } from './config/schema.ts';
import type { BreakerState } from './judge/breaker.ts';
import { createEndpoints, type Endpoints, type EndpointsOptions } from './judge/endpoints.ts';
import { createJudge, type Judge } from './judge/judges.ts';
import { type JudgeGiven, Policies } from './judge/published.ts';
import { readRubric } from './judge/rubric.ts';
import { operatorPatterns } from './judge/rules/operator-patterns.ts';
import type { Rule } from './judge/rules/rule.ts';
import { createAddressGuard } from './policy/address.ts';
import { systemClock } from './telemetry/clock.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { createJudgeFetch } from './upstream/judge-fetch.ts';

export interface Judges {
  /** As they are now: an entry is replaced when a version of its rubric is published. */
  readonly byName: ReadonlyMap<string, Judge>;
  readonly policies: Policies;
  close(): Promise<void>;
}

type ModelConfig = NonNullable<JudgeConfig['model']>;

/** @throws {ConfigError} for a rubric that cannot be used; Error for a model endpoint that cannot */
export function buildJudges(config: Config, on: { readonly breaker?: Metrics['judgeBreaker'] } = {}): Judges {
  const endpoints = createEndpoints({
    clock: systemClock,
    limits: config.limits,
    connect: ({ ca_files, allow_addresses }) =>
      createJudgeFetch({
        caFiles: ca_files,
        guard: createAddressGuard(allow_addresses),
        limits: { ...config.limits, connect: config.limits.judge_connect },
        connections: config.limits.judge_concurrency,
      }),
    ...(on.breaker === undefined ? {} : { onBreaker: worstOfEach(on.breaker) }),
  });
  const detector = operatorPatterns(config.redaction.patterns);
  const given = new Map(
    Object.entries(config.judges).map(([name, judge]) => [name, buildJudge(name, judge, endpoints, detector)] as const),
  );
  const policies = new Policies(given);
  return { byName: policies.judges, policies, close: () => endpoints.close() };
}

function buildJudge(name: string, judge: JudgeConfig, endpoints: Endpoints, detector: Rule | null): JudgeGiven {
  const model = buildModel(judge.model, endpoints);
  const file = readRubric(judge.rubric);
  const built = createJudge({
    name,
    rubric: file.rubric,
    rules: judge.rules,
    model,
    // Alone it would decide what it is not meant to: without the model it is asked for nothing.
    smallModel: model === null ? null : buildModel(judge.small_model, endpoints),
    ...(judge.model === undefined ? {} : { timeoutMs: judge.model.timeout }),
    cache: judge.cache,
    budget: judge.budget,
    detector,
  });
  return { judge: built, file, publishable: judge.policy === 'published' };
}

/** null without a key: rules alone judge then, and coverage says so. */
function buildModel(model: ModelConfig | undefined, endpoints: Endpoints) {
  return model === undefined || model.api_key === '' ? null : endpoints.model(model);
}

/** Endpoints may have models of the same name: of those the worst state is told. */
function worstOfEach(tell: Metrics['judgeBreaker']): NonNullable<EndpointsOptions['onBreaker']> {
  const states = new Map<number, { readonly model: string; readonly state: BreakerState }>();
  return (model, state, endpoint) => {
    states.set(endpoint, { model, state });
    const all = [...states.values()].filter((other) => other.model === model).map((other) => other.state);
    tell(model, WORST_FIRST.find((one) => all.includes(one)) ?? state);
  };
}

const WORST_FIRST: readonly BreakerState[] = ['open', 'half_open', 'closed'];

/** Names of all models that may be asked: closed, so that they can be labels. */
export function judgeModels({ judges }: Config): string[] {
  return Object.values(judges).flatMap(({ model, small_model }) =>
    [model, small_model].flatMap((one) => (one === undefined || one.api_key === '' ? [] : [one.name])),
  );
}
