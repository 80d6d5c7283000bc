/** The verdict on one exchange: what is recorded of it, what rules found, what the model said. */

import type { ExchangeCompleted, ExchangeOpened, NewVerdict } from '../ledger/records.ts';
import type { Asked } from './ask.ts';
import { type Decision, decide, type ModelOutcome } from './decide.ts';
import type { InputSummary } from './input.ts';
import type { Judge } from './judges.ts';
import { costUsd, type Prices } from './prices.ts';

export interface VerdictParts {
  readonly opened: ExchangeOpened;
  readonly completed: ExchangeCompleted;
  /** null when the exchange has no content. */
  readonly summary: InputSummary | null;
  /** null when the config no longer has a judge of that name. */
  readonly judge: Judge | null;
  readonly outcome: ModelOutcome;
  /** null when no model was asked. */
  readonly asked: Asked | null;
  readonly onFailure: 'allow' | 'block' | 'review';
  readonly prices: Prices;
  readonly verdictId: string;
  /** RFC 3339. */
  readonly ts: string;
}

export function buildVerdict(parts: VerdictParts): NewVerdict {
  const { opened, completed, summary } = parts;
  const hits = summary?.rule_hits ?? [];
  const decision: Decision = decide({
    outcome: parts.outcome,
    hits,
    coverage: completed.coverage,
    rubric: parts.judge?.rubric ?? null,
    onFailure: parts.onFailure,
  });
  return {
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
    sampling_probability: 1,
    input_sha256: completed.content_sha256,
    ...decision,
    rule_hits: hits,
    mode: opened.mode,
    release: null,
    subject: 'exchange',
    windows: 0,
    latency_ms: parts.asked?.latencyMs ?? null,
    ...judgeCost(parts),
    tokens_in: completed.tokens_in,
    tokens_out: completed.tokens_out,
    cost_usd: completed.cost_usd,
    latest_user_message: summary?.latest_user_message ?? null,
    latest_user_message_length: summary?.latest_user_message_length ?? null,
    context_tail_preview: summary?.context_tail_preview ?? null,
    llm_error: parts.asked?.error ?? completed.llm_error,
  };
}

function judgeOf({ judge, asked }: VerdictParts): NewVerdict['judge'] {
  if (judge === null) return null;
  return {
    name: judge.name,
    hash: judge.hash,
    model: asked?.model ?? judge.model?.name ?? null,
    output_mode: asked === null ? null : 'json_schema',
    nonce_ok: asked?.nonceOk ?? null,
    cache_hit: false,
    escalated_from: null,
  };
}

function judgeCost({ asked, judge, prices }: VerdictParts): Pick<NewVerdict, 'judge_tokens' | 'judge_cost_usd'> {
  if (asked === null || asked.usage === null) return { judge_tokens: null, judge_cost_usd: null };
  const { usage } = asked;
  const names = [asked.model, judge?.model?.name ?? null];
  const costs = names.map((name) => costUsd(prices, name, usage.in, usage.out, usage.cached));
  return {
    judge_tokens: { in: usage.in, out: usage.out },
    judge_cost_usd: costs.find((cost) => cost !== null) ?? null,
  };
}
