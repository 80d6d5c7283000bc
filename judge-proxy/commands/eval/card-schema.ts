/** The card of one evaluation, as it is written to card.json and read back for `--against`. */

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { CommandError } from '../command.ts';

/** Raised when cards can no longer be compared with earlier ones. */
export const CARD_VERSION = 1;

const count = z.int().min(0);

/** A figure with its bootstrap interval; null where it is not defined. */
const figure = z.strictObject({
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
});

const question = z.strictObject({
  id: z.string(),
  confusion: z.strictObject({
    ...{ tp: count, fp: count, fn: count, tn: count },
    ...{ unanswered_violations: count, unanswered_passes: count },
  }),
  precision: figure,
  recall: figure,
  /** Violations without an answer count as missed. */
  recall_of_all: figure,
  fpr: figure,
  recall_at_1_fpr: figure,
  /** Score from which on would be flagged at 1 % false positives, null when no score does. */
  threshold_at_1_fpr: z.number().nullable(),
  kappa: figure,
  pabak: figure,
});

const mistake = z.strictObject({
  id: z.string(),
  criterion: z.string(),
  expected: z.enum(['violation', 'pass']),
  score: z.number().nullable(),
  explanation: z.string(),
  quotes: z.array(z.string()),
});

export const cardSchema = z.strictObject({
  version: z.literal(CARD_VERSION),
  made_at: z.string(),
  judge: z.strictObject({
    name: z.string(),
    hash: z.string(),
    rubric: z.strictObject({ name: z.string(), version: z.int(), hash: z.string() }),
    rules: z.array(z.string()),
    /** null: rules alone judged. */
    model: z.string().nullable(),
    endpoint: z.string().nullable(),
    /** Asked first; null without one. */
    small_model: z.string().nullable().default(null),
    small_endpoint: z.string().nullable().default(null),
    /** Names that the endpoint answered with. */
    models_returned: z.array(z.string()),
  }),
  data: z.strictObject({
    file: z.string(),
    /** Over the documents that were judged and their labels, in order. */
    sha256: z.string(),
    pairs: count,
    /** Labels for criteria that the rubric does not have; they are not counted. */
    labels_not_asked: count,
  }),
  bootstrap: z.strictObject({ resamples: count, seed: z.int(), level: z.number(), groups: count }),
  /** Any violation, as the verdict's overall label says it. */
  overall: question,
  criteria: z.array(question),
  /** Groups with a violating and a benign pair: how many got both right. */
  twins: z.strictObject({ groups: count, both_right: count }),
  states: z.record(z.string(), count),
  /** How answers were asked for: `json_schema`, `json_object` or `text`. */
  output_modes: z.record(z.string(), count).default({}),
  /** Pairs about which the model was asked after the small one. */
  escalated: count.default(0),
  latency_ms: z.strictObject({ count, p50: z.number().nullable(), p95: z.number().nullable() }),
  tokens: z.strictObject({ count, in: count, out: count }),
  /** `priced` of the answers had a price; null when none had. */
  cost_usd: z.strictObject({ priced: count, total: z.number().nullable(), per_1000_pairs: z.number().nullable() }),
  mistakes: z.array(mistake),
});

export type Card = z.output<typeof cardSchema>;
export type Question = z.output<typeof question>;
export type Figure = z.output<typeof figure>;
export type Mistake = z.output<typeof mistake>;

/** @throws {CommandError} when the file is no card of this version */
export function readCard(file: string): Card {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const cause = (error as NodeJS.ErrnoException).code ?? 'no JSON';
    throw new CommandError(`${file} cannot be read as a card (${cause}).`);
  }
  const parsed = cardSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const path = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
  throw new CommandError(`${file} is no card of this version${path === '' ? '' : ` (${path})`}.`);
}
