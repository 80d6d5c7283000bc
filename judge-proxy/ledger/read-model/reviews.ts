/** What people and shadow judges said, and who did what. Records are read from the ledger: the index knows where they stand. */

import type { LabelRecord } from '../acts.ts';
import { JUDGE_STATES, LABELS, SEVERITIES, wordOf } from './columns.ts';
import { cursorOf, placeOf, rowLimit } from './cursor.ts';
import { rowsBySeq, seqOf, timestampOf } from './exchange-rows.ts';
import type { IndexDb } from './index-db.ts';
import type { LedgerSource } from './ledger-source.ts';
import type {
  AuditFilter,
  AuditRow,
  ExchangeRow,
  LabelRow,
  Page,
  PageRequest,
  Period,
  ShadowAgreement,
  ShadowRow,
} from './rows.ts';
import { timeBound } from './times.ts';

/** Of one exchange: all that stand, one for each reviewer, and the newest of those that were replaced or withdrawn. */
const MOST_LABELS = 1_000;

export function labelRows(db: IndexDb, source: LedgerSource, exchangeId: string): LabelRow[] {
  const seq = seqOf(db, exchangeId);
  if (seq === null) return [];
  const rows = db.all<{ seq: number; stands: number }>(
    'SELECT seq, stands FROM labels WHERE opened_seq = ? ORDER BY stands DESC, seq DESC LIMIT ?',
    seq,
    MOST_LABELS,
  );
  return rows
    .sort((a, b) => a.seq - b.seq)
    .flatMap(({ seq: at, stands }) => {
      const record = source.record(at);
      if (record === null || record.body === null) return [];
      return [
        { ...(JSON.parse(record.body) as LabelRecord), seq: at, note: noteOf(record.text), stands: stands === 1 },
      ];
    });
}

function noteOf(text: string | null): string | null {
  return text === null ? null : (JSON.parse(text) as { note: string }).note;
}

interface StoredShadow {
  readonly ts: number;
  readonly judge: string;
  readonly shadow: string;
  readonly shadow_hash: string;
  readonly label: number;
  readonly severity: number;
  readonly shadow_label: number;
  readonly shadow_severity: number;
  readonly shadow_state: number;
}

export function shadowRows(db: IndexDb, exchangeId: string): ShadowRow[] {
  const seq = seqOf(db, exchangeId);
  if (seq === null) return [];
  return db.all<StoredShadow>('SELECT * FROM shadows WHERE opened_seq = ? ORDER BY seq', seq).map((row) => ({
    exchange_id: exchangeId,
    ts: timestampOf(row.ts),
    judge: row.judge,
    shadow: row.shadow,
    shadow_hash: row.shadow_hash,
    label: wordOf(LABELS, row.label) ?? 'undetermined',
    shadow_label: wordOf(LABELS, row.shadow_label) ?? 'undetermined',
    severity: wordOf(SEVERITIES, row.severity) ?? 'none',
    shadow_severity: wordOf(SEVERITIES, row.shadow_severity) ?? 'none',
    shadow_state: wordOf(JUDGE_STATES, row.shadow_state) ?? 'unparseable',
  }));
}

const AGREEMENT = `
  SELECT judge, shadow, shadow_hash, label, shadow_label, count(*) AS n, sum(failed) AS failed
  FROM shadows INDEXED BY shadows_time WHERE ts >= ? AND ts < ?
  GROUP BY judge, shadow, shadow_hash, label, shadow_label ORDER BY judge, shadow, shadow_hash, label, shadow_label`;

interface AgreementRow {
  readonly judge: string;
  readonly shadow: string;
  readonly shadow_hash: string;
  readonly label: number;
  readonly shadow_label: number;
  readonly n: number;
  readonly failed: number;
}

