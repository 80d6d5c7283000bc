/** Judges prepared pairs with the judge's own worker and hands out one result a pair. */

import { Budgets } from '../../judge/budget.ts';
import { createConsultant } from '../../judge/consultant.ts';
import type { Judge } from '../../judge/judges.ts';
import type { Prices } from '../../judge/prices.ts';
import { startJudge } from '../../judge/worker.ts';
import { type NewVerdict, VERDICT_FIELDS } from '../../ledger/records.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { createLog } from '../../telemetry/log.ts';
import { JobQueue } from './job-queue.ts';
import type { Prepared } from './prepare.ts';
import type { Result } from './results.ts';

export interface RunOptions {
  readonly judge: Judge;
  /** Base URL of the model, null without a model. */
  readonly endpoint: string | null;
  /** The same of the small model. */
  readonly smallEndpoint: string | null;
  readonly prices: Prices;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Uint8Array;
  /** Ends the run early; calls that are open are given up. */
  readonly signal: AbortSignal;
  readonly onResult: (result: Result) => void;
}

/** Resolves when all are judged, or when the signal ended it. Rejects when `onResult` throws. */
export async function judgePairs(prepared: readonly Prepared[], options: RunOptions): Promise<void> {
  const { judge, clock, randomBytes, prices, concurrency } = options;
  const queue = new JobQueue(prepared, {
    judge: judge.name,
    ahead: concurrency * 2,
    clock,
    onVerdict: (item, verdict) => options.onResult(resultOf(item, verdict, options)),
  });
  const limits = { judge_queue: concurrency * 2, judge_concurrency: concurrency };
  const ignore = () => undefined;
  const metrics = { judgeCall: ignore, judgeCache: ignore, judgeBudget: ignore };
  // Nothing stands between the pairs and the models: a card measures them, not a cache or a budget.
  const budgets = new Budgets(new Map(), clock);
  const consultant = createConsultant({ limits, prices, budgets, clock, randomBytes, metrics });
  const uncached: Judge = { ...judge, cache: { ...judge.cache, entries: 0 } };
  let id = 0;
  const worker = startJudge({
    ledger: queue.source,
    judges: new Map([[judge.name, uncached]]),
    onFailure: () => 'review',
    sampling: () => 1,
    release: () => null,
    consultant,
    limits,
    clock,
    newId: () => `eval-${++id}`,
    randomBytes,
    log: createLog({ level: 'silent', format: 'json', verdictFields: VERDICT_FIELDS, stream: { write: () => true } }),
    metrics: { verdict: ignore, judgeQueue: ignore },
  });
  const stopped = Promise.withResolvers<void>();
  const stop = () => stopped.resolve();
  options.signal.addEventListener('abort', stop, { once: true });
  if (options.signal.aborted) stop();
  try {
    await Promise.race([queue.done, stopped.promise]);
  } finally {
    options.signal.removeEventListener('abort', stop);
    await worker.close();
  }
}

function resultOf({ pair, inputSha256 }: Prepared, verdict: NewVerdict, options: RunOptions): Result {
  const { llm_error } = verdict;
  return {
    id: pair.id,
    judge: options.judge.hash,
    endpoint: options.endpoint,
    small_endpoint: options.smallEndpoint,
    input_sha256: inputSha256,
    model: verdict.judge?.model ?? null,
    output_mode: verdict.judge?.output_mode ?? null,
    escalated_from: verdict.judge?.escalated_from ?? null,
    state: verdict.state,
    coverage: verdict.coverage.level,
    decided_by: verdict.decided_by,
    overall: { ...verdict.overall },
    criteria: verdict.criteria.map(({ id, score, label, evidence, explanation }) => ({
      id,
      score,
      label,
      evidence: evidence.map(({ place, quote }) => ({ place, quote })),
      explanation,
    })),
    rule_hits: verdict.rule_hits.map(({ rule, place, preview, severity }) => ({ rule, place, preview, severity })),
    latency_ms: verdict.latency_ms,
    tokens: verdict.judge_tokens === null ? null : { in: verdict.judge_tokens.in, out: verdict.judge_tokens.out },
    cost_usd: verdict.judge_cost_usd,
    error:
      llm_error?.source === 'judge' ? { class: llm_error.class, status: llm_error.status, code: llm_error.code } : null,
  };
}
