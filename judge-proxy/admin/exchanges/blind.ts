/**
 * Blind mode: a reviewer labels without knowing what judge, shadow judge or other people said, because knowing it
 * inflates agreement. An answer is built from what may be known, not cleared of what may not: a field that is added to a
 * row is hidden until it is listed here. Hidden is also what only follows from a verdict: that a response was stopped
 * shows in outcome, status, times, tokens, coverage and in the number of records.
 */

import type { ExchangeDetail } from '../../contract/responses.ts';
import type { ExchangeRow, LabelRow } from '../../ledger/read-model/rows.ts';

/** What the request alone says, and its preview, which is the user's own text. */
export function blindRow(row: ExchangeRow): ExchangeRow {
  const { exchange_id, opened_seq, ts, client, route, host, api, method, path, mode, recording, preview, erased } = row;
  return {
    ...{ exchange_id, opened_seq, ts, client, route, host, api, method, path, mode, recording, preview, erased },
    ...HIDDEN,
  };
}

const HIDDEN = {
  completed_seq: null,
  outcome: null,
  status: null,
  streamed: null,
  model: null,
  duration_ms: null,
  tokens_in: null,
  tokens_out: null,
  cost_usd: null,
  coverage: null,
  verdict: null,
  labels: 0,
} as const;

/** @param reviewer who asks: the own labels stay */
export function blindDetail(detail: ExchangeDetail, reviewer: string): ExchangeDetail {
  const { row, opened, conversation, content, chain, sealed } = detail;
  return {
    row: blindRow(row),
    opened: { ...opened, judge: null },
    completed: null,
    verdicts: [],
    shadows: [],
    labels: detail.labels.filter((label) => label.reviewer === reviewer).map(blindLabel),
    ...{ conversation, content, sealed },
    job: null,
    chain: { ...chain, records: chain.records.filter(({ kind }) => kind === 'exchange_opened') },
    blind: true,
  };
}

function blindLabel(label: LabelRow): LabelRow {
  return { ...label, verdict_id: null };
}
