/** What is summed for the overview and for clients: one list of numbers for any stretch of time. Pure. */

import {
  COVERAGE_REASONS,
  COVERAGES,
  type Entry,
  JUDGE_STATES,
  LABELS,
  SEVERITIES,
  VERDICT_ACTIONS,
} from './columns.ts';

/** Places of the sums in their list. A set of words takes as many as it has, in its order. */
export const METRICS = places({
  exchanges: 1,
  open: 1,
  judged: 1,
  unjudged: 1,
  tunnels: 1,
  refusals: 1,
  tokens_in: 1,
  tokens_out: 1,
  /** Thousand-millionths of a dollar: whole numbers, so that taking away what was added leaves nothing. */
  traffic: 1,
  judging: 1,
  label: LABELS.length,
  severity: SEVERITIES.length,
  action: VERDICT_ACTIONS.length,
  state: JUDGE_STATES.length,
  coverage: COVERAGES.length,
  reason: COVERAGE_REASONS.length,
});

function places<T extends Readonly<Record<string, number>>>(sizes: T): Readonly<Record<keyof T | 'length', number>> {
  let at = 0;
  const of: Record<string, number> = {};
  for (const [name, size] of Object.entries(sizes)) {
    of[name] = at;
    at += size;
  }
  return { ...of, length: at } as Record<keyof T | 'length', number>;
}

export type Sums = Float64Array;

export function noSums(): Sums {
  return new Float64Array(METRICS.length);
}

export const NANO = 1e9;

/** What of an exchange is summed. */
export type Summed = Pick<
  Entry,
  | 'label'
  | 'severity'
  | 'action'
  | 'state'
  | 'coverage'
  | 'reasons'
  | 'outcome'
  | 'tokens_in'
  | 'tokens_out'
  | 'cost_usd'
  | 'judge_cost_usd'
>;

/** Adds what an exchange counts, or takes it away (`times` −1). */
export function addExchange(sums: Sums, entry: Summed, times: 1 | -1): void {
  const add = (place: number, amount = 1) => {
    sums[place] = (sums[place] ?? 0) + amount * times;
  };
  add(METRICS.exchanges);
  if (entry.outcome === 0) add(METRICS.open);
  else if (entry.label === 0) add(METRICS.unjudged);
  if (entry.tokens_in !== null) add(METRICS.tokens_in, entry.tokens_in);
  if (entry.tokens_out !== null) add(METRICS.tokens_out, entry.tokens_out);
  if (entry.cost_usd !== null) add(METRICS.traffic, Math.round(entry.cost_usd * NANO));
  if (entry.coverage > 0) add(METRICS.coverage + entry.coverage - 1);
  for (let rest = entry.reasons, at = 0; rest !== 0; rest >>>= 1, at += 1) if (rest & 1) add(METRICS.reason + at);
  if (entry.label === 0) return;
  add(METRICS.judged);
  add(METRICS.label + entry.label - 1);
  add(METRICS.severity + entry.severity - 1);
  add(METRICS.action + entry.action - 1);
  add(METRICS.state + entry.state - 1);
  if (entry.judge_cost_usd !== null) add(METRICS.judging, Math.round(entry.judge_cost_usd * NANO));
}

export function addConnection(sums: Sums, refused: boolean, times: 1 | -1): void {
  const place = refused ? METRICS.refusals : METRICS.tunnels;
  sums[place] = (sums[place] ?? 0) + times;
}

export function addSums(sums: Sums, more: Sums): void {
  for (let at = 0; at < sums.length; at += 1) sums[at] = (sums[at] ?? 0) + (more[at] ?? 0);
}

export function isNothing(sums: Sums): boolean {
  return sums.every((sum) => sum === 0);
}

/** As SQLite keeps them: the machine's own byte order, the file does not travel. */
export function bytesOf(sums: Sums): Uint8Array {
  return new Uint8Array(sums.buffer, sums.byteOffset, sums.byteLength);
}

export function sumsOf(bytes: Uint8Array): Sums {
  return new Float64Array(bytes.slice().buffer);
}
