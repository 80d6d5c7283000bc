/**
 * What was judged, one line a pair, appended as it comes: a run that ends early loses nothing, and another goes on where
 * it stopped. A line counts for one pair, one judge and one document; when any of them changes it is judged anew.
 */

import { z } from 'zod';
import { CommandError } from '../command.ts';
import { readLines } from '../judging/line-file.ts';

const resultSchema = z.strictObject({
  id: z.string(),
  /** Hash of the judge: rubric, prompt, rules, name of the model. */
  judge: z.string(),
  /** Endpoint of the model: the same name elsewhere may be another model. */
  endpoint: z.string().nullable(),
  /** The same of the small model; null without one. */
  small_endpoint: z.string().nullable().default(null),
  input_sha256: z.string(),
  /** Model that answered, as it calls itself. */
  model: z.string().nullable(),
  /** How its answer was asked for. */
  output_mode: z.string().nullable().default(null),
  /** Name of the small model, where the larger one was asked after it. */
  escalated_from: z.string().nullable().default(null),
  state: z.string(),
  coverage: z.string(),
  decided_by: z.string(),
  overall: z.strictObject({
    label: z.enum(['clean', 'violation', 'undetermined']),
    severity: z.string(),
    score: z.number().nullable(),
  }),
  criteria: z.array(
    z.strictObject({
      id: z.string(),
      score: z.number(),
      label: z.enum(['pass', 'violation']),
      evidence: z.array(z.strictObject({ place: z.string(), quote: z.string() })),
      explanation: z.string(),
    }),
  ),
  rule_hits: z.array(
    z.strictObject({ rule: z.string(), place: z.string(), preview: z.string(), severity: z.string() }),
  ),
  latency_ms: z.number().nullable(),
  tokens: z.strictObject({ in: z.number(), out: z.number() }).nullable(),
  cost_usd: z.number().nullable(),
  error: z.strictObject({ class: z.string(), status: z.number().nullable(), code: z.string().nullable() }).nullable(),
});

export type Result = z.output<typeof resultSchema>;

/** Which judging a line stands for. */
export function resultKey({ id, judge, endpoint, small_endpoint, input_sha256 }: ResultKey): string {
  return JSON.stringify([id, judge, endpoint, small_endpoint, input_sha256]);
}

export type ResultKey = Pick<Result, 'id' | 'judge' | 'endpoint' | 'small_endpoint' | 'input_sha256'>;

/** States that say nothing about the judge's answer: a resumed run asks again. */
const ASK_AGAIN: ReadonlySet<string> = new Set(['timeout', 'provider_error', 'queue_full', 'circuit_open']);

/** Whether the models did what they were asked: all else is a failure, or a question that was not put. */
export function isAnswered({ state }: Pick<Result, 'state'>): boolean {
  return ANSWERED.has(state);
}

const ANSWERED: ReadonlySet<string> = new Set(['scored', 'truncated_input', 'rules_only']);

/** Whether a result stays when a run is resumed. */
export function isSettled(result: Result): boolean {
  return !ASK_AGAIN.has(result.state);
}

/**
 * Results of an earlier run, by key; the last line of a key counts. A last line without its end, which a killed process
 * leaves behind, is cut off the file.
 * @throws {CommandError} when a line is something else
 */
export function readResults(file: string): Map<string, Result> {
  const results = new Map<string, Result>();
  for (const { number, value } of readLines(file)) {
    const parsed = resultSchema.safeParse(value);
    if (!parsed.success) throw new CommandError(`${file}:${number}: this is no result of an evaluation.`);
    results.set(resultKey(parsed.data), parsed.data);
  }
  return results;
}
