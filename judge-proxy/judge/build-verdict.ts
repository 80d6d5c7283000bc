/** The verdict on one exchange: what is recorded of it, what rules found, what the model said. */

import type { ExchangeCompleted, ExchangeOpened, NewVerdict, Release } from '../ledger/records.ts';
import type { Consultation } from './consult.ts';
import { type Decision, decide, type Enforcement, type ModelOutcome, type Stoppable } from './decide.ts';
import type { InputSummary } from './input.ts';
import type { Judge } from './judges.ts';

export interface VerdictParts {
  readonly opened: ExchangeOpened;
  readonly completed: ExchangeCompleted;
  /** null when the exchange has no content. */
  readonly summary: InputSummary | null;
  /** null when the config no longer has a judge of that name. */
  readonly judge: Judge | null;
  /** Of the consultation, or why there is none. */
  readonly outcome: ModelOutcome;
  /** null when no model was to be asked: rules alone judge, or there is nothing to judge. */
  readonly consultation: Consultation | null;
  readonly onFailure: 'allow' | 'block' | 'review';
  /** Delivered already unless given. */
  readonly held?: Held;
  readonly verdictId: string;
  /** RFC 3339. */
  readonly ts: string;
}

/** How an exchange that waits for its verdict stands. */
export interface Held {
  readonly enforcement: Enforcement;
  /** In mode `window`, else null. */
  readonly release: Release | null;
  readonly subject: 'request' | 'exchange';
  /** Windows that the model judged before the whole. */
  readonly windows: number;
}

/**
 * Delivered already, or given up by its client.
 * @param release of the route as it is now
 */
export function delivered(opened: Pick<ExchangeOpened, 'mode'>, release: Release | null): Held {
  return { ...DELIVERED, release: opened.mode === 'window' ? release : null };
}

const DELIVERED: Held = { enforcement: 'none', release: null, subject: 'exchange', windows: 0 };

export interface Judged extends Stoppable {
  readonly verdict: NewVerdict;
}

export function buildVerdict(parts: VerdictParts): Judged {
  const { opened, completed, summary, consultation, held = DELIVERED } = parts;
  const hits = summary?.rule_hits ?? [];
  const { stop, ...decision }: Decision & Stoppable = decide({
    outcome: parts.outcome,
    hits,
    coverage: completed.coverage,
    rubric: parts.judge?.rubric ?? null,
    onFailure: parts.onFailure,
    enforcement: held.enforcement,
  });
  const verdict: NewVerdict = {
    verdict_id: parts.verdictId,
    exchange_id: opened.exchange_id,
    ts: parts.ts,
    request_id: opened.request_id,
    client_request_id: completed.client_request_id,
    origin_request_id: completed.origin_request_id,
    client: opened.client,
    route: opened.route,
    host: opened.host,
    api: completed.api,
    model_requested: completed.model_requested,
    model_returned: completed.model_returned,
    streamed: completed.streamed,
    status: completed.status,
    judge: judgeOf(parts),
    sampling_probability: consultation?.samplingProbability ?? 1,
    input_sha256: completed.content_sha256,
    ...decision,
    rule_hits: hits,
    mode: opened.mode,
    release: held.release,
    subject: held.subject,
    windows: held.windows,
    latency_ms: consultation?.latencyMs ?? null,
    judge_tokens: consultation?.tokens ?? null,
    judge_cost_usd: consultation?.costUsd ?? null,
    tokens_in: completed.tokens_in,
    tokens_out: completed.tokens_out,
    cost_usd: completed.cost_usd,
    latest_user_message: summary?.latest_user_message ?? null,
    latest_user_message_length: summary?.latest_user_message_length ?? null,
    context_tail_preview: summary?.context_tail_preview ?? null,
    llm_error: consultation?.error ?? completed.llm_error,
  };
  return { verdict, stop };
}

function judgeOf({ judge, consultation }: VerdictParts): NewVerdict['judge'] {
  if (judge === null) return null;
  return {
    name: judge.name,
    hash: judge.hash,
    rubric_hash: judge.rubric.hash,
    model: consultation?.model ?? judge.model?.name ?? null,
    output_mode: consultation?.outputMode ?? null,
    nonce_ok: consultation?.nonceOk ?? null,
    cache_hit: consultation?.cacheHit ?? false,
    escalated_from: consultation?.escalatedFrom ?? null,
  };
}
