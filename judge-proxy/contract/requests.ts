/** What the admin API takes. Everything in a query is text; unknown keys are refused. */

import { z } from 'zod';
import { ERASURE_TIERS, HUMAN_LABELS, QUEUES } from '../ledger/acts.ts';
import { COVERAGE_REASONS, JUDGE_STATES, MODES } from '../ledger/records.ts';
import { PERMISSIONS, ROLES } from './roles.ts';

const name = z.string().min(1).max(256);
const time = z.iso.datetime({ offset: true });
const limit = z.coerce.number().int().min(1).max(200).default(50);
const cursor = z.string().min(1).max(512).optional();
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const words = z.string().min(1).max(200);
const labelName = z.enum(['clean', 'violation', 'undetermined']);
const severity = z.enum(['none', 'low', 'medium', 'high', 'critical']);
const yaml = z.string().min(1).max(262_144);
const judgeName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/);

export const pageQuery = z.strictObject({ cursor, limit });

const exchangeFields = {
  q: words.optional(),
  client: name.optional(),
  route: name.optional(),
  host: name.optional(),
  api: name.optional(),
  model: name.optional(),
  mode: z.enum(MODES).optional(),
  label: labelName.optional(),
  min_severity: severity.optional(),
  action: z.enum(['allowed', 'would_block', 'blocked', 'cut']).optional(),
  state: z.enum(JUDGE_STATES).optional(),
  decided_by: z.enum(['rule', 'model', 'fallback', 'human']).optional(),
  coverage: z.enum(['full', 'partial', 'none']).optional(),
  reason: z.enum(COVERAGE_REASONS).optional(),
  judge: name.optional(),
  judge_hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  outcome: z.enum(['complete', 'client_aborted', 'origin_failed', 'interrupted', 'blocked']).optional(),
  judged: flag.optional(),
  human_label: z.enum([...HUMAN_LABELS, 'none', 'any']).optional(),
  since: time.optional(),
  until: time.optional(),
} as const;

/** ExchangeFilter of the read model, as a query. */
export const exchangeFilter = z.strictObject(exchangeFields);
export const exchangeQuery = z.strictObject({ ...exchangeFields, cursor, limit });
/** Live: what cannot be asked of a row alone is left out. */
export const liveQuery = exchangeFilter
  .omit({ q: true, since: true, until: true })
  .extend({ human_label: z.enum(['none', 'any']).optional() });
export const periodQuery = z.strictObject({
  since: time,
  until: time,
  route: name.optional(),
  client: name.optional(),
});
export const clientsQuery = z.strictObject({ since: time, until: time, cursor, limit });
export const exchangeParams = z.strictObject({ id: z.string().min(6).max(64) });
export const detailQuery = z.strictObject({ blind: flag.default(false) });
export const similarQuery = z.strictObject({ limit });

export const signIn = z.strictObject({ name, password: z.string().min(1).max(1_024) });
/** At least 12 characters (NIST SP 800-63B asks for 8 with a second factor, 15 without); no composition rules. */
export const changePassword = z.strictObject({
  current: z.string().min(1).max(1_024),
  password: z.string().min(15).max(1_024),
});

export const newLabels = z.strictObject({
  exchange_ids: z.array(z.string().min(6).max(64)).min(1).max(200),
  label: z.enum(HUMAN_LABELS),
  note: z.string().max(4_000).nullable().default(null),
  queue: z.enum(QUEUES).nullable().default(null),
  blind: z.boolean().default(false),
});
/** An id of a label begins with that of its exchange. */
export const labelParams = z.strictObject({ id: z.string().min(6).max(128) });
export const queueParams = z.strictObject({ queue: z.enum(QUEUES) });
export const queueQuery = z.strictObject({
  blind: flag.default(false),
  /** `review.opinions` of the configuration unless given. */
  opinions: z.coerce.number().int().min(1).max(9).optional(),
  cursor,
  limit,
});
export const qualityQuery = z.strictObject({ since: time, until: time, judge: name.optional() });

