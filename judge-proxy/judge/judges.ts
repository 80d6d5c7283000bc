/** A judge as the worker uses it: rubric, rules and model under one name, with a hash that says exactly which. */

import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { JudgeConfig } from '../config/schema.ts';
import type { JudgeModel } from './model.ts';
import { promptHash } from './prompt.ts';
import type { Rubric } from './rubric.ts';
import type { Rule, RuleName } from './rules/rule.ts';
import { ALWAYS_ON_RULES, RULE_VERSIONS } from './rules/run-rules.ts';

export interface Judge {
  readonly name: string;
  readonly rubric: Rubric;
  readonly rules: readonly RuleName[];
  /** null: rules alone judge. */
  readonly model: JudgeModel | null;
  /** Asked first; null: only `model` is asked. */
  readonly smallModel: JudgeModel | null;
  /** Milliseconds for a call of `model`, and for all that a client waits for: turn, small model, model. */
  readonly timeoutMs: number;
  readonly cache: JudgeConfig['cache'];
  readonly budget: JudgeConfig['budget'];
  /** The operator's patterns, for what models write: it is kept beside the text, and read like it. */
  readonly detector: Rule | null;
  /** SHA-256 (hex) over rubric, prompt, answer form, rules with their versions, and the models' names. */
  readonly hash: string;
}

type Optional = 'smallModel' | 'timeoutMs' | 'cache' | 'budget' | 'detector';

/** As the schema has it, but without a cache: that is for who knows about it. */
const DEFAULTS: Pick<Judge, Optional> = {
  smallModel: null,
  timeoutMs: 30_000,
  cache: { entries: 0, ttl: 0, scope: 'client' },
  budget: { day: {}, month: {}, client_day: {}, client_month: {} },
  detector: null,
};

/** @param given of the config, loaded */
export function createJudge(given: Omit<Judge, 'hash' | Optional> & Partial<Pick<Judge, Optional>>): Judge {
  const parts = { ...DEFAULTS, ...given };
  const identity = {
    rubric: parts.rubric.hash,
    prompt: promptHash(parts.rubric),
    rules: [...ALWAYS_ON_RULES, ...parts.rules].map((rule) => `${rule}@${RULE_VERSIONS[rule]}`).toSorted(),
    model: parts.model?.name ?? null,
    small_model: parts.smallModel?.name ?? null,
  };
  return { ...parts, hash: hash('sha256', canonicalize(identity) ?? '') };
}
