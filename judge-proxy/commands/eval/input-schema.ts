/** The document that a judge sees, as it is read back from a file: what `review -- show ID --json` prints as content. */

import { z } from 'zod';
import type { JudgeInput } from '../../judge/input.ts';
import { COVERAGE_REASONS } from '../../ledger/records.ts';

const count = z.int().min(0).nullable();

const part = z.strictObject({
  side: z.enum(['request', 'response']),
  place: z.string().min(1),
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'unknown']),
  kind: z.enum([
    ...(['text', 'reasoning', 'refusal', 'tool_call', 'tool_result', 'tool_definition'] as const),
    ...(['media', 'error', 'other'] as const),
  ]),
  name: z.string().exactOptional(),
  text: z.string(),
});

const transcript = z.strictObject({
  api: z.string().min(1),
  model_requested: z.string().nullable(),
  model_returned: z.string().nullable(),
  streamed: z.boolean(),
  finish: z.array(z.string()),
  usage: z.strictObject({ tokens_in: count, tokens_out: count, tokens_cached: count }),
  parts: z.array(part).min(1),
  error: z.strictObject({ type: z.string().nullable(), code: z.string().nullable() }).nullable(),
  unknown_items: z.int().min(0),
});

const ruleHit = z.strictObject({
  rule: z.string(),
  version: z.string(),
  place: z.string(),
  preview: z.string(),
  severity: z.enum(['none', 'low', 'medium', 'high', 'critical']),
});

const context = z.strictObject({
  exchanges: z.array(z.strictObject({ exchange_id: z.string(), input_sha256: z.string() })),
  parts: z.array(part),
  complete: z.boolean(),
});

const decoded = z.strictObject({
  place: z.string().min(1),
  coding: z.enum(['base64', 'hex', 'percent', 'rot13', 'characters', 'tags', 'selectors']),
  text: z.string(),
});

export const inputSchema = z.strictObject({
  version: z.literal(1),
  context: context.exactOptional(),
  transcript,
  decoded: z.array(decoded).exactOptional(),
  rule_hits: z.array(ruleHit),
  coverage: z.strictObject({ level: z.enum(['full', 'partial', 'none']), reasons: z.array(z.enum(COVERAGE_REASONS)) }),
}) satisfies z.ZodType<JudgeInput>;
