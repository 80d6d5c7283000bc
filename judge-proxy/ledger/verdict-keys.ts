/** The columns of the table of verdicts, as a verdict gives them. */

import type { NewVerdict } from './records.ts';
import { SEVERITY_RANK, type VerdictKeys } from './thread-protocol.ts';

export function keysOf(verdict: NewVerdict): VerdictKeys {
  const { verdict_id, exchange_id, route, client, host, api, ts, overall, judge_tokens, judge_cost_usd } = verdict;
  return {
    ...{ verdict_id, exchange_id, route, client, host, api, ts, judge_cost_usd, label: overall.label },
    severity: SEVERITY_RANK[overall.severity],
    coverage: verdict.coverage.level,
    judge: verdict.judge?.name ?? null,
    judge_tokens: judge_tokens === null ? null : judge_tokens.in + judge_tokens.out,
  };
}