/** A shadow judge that failed is in no pair: it is counted beside them. */
export function shadowAgreement(db: IndexDb, { since, until }: Pick<Period, 'since' | 'until'>): ShadowAgreement[] {
  const by = new Map<string, { agreement: ShadowAgreement; pairs: ShadowAgreement['pairs'][number][] }>();
  const failures = new Map<string, number>();
  for (const row of db.all<AgreementRow>(AGREEMENT, timeBound(since), timeBound(until))) {
    const { judge, shadow, shadow_hash } = row;
    const key = JSON.stringify([judge, shadow, shadow_hash]);
    const pairs = by.get(key)?.pairs ?? [];
    by.set(key, { agreement: { judge, shadow, shadow_hash, pairs, shadow_failed: 0 }, pairs });
    failures.set(key, (failures.get(key) ?? 0) + row.failed);
    const [label, shadow_label] = [wordOf(LABELS, row.label), wordOf(LABELS, row.shadow_label)];
    const count = row.n - row.failed;
    if (label !== null && shadow_label !== null && count > 0) pairs.push({ label, shadow_label, count });
  }
  return [...by].map(([key, { agreement }]) => ({ ...agreement, shadow_failed: failures.get(key) ?? 0 }));
}

/** Newest first, without the exchange itself. */
export function similar(db: IndexDb, source: LedgerSource, exchangeId: string, limit: number): ExchangeRow[] {
  const seq = seqOf(db, exchangeId);
  if (seq === null) return [];
  const own = db.get<{ client: number; route: number; signature: number; message: number }>(
    'SELECT client, route, signature, message FROM facts WHERE seq = ?',
    seq,
  );
  if (own === null) return [];
  const seqs = new Set<number>();
  const most = rowLimit(limit);
  if (own.signature > 0) {
    const sql = `SELECT seq FROM facts INDEXED BY facts_signature
      WHERE signature > 0 AND signature = ? AND (client = ? OR route = ?) AND seq <> ? ORDER BY seq DESC LIMIT ?`;
    for (const row of db.all<{ seq: number }>(sql, own.signature, own.client, own.route, seq, most)) seqs.add(row.seq);
  }
  if (own.message > 0) {
    const sql = `SELECT seq FROM facts INDEXED BY facts_message
      WHERE message > 0 AND message = ? AND seq <> ? ORDER BY seq DESC LIMIT ?`;
    for (const row of db.all<{ seq: number }>(sql, own.message, seq, most)) seqs.add(row.seq);
  }
  return rowsBySeq(db, source, [...seqs].sort((a, b) => b - a).slice(0, most));
}

export function auditRows(db: IndexDb, source: LedgerSource, filter: AuditFilter, page: PageRequest): Page<AuditRow> {
  const before = placeOf<readonly [number]>(page.cursor, ['number'])?.[0] ?? Number.MAX_SAFE_INTEGER;
  const limit = rowLimit(page.limit);
  const where: string[] = [];
  const values: (string | number | null)[] = [];
  const add = (sql: string, value: string | number | null | undefined) => {
    if (value === undefined) return;
    where.push(` AND ${sql}`);
    values.push(typeof value === 'string' ? value.toWellFormed() : value);
  };
  add('actor = ?', filter.actor);
  add('object = ?', filter.object);
  add('kind = ?', filter.kind);
  if (filter.action !== undefined) add('instr(action, ?) = 1', filter.action);
  add('ts >= ?', filter.since === undefined ? undefined : timeBound(filter.since));
  add('ts < ?', filter.until === undefined ? undefined : timeBound(filter.until));
  const sql = `SELECT seq, kind FROM audit WHERE seq < ?${where.join('')} ORDER BY seq DESC LIMIT ?`;
  const seqs = db.all<{ seq: number; kind: AuditRow['kind'] }>(sql, before, ...values, limit + 1);
  const shown = seqs.slice(0, limit);
  const items = shown.flatMap(({ seq, kind }) => {
    const body = source.record(seq)?.body ?? null;
    return body === null ? [] : [{ kind, seq, ...JSON.parse(body) } as AuditRow];
  });
  return { items, next: seqs.length > limit ? cursorOf([shown.at(-1)?.seq ?? 0]) : null };
}
