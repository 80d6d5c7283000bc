/**
 * Columns of the index: what exchanges are found and summed by (facts), and where their records stand (exchanges). What a
 * list shows is read from those records. Words of a closed set are numbers here: 0 is null, n the n-th of its list. Names
 * (clients, hosts, models …) are ids of a table of names, 0 is null.
 */

import { HUMAN_LABELS } from '../acts.ts';
import { COVERAGE_REASONS, JUDGE_STATES, MODES } from '../records.ts';

export const LABELS = ['clean', 'violation', 'undetermined'] as const;
export const SEVERITIES = ['none', 'low', 'medium', 'high', 'critical'] as const;
export const VERDICT_ACTIONS = ['allowed', 'would_block', 'blocked', 'cut'] as const;
export const DECIDERS = ['rule', 'model', 'fallback', 'human'] as const;
export const COVERAGES = ['full', 'partial', 'none'] as const;
export const OUTCOMES = ['complete', 'client_aborted', 'origin_failed', 'interrupted', 'blocked'] as const;
/** Of an exchange that is still listed. */
export const ERASED_TIERS = ['sealed', 'text'] as const;
export { COVERAGE_REASONS, HUMAN_LABELS, JUDGE_STATES, MODES };

/** Number of a word, 0 for null and for a word that the list does not have. */
export function codeOf(list: readonly string[], word: string | null): number {
  return word === null ? 0 : list.indexOf(word) + 1;
}

/** Word of a number, null for 0. */
export function wordOf<T extends string>(list: readonly T[], code: number): T | null {
  return list[code - 1] ?? null;
}

/** A set of words as bits, the n-th word is bit n. */
export function maskOf(list: readonly string[], words: readonly string[]): number {
  let mask = 0;
  for (const word of words) {
    const at = list.indexOf(word);
    if (at >= 0) mask |= 1 << at;
  }
  return mask;
}

/** An exchange as the index holds it: both tables in one. */
export interface Entry {
  /** Position of its opening: the key. */
  seq: number;
  /** Of its opening, milliseconds since 1970. */
  ts: number;
  client: number;
  route: number;
  host: number;
  api: number;
  model: number;
  judge: number;
  judge_hash: number;
  mode: number;
  /** Of the verdict: 0 without one, as severity (then 1 for none …), action, state, decided_by. */
  label: number;
  severity: number;
  action: number;
  state: number;
  decided_by: number;
  coverage: number;
  /** Bits by COVERAGE_REASONS. */
  reasons: number;
  outcome: number;
  /** Bits by HUMAN_LABELS: what standing labels say. */
  human: number;
  /** Standing labels. */
  labels: number;
  /** A shadow verdict has another label. */
  shadow: number;
  /** Place in the queue of severe ones: 2 stopped, 1 grave, 0 none. */
  severe: number;
  /** 1 people differ, 2 the judge differs from them, 3 the shadow judge differs, 0 nobody does. */
  differs: number;
  /** The judge gave no usable verdict. */
  failed: number;
  /** `controlDraw` of control-draw.ts, which is not the draw of judge/sampling.ts: drawn when below `drawLimit(rate)`. */
  draw: number;
  /** 52 bits of a hash of what was violated, 0 without. */
  signature: number;
  /** 52 bits of a hash of the latest user message, 0 without. */
  message: number;
  erased: number;
  tokens_in: number | null;
  tokens_out: number | null;
  cost_usd: number | null;
  judge_cost_usd: number | null;

  exchange_id: string;
  completed_seq: number | null;
  /** Position of the verdict that stands. */
  verdict_seq: number | null;
  /** Position of the verdict on its request, whether it stands or not. */
  request_seq: number | null;
}

export const FACT_COLUMNS = [
  'ts',
  'client',
  'route',
  'host',
  'api',
  'model',
  'judge',
  'judge_hash',
  'mode',
  'label',
  'severity',
  'action',
  'state',
  'decided_by',
  'coverage',
  'reasons',
  'outcome',
  'human',
  'labels',
  'shadow',
  'severe',
  'differs',
  'failed',
  'draw',
  'signature',
  'message',
  'erased',
  'tokens_in',
  'tokens_out',
  'cost_usd',
  'judge_cost_usd',
] as const satisfies readonly (keyof Entry)[];

export const PLACE_COLUMNS = [
  'exchange_id',
  'completed_seq',
  'verdict_seq',
  'request_seq',
] as const satisfies readonly (keyof Entry)[];

/** Columns whose values are counted, so that a question knows which of its filters is the rarest. */
export const COUNTED_COLUMNS = [
  'client',
  'route',
  'host',
  'api',
  'model',
  'judge',
  'judge_hash',
  'mode',
  'label',
  'severity',
  'action',
  'state',
  'decided_by',
  'coverage',
  'outcome',
] as const satisfies readonly (typeof FACT_COLUMNS)[number][];
export type CountedColumn = (typeof COUNTED_COLUMNS)[number];

/** Number under which a value is counted: that of its column, or one of those after them. */
export const COUNT_REASON = COUNTED_COLUMNS.length;
export const COUNT_HUMAN = COUNT_REASON + 1;
export const COUNT_ALL = COUNT_REASON + 2;
/** Clients and routes of connections that are no exchanges. */
export const COUNT_CONNECTION_CLIENT = COUNT_REASON + 3;
export const COUNT_CONNECTION_ROUTE = COUNT_REASON + 4;
/** Columns that hold ids of names: the first ones. */
export const NAME_COLUMNS = 7;

/** The judge was to answer and did not. What rules decided then is no finding about the judge. */
export const FAILED_STATES: ReadonlySet<string> = new Set<(typeof JUDGE_STATES)[number]>([
  'refused',
  'invalid_output',
  'nonce_mismatch',
  'quote_mismatch',
  'timeout',
  'provider_error',
  'circuit_open',
  'queue_full',
]);

const STOPPED_FROM = codeOf(VERDICT_ACTIONS, 'blocked');
const GRAVE_FROM = codeOf(SEVERITIES, 'high');
const CLEAN = 1 << HUMAN_LABELS.indexOf('clean');
const VIOLATION = 1 << HUMAN_LABELS.indexOf('violation');
const INVALID = 1 << HUMAN_LABELS.indexOf('invalid');

/** Sets what follows from the other columns. */
export function conclude(entry: Entry): void {
  entry.severe = entry.action >= STOPPED_FROM ? 2 : entry.severity >= GRAVE_FROM ? 1 : 0;
  entry.differs = differs(entry);
}

function differs({ human, label, shadow }: Entry): number {
  // "unsure" contradicts nobody.
  const said = human & (CLEAN | VIOLATION | INVALID);
  if ((said & (said - 1)) !== 0) return 1;
  if (label === codeOf(LABELS, 'clean') && said === VIOLATION) return 2;
  if (label === codeOf(LABELS, 'violation') && said === CLEAN) return 2;
  return shadow === 1 ? 3 : 0;
}