export const judgeParams = z.strictObject({ judge: judgeName });
export const versionParams = z.strictObject({ judge: judgeName, version: z.coerce.number().int().min(0) });
export const diffQuery = z.strictObject({
  from: z.coerce.number().int().min(0),
  to: z.coerce.number().int().min(0),
});
/** `revision`: that of the draft which is replaced, 0 for a new one: two editors do not overwrite each other. */
export const saveDraft = z.strictObject({ yaml, revision: z.int().min(0) });
export const checkPolicy = z.strictObject({ yaml });
export const tryPolicy = z.strictObject({ yaml, exchange_id: z.string().min(6).max(64) });
export const publishPolicy = z.strictObject({ revision: z.int().min(1), note: z.string().min(1).max(2_000) });
export const rollbackPolicy = z.strictObject({ version: z.int().min(0), note: z.string().min(1).max(2_000) });

/** What is judged again, and with which rubric: that in force, a version, or a text. */
const replayFields = {
  judge: judgeName,
  policy: z
    .union([
      z.strictObject({ version: z.int().min(0) }),
      z.strictObject({ yaml }),
      z.strictObject({ draft: z.literal(true) }),
    ])
    .nullable()
    .default(null),
  filter: exchangeFilter.default({}),
  most: z.int().min(1).max(100_000).default(1_000),
} as const;
/** One of them, or none: then twice what was estimated. */
const bounds = {
  max_usd: z.number().positive().nullable().default(null),
  max_tokens: z.int().positive().nullable().default(null),
} as const;
export const estimateReplay = z.strictObject(replayFields);
export const startReplay = z.strictObject({
  ...replayFields,
  selection_hash: z.string().regex(/^[0-9a-f]{64}$/),
  ...bounds,
});
/** A higher bound when the one before is spent; unless one is given that one stays. */
export const resumeReplay = z.strictObject(bounds).prefault({});
export const jobParams = z.strictObject({ id: z.string().min(6).max(64) });
export const changesQuery = z.strictObject({ change: name.optional(), cursor, limit });

export const userParams = z.strictObject({ name });
export const newUser = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._@-]{0,62}$/),
  role: z.enum(ROLES),
});
export const changeUser = z.strictObject({ role: z.enum(ROLES).optional(), disabled: z.boolean().optional() });
export const tokenParams = z.strictObject({ id: z.string().min(6).max(64) });
export const makeToken = z.strictObject({
  name: z.string().min(1).max(100),
  scopes: z.array(z.enum(PERMISSIONS)).min(1),
  /** At most one year. */
  expires_at: time,
});

export const auditQuery = z.strictObject({
  actor: name.optional(),
  action: name.optional(),
  object: name.optional(),
  kind: z.enum(['act', 'erasure', 'export_gap', 'label']).optional(),
  since: time.optional(),
  until: time.optional(),
  cursor,
  limit,
});
export const exportQuery = z.strictObject({
  format: z.enum(['jsonl', 'csv', 'ocsf', 'otlp', 'elastic', 'hec']),
  subject: z.enum(['verdicts', 'exchanges', 'connections', 'shadow_verdicts', 'labels', 'audit']).default('verdicts'),
  route: name.optional(),
  client: name.optional(),
  label: labelName.optional(),
  min_severity: severity.optional(),
  since: time.optional(),
  until: time.optional(),
});
export const sinkParams = z.strictObject({ name });
export const orderErasure = z.strictObject({
  tier: z.enum(ERASURE_TIERS),
  scope: z.union([
    z.strictObject({ kind: z.literal('exchange'), exchange_id: z.string().min(6).max(64) }),
    z.strictObject({ kind: z.literal('client'), client: name }),
  ]),
  /** The same name again: nobody erases by a slip. */
  confirm: z.string(),
});
