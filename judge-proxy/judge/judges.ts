/** A judge as the worker uses it: rubric, rules and model under one name, with a hash that says exactly which. */

import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { JudgeModel } from './model.ts';
import { promptHash } from './prompt.ts';
import type { Rubric } from './rubric.ts';
import type { RuleName } from './rules/rule.ts';
import { RULE_VERSIONS } from './rules/run-rules.ts';

export interface Judge {
  readonly name: string;
  readonly rubric: Rubric;
  readonly rules: readonly RuleName[];
  /** null: rules alone judge. */
  readonly model: JudgeModel | null;
  /** SHA-256 (hex) over rubric, prompt, answer form, rules with their versions, and the model's name. */
  readonly hash: string;
}

/** @param parts of the config, loaded */
export function createJudge(parts: Omit<Judge, 'hash'>): Judge {
  const identity = {
    rubric: parts.rubric.hash,
    prompt: promptHash(parts.rubric),
    rules: parts.rules.map((rule) => `${rule}@${RULE_VERSIONS[rule]}`).toSorted(),
    model: parts.model?.name ?? null,
  };
  return { ...parts, hash: hash('sha256', canonicalize(identity) ?? '') };
}
