/** Exchanges as lists show them. */

import type { ErasureRecord } from '../acts.ts';
import type { Coverage } from '../records.ts';
import {
  COVERAGE_REASONS,
  COVERAGES,
  DECIDERS,
  type Entry,
  ERASED_TIERS,
  JUDGE_STATES,
  LABELS,
  MODES,
  OUTCOMES,
  RECORDINGS,
  SEVERITIES,
  VERDICT_ACTIONS,
  wordOf,
  wordsOf,
} from './columns.ts';
import type { IndexDb } from './index-db.ts';
import type { ExchangeRow } from './rows.ts';

const NAMES = ['client', 'route', 'host', 'api', 'model', 'judge', 'judge_hash'] as const;
type Named = Readonly<Record<`${(typeof NAMES)[number]}_name`, string | null>>;

const ROWS = `
  SELECT f.*, d.*, ${NAMES.map((name) => `n_${name}.name AS ${name}_name`).join(', ')}
  FROM facts f JOIN details d ON d.seq = f.seq
  ${NAMES.map((name) => `LEFT JOIN names n_${name} ON n_${name}.id = f.${name}`).join('\n  ')}`;
const BY_SEQ = `${ROWS} WHERE f.seq IN (SELECT value FROM json_each(?))`;
const BY_ID = 'SELECT seq, exchange_id FROM details WHERE exchange_id IN (SELECT value FROM json_each(?))';

/** Rows in the order of their positions as given; those that are gone are left out. */
export function rowsBySeq(db: IndexDb, seqs: readonly number[]): ExchangeRow[] {
  const bySeq = new Map<number, ExchangeRow>();
  for (const stored of db.iterate<Entry & Named>(BY_SEQ, JSON.stringify(seqs))) bySeq.set(stored.seq, rowOf(stored));
  return seqs.flatMap((seq) => bySeq.get(seq) ?? []);
}

/** Rows in the order of the ids. */
export function rowsById(db: IndexDb, ids: readonly string[]): ExchangeRow[] {
  const seqs = new Map<string, number>();
  const found = db.all<{ seq: number; exchange_id: string }>(BY_ID, JSON.stringify(ids.map((id) => id.toWellFormed())));
  for (const { seq, exchange_id } of found) seqs.set(exchange_id, seq);
  return rowsBySeq(
    db,
    ids.flatMap((id) => seqs.get(id) ?? []),
  );
}

export function seqOf(db: IndexDb, exchangeId: string): number | null {
  const row = db.get<{ seq: number }>('SELECT seq FROM details WHERE exchange_id = ?', exchangeId.toWellFormed());
  return row?.seq ?? null;
}

function rowOf(stored: Entry & Named): ExchangeRow {
  return {
    exchange_id: stored.exchange_id,
    opened_seq: stored.seq,
    completed_seq: stored.completed_seq,
    ts: timestampOf(stored.ts),
    client: stored.client_name ?? '',
    route: stored.route_name ?? '',
    host: stored.host_name ?? '',
    api: stored.api_name,
    method: stored.method,
    path: stored.path,
    mode: wordOf(MODES, stored.mode) ?? 'observe',
    recording: wordOf(RECORDINGS, stored.recording) ?? 'redacted',
    outcome: wordOf(OUTCOMES, stored.outcome),
    status: stored.status,
    streamed: stored.streamed === null ? null : stored.streamed === 1,
    model: stored.model_name,
    duration_ms: stored.duration_ms,
    tokens_in: stored.tokens_in,
    tokens_out: stored.tokens_out,
    cost_usd: stored.cost_usd,
    coverage: coverageOf(stored),
    verdict: verdictOf(stored),
    preview: stored.preview,
    labels: stored.labels,
    erased: wordOf(ERASED_TIERS, stored.erased) satisfies ErasureRecord['tier'] | null,
  };
}

function coverageOf({ coverage, reasons }: Entry): Coverage | null {
  const level = wordOf(COVERAGES, coverage);
  return level === null ? null : { level, reasons: wordsOf(COVERAGE_REASONS, reasons).sort() };
}

function verdictOf(stored: Entry & Named): ExchangeRow['verdict'] {
  const label = wordOf(LABELS, stored.label);
  if (label === null || stored.verdict_id === null || stored.verdict_seq === null) return null;
  return {
    verdict_id: stored.verdict_id,
    seq: stored.verdict_seq,
    judge: stored.judge_name,
    judge_hash: stored.judge_hash_name,
    label,
    severity: wordOf(SEVERITIES, stored.severity) ?? 'critical',
    score: stored.score,
    action: wordOf(VERDICT_ACTIONS, stored.action) ?? 'allowed',
    state: wordOf(JUDGE_STATES, stored.state) ?? 'unparseable',
    decided_by: wordOf(DECIDERS, stored.decided_by) ?? 'fallback',
    judge_cost_usd: stored.judge_cost_usd,
  };
}

export function timestampOf(ms: number): string {
  return new Date(ms).toISOString();
}
