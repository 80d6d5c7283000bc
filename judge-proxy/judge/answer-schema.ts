/**
 * The form of the judge's answer: once as the JSON schema that the provider enforces, once as the check that we make
 * ourselves. Providers emit keys in schema order, so evidence stands before analysis, and both before the score.
 */

import { z } from 'zod';
import { type Rubric, SCALES } from './rubric.ts';

/** Raised with every change of the form: part of a judge's hash. */
export const ANSWER_VERSION = 1;

const evidence = z
  .array(z.strictObject({ place: z.string().max(1_000), quote: z.string().min(1).max(10_000) }))
  .max(50);

export const answerSchema = z.strictObject({
  nonce: z.string().max(1_000),
  criteria: z
    .array(
      z.strictObject({
        id: z.string(),
        evidence,
        analysis: z.string().max(20_000),
        score: z.int(),
        label: z.string(),
      }),
    )
    .max(64),
  judge_manipulation: z.strictObject({ evidence, present: z.boolean() }),
  unreadable: z.array(z.string().max(2_000)).max(100),
});

export type Answer = z.output<typeof answerSchema>;

/**
 * The subset that OpenAI, Claude, Gemini, Mistral, xAI and Cohere share in strict mode: every field required, nothing
 * additional, no limits of length or number. Those are checked here afterwards.
 */
export function answerJsonSchema(rubric: Rubric): Record<string, unknown> {
  const text = { type: 'string' };
  const evidenceList = list(object({ place: text, quote: text }));
  const labels = [...new Set(rubric.criteria.flatMap((criterion) => [...SCALES[criterion.scale]]))];
  return object({
    nonce: text,
    criteria: list(
      object({
        id: { type: 'string', enum: rubric.criteria.map((criterion) => criterion.id) },
        evidence: evidenceList,
        analysis: text,
        score: { type: 'integer' },
        label: { type: 'string', enum: labels },
      }),
    ),
    judge_manipulation: object({ evidence: evidenceList, present: { type: 'boolean' } }),
    unreadable: list(text),
  });
}

function object(properties: Record<string, unknown>): Record<string, unknown> {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

function list(items: unknown): Record<string, unknown> {
  return { type: 'array', items };
}
