/** One exchange as lists show it. */

import { z } from 'zod';
import { ERASURE_TIERS } from '../../ledger/acts.ts';
import type { ExchangeRow } from '../../ledger/read-model/rows.ts';
import { exactly } from './exact.ts';
import * as word from './words.ts';

const rowVerdict = z.strictObject({
  verdict_id: z.string(),
  seq: word.count,
  judge: z.string().nullable(),
  judge_hash: word.sha256.nullable(),
  label: word.label,
  severity: word.severity,
  score: z.number().nullable(),
  action: word.action,
  state: word.judgeState,
  decided_by: word.decidedBy,
  judge_cost_usd: z.number().nullable(),
});

export const rowSchema = z.strictObject({
  exchange_id: z.string(),
  opened_seq: word.count,
  completed_seq: word.count.nullable(),
  ts: word.time,
  client: z.string(),
  route: z.string(),
  host: z.string(),
  api: z.string().nullable(),
  method: z.string(),
  path: z.string(),
  mode: word.mode,
  recording: word.recordingLevel,
  outcome: word.outcome.nullable(),
  status: z.int().nullable(),
  streamed: z.boolean().nullable(),
  model: z.string().nullable(),
  duration_ms: z.number().nullable(),
  tokens_in: word.count.nullable(),
  tokens_out: word.count.nullable(),
  cost_usd: z.number().nullable(),
  coverage: word.coverage.nullable(),
  verdict: rowVerdict.nullable(),
  preview: z.string().nullable(),
  labels: word.count,
  erased: z.enum(ERASURE_TIERS).nullable(),
});
export const exchangeRow = exactly<ExchangeRow>()(rowSchema);
