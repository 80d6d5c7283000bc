/**
 * What a replay says of each exchange, one line an exchange. These are no verdicts: the ledger never sees them. A line
 * counts for one exchange, one judge, one input and one way to decide; when any of them changes it is judged anew.
 */

import { z } from 'zod';
import { type ReplayCase, UNUSABLE } from '../judge/replay.ts';
import { JUDGE_STATES, type NewVerdict } from '../ledger/records.ts';

const count = z.number().nullable();

const answered = {
  state: z.enum(JUDGE_STATES),
  decided_by: z.enum(['rule', 'model', 'fallback', 'human']),
  coverage: z.object({ level: z.enum(['full', 'partial', 'none']), reasons: z.array(z.string()) }),
  label: z.enum(['clean', 'violation', 'undetermined']),
  severity: z.enum(['none', 'low', 'medium', 'high', 'critical']),
  score: count,
  action: z.enum(['allowed', 'would_block', 'blocked', 'cut']),
};

const criterion = {
  id: z.string(),
  score: z.number(),
  threshold: z.number(),
  label: z.enum(['pass', 'violation']),
};

const beforeSchema = z.strictObject({
  verdict_id: z.string(),
  judge: z.strictObject({ name: z.string(), hash: z.string(), model: z.string().nullable() }).nullable(),
  ...answered,
  criteria: z.array(z.strictObject(criterion)),
});

const afterSchema = z.strictObject({
  ...answered,
  criteria: z.array(
    z.strictObject({
      ...criterion,
      evidence: z.array(z.strictObject({ place: z.string(), quote: z.string() })),
      explanation: z.string(),
    }),
  ),
  model: z.string().nullable(),
  output_mode: z.string().nullable(),
  escalated_from: z.string().nullable(),
  latency_ms: count,
  tokens: z.strictObject({ in: z.number(), out: z.number() }).nullable(),
  cost_usd: count,
  error: z.strictObject({ class: z.string(), status: count, code: z.string().nullable() }).nullable(),
});

export const lineSchema = z.strictObject({
  exchange_id: z.string(),
  subject: z.enum(['request', 'exchange']),
  /** Hash of the judge: rubric, prompt, rules, names of the models. */
  judge: z.string(),
  /** Endpoints of the models: the same name elsewhere may be another model. */
  endpoint: z.string().nullable(),
  small_endpoint: z.string().nullable(),
  input_sha256: z.string().nullable(),
  on_failure: z.enum(['allow', 'block', 'review']),
  /** When the exchange began. */
  ts: z.string(),
  client: z.string(),
  route: z.string(),
  host: z.string(),
  api: z.string(),
  mode: z.string(),
  /** Why it was not judged, null when it was. */
  unusable: z.enum(UNUSABLE).nullable(),
  /** The recorded verdict, null where there is none. */
  before: beforeSchema.nullable(),
  /** The verdict as it would have been, null when it was not judged. */
  after: afterSchema.nullable(),
});

export type ReplayLine = z.output<typeof lineSchema>;
export type Before = z.output<typeof beforeSchema>;
export type After = z.output<typeof afterSchema>;

/** Who judges. */
export type ReplayedBy = Pick<ReplayLine, 'judge' | 'endpoint' | 'small_endpoint'>;

export type ReplayKey = ReplayedBy & Pick<ReplayLine, 'exchange_id' | 'subject' | 'input_sha256' | 'on_failure'>;

/** Everything of a line but what the judge says. */
export function lineOf(
  { opened, completed, subject, before, inputSha256, unusable }: ReplayCase,
  by: ReplayedBy,
  on_failure: ReplayLine['on_failure'],
): ReplayLine {
  const { exchange_id, ts, client, route, host, mode } = opened;
  return {
    ...{ exchange_id, subject, ...by, input_sha256: inputSha256, on_failure },
    ...{ ts, client, route, host, api: completed.api, mode, unusable },
    before: before === null ? null : beforeOf(before),
    after: null,
  };
}

function beforeOf(verdict: NewVerdict & { readonly verdict_id: string }): Before {
  const { judge } = verdict;
  return {
    verdict_id: verdict.verdict_id,
    judge: judge === null ? null : { name: judge.name, hash: judge.hash, model: judge.model },
    ...answerOf(verdict),
    criteria: verdict.criteria.map(({ id, score, threshold, label }) => ({ id, score, threshold, label })),
  };
}

export function afterOf(verdict: NewVerdict): After {
  const { judge, judge_tokens, llm_error } = verdict;
  return {
    ...answerOf(verdict),
    criteria: verdict.criteria.map(({ id, score, threshold, label, evidence, explanation }) => ({
      ...{ id, score, threshold, label, explanation },
      evidence: evidence.map(({ place, quote }) => ({ place, quote })),
    })),
    model: judge?.model ?? null,
    output_mode: judge?.output_mode ?? null,
    escalated_from: judge?.escalated_from ?? null,
    latency_ms: verdict.latency_ms,
    tokens: judge_tokens === null ? null : { in: judge_tokens.in, out: judge_tokens.out },
    cost_usd: verdict.judge_cost_usd,
    error:
      llm_error?.source === 'judge' ? { class: llm_error.class, status: llm_error.status, code: llm_error.code } : null,
  };
}

function answerOf({ state, decided_by, coverage, overall, action }: NewVerdict) {
  const { label, severity, score } = overall;
  return {
    ...{ state, decided_by, label, severity, score, action },
    coverage: { level: coverage.level, reasons: [...coverage.reasons] },
  };
}

/** States that say nothing about the judge's answer: a run that goes on asks again. */
export const ASK_AGAIN: ReadonlySet<string> = new Set(['timeout', 'provider_error', 'queue_full', 'circuit_open']);
