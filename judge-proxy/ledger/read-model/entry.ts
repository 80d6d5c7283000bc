/** What records say of an exchange, as columns of the index. Pure, but for the names that it is given. */

import { hash } from 'node:crypto';
import type { ExchangeCompleted, ExchangeOpened, NewVerdict } from '../records.ts';
import {
  COVERAGE_REASONS,
  COVERAGES,
  codeOf,
  conclude,
  DECIDERS,
  type Entry,
  FAILED_STATES,
  JUDGE_STATES,
  LABELS,
  MODES,
  maskOf,
  OUTCOMES,
  SEVERITIES,
  VERDICT_ACTIONS,
} from './columns.ts';
import { controlDraw } from './control-draw.ts';

/** Gives names their ids. */
export type NameIds = (name: string | null) => number;

/** @throws TypeError for a record that is not what it should be */
export function openedEntry(seq: number, record: ExchangeOpened, idOf: NameIds): Entry {
  return {
    seq,
    ts: timeOf(record.ts),
    client: idOf(record.client),
    route: idOf(record.route),
    host: idOf(record.host),
    api: 0,
    model: 0,
    judge: 0,
    judge_hash: 0,
    mode: codeOf(MODES, record.mode),
    ...{ label: 0, severity: 0, action: 0, state: 0, decided_by: 0, coverage: 0, reasons: 0, outcome: 0 },
    ...{ human: 0, labels: 0, shadow: 0, severe: 0, differs: 0, failed: 0 },
    draw: controlDraw(record.exchange_id),
    ...{ signature: 0, message: 0, erased: 0 },
    ...{ tokens_in: null, tokens_out: null, cost_usd: null, judge_cost_usd: null },
    exchange_id: record.exchange_id,
    ...{ completed_seq: null, verdict_seq: null, request_seq: null },
  };
}

export function complete(entry: Entry, seq: number, record: ExchangeCompleted, idOf: NameIds): void {
  entry.completed_seq = seq;
  entry.api = idOf(record.api);
  entry.model = idOf(record.model_returned ?? record.model_requested);
  entry.outcome = codeOf(OUTCOMES, record.outcome);
  entry.tokens_in = record.tokens_in;
  entry.tokens_out = record.tokens_out;
  entry.cost_usd = record.cost_usd;
  // A verdict knows better what was covered.
  if (entry.label === 0) cover(entry, record.coverage);
  conclude(entry);
}

export function judge(entry: Entry, seq: number, verdict: NewVerdict, idOf: NameIds): void {
  const { overall } = verdict;
  entry.verdict_seq = seq;
  entry.label = codeOf(LABELS, overall.label);
  entry.severity = codeOf(SEVERITIES, overall.severity);
  entry.action = codeOf(VERDICT_ACTIONS, verdict.action);
  entry.state = codeOf(JUDGE_STATES, verdict.state);
  entry.decided_by = codeOf(DECIDERS, verdict.decided_by);
  entry.judge = idOf(verdict.judge?.name ?? null);
  entry.judge_hash = idOf(verdict.judge?.hash ?? null);
  entry.judge_cost_usd = verdict.judge_cost_usd;
  entry.failed = FAILED_STATES.has(verdict.state) ? 1 : 0;
  entry.signature = signatureOf(verdict);
  setMessage(entry, verdict.latest_user_message);
  cover(entry, verdict.coverage);
  conclude(entry);
}

/** @param message latest one of the user, null when there is none, or it was erased */
export function setMessage(entry: Entry, message: string | null): void {
  entry.message = message === null || message === '' ? 0 : bits52(message);
}

function cover(entry: Entry, { level, reasons }: ExchangeCompleted['coverage']): void {
  entry.coverage = codeOf(COVERAGES, level);
  entry.reasons = maskOf(COVERAGE_REASONS, reasons);
}

/** What was violated, whatever the words: criteria and rules by name. */
function signatureOf({ criteria, rule_hits }: NewVerdict): number {
  const violated = criteria.filter(({ label }) => label === 'violation').map(({ id }) => `criterion ${id}`);
  const names = new Set([...violated, ...rule_hits.map(({ rule }) => `rule ${rule}`)]);
  return names.size === 0 ? 0 : bits52([...names].sort().join('\n'));
}

/** First 52 bits of the SHA-256: fits a number. */
export function bits52(text: string): number {
  return Number.parseInt(hash('sha256', text).slice(0, 13), 16);
}

/** @param ts RFC 3339, as records have it @returns milliseconds since 1970 */
export function timeOf(ts: string): number {
  const ms = Date.parse(ts);
  if (Number.isNaN(ms)) throw new TypeError('A record without a time.');
  return ms;
}
