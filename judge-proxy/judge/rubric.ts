/** A rubric: the questions that the model judge answers about an exchange. One file a policy. */

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { ConfigError, type ConfigProblem } from '../config/config-error.ts';
import { ConfigSource } from '../config/source.ts';

/** Label of each score. The scores of a scale are 0 … its last index. */
export const SCALES = {
  binary: ['no', 'yes'],
  ordinal: ['none', 'slight', 'clear', 'severe'],
} as const;

const examples = z.array(z.string().min(1)).min(1);

const criterion = z
  .strictObject({
    id: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/),
    /** One question, so that one score answers it. */
    question: z.string().min(1),
    definition: z.string().min(1),
    violating: examples,
    allowed: examples,
    exceptions: z.array(z.string().min(1)).default([]),
    applies_to: z
      .array(z.enum(['request', 'response', 'tool_call']))
      .min(1)
      .default(['request', 'response', 'tool_call']),
    scale: z.enum(['binary', 'ordinal']),
    /** Lowest score that is a violation. */
    threshold: z.int().min(1),
    /** Share of the overall score that the highest score gives, 0 to 1. */
    weight: z.number().min(0).max(1),
    severity: z.enum(['low', 'medium', 'high', 'critical']),
  })
  .refine((value) => value.threshold < SCALES[value.scale].length, {
    path: ['threshold'],
    message: 'no score of the scale reaches this threshold',
  })
  .refine((value) => value.id !== 'judge_manipulation', {
    path: ['id'],
    message: 'this criterion is always asked and cannot be defined anew',
  });

const rubricSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/),
    version: z.int().min(1),
    forked_from: z.string().optional(),
    criteria: z.array(criterion).min(1).max(32),
  })
  .refine((value) => new Set(value.criteria.map((item) => item.id)).size === value.criteria.length, {
    path: ['criteria'],
    message: 'two criteria have the same id',
  });

export type Criterion = z.output<typeof criterion>;

export interface Rubric extends z.output<typeof rubricSchema> {
  /** SHA-256 (hex) over the canonical JSON of the content: comments and layout do not count. */
  readonly hash: string;
}

/**
 * @param path the file, shown in messages as given
 * @throws ConfigError with every problem: file, line, key, message
 */
export function loadRubric(path: string): Rubric {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const cause = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const problem = { line: 1, column: 1, path: '', message: `the rubric cannot be read (${cause})` };
    throw new ConfigError(path, [{ ...problem, fix: 'Check `rubric` of the judge that names it.' }]);
  }
  return parseRubric(text, path);
}

/** The same for text that is at hand. Variables of the environment are not substituted. */
export function parseRubric(text: string, file: string): Rubric {
  const source = new ConfigSource(text, {});
  if (source.problems.length > 0) throw new ConfigError(file, source.problems);
  const result = rubricSchema.safeParse(source.toValue());
  if (!result.success)
    throw new ConfigError(
      file,
      result.error.issues.flatMap((issue) => explain(issue, source)),
    );
  return { ...result.data, hash: hash('sha256', canonicalize(result.data) ?? '') };
}

function explain(issue: z.core.$ZodIssue, source: ConfigSource): ConfigProblem[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => source.problemAtKey([...path, key], 'this key is not known'));
  }
  return [source.problemAt(path, issue.message)];
}
