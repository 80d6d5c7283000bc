/** Questions to the ledger, answered from an open database. All values reach SQLite as parameters, never as SQL. */

import { hash } from 'node:crypto';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type {
  EarlierExchange,
  EarlierLink,
  ExchangeView,
  LedgerStats,
  Sealed,
  Spending,
  UnjudgedExchange,
  UnjudgedFilter,
  VerdictFilter,
} from './ledger.ts';
import { LookupError } from './ledger-error.ts';
import { linkKey } from './link-key.ts';
import type { ConnectionRecord, ExchangeCompleted, ExchangeOpened, NewVerdict, Verdict } from './records.ts';
import { SEVERITY_RANK, type StoredVerdict } from './thread-protocol.ts';
import { mergeVerdict } from './verdict-words.ts';

/** Rows of one answer at most; more are asked for by cursor. */
export const MAX_ROWS = 1_000;

/** Shorter prefixes of an id match too much: the first six characters of a UUIDv7 change every four hours. */
const MIN_PREFIX = 6;

interface Row {
  readonly body: string;
  readonly seq: number;
}

export function verdicts(db: DatabaseSync, filter: VerdictFilter): Verdict[] {
  // A row without its record is nothing that can be shown: verify tells of it.
  const where = new Conditions('r.body IS NOT NULL');
  where.add('v.seq < ?', filter.before_seq);
  where.add('v.seq > ?', filter.after_seq);
  where.add('v.label = ?', filter.label);
  where.add('v.severity >= ?', filter.min_severity === undefined ? undefined : SEVERITY_RANK[filter.min_severity]);
  where.add('v.route = ?', filter.route);
  where.add('v.client = ?', filter.client);
  where.add('v.host = ?', filter.host);
  where.add('v.api = ?', filter.api);
  const order = filter.after_seq === undefined ? 'DESC' : 'ASC';
  const rows = db
    .prepare(
      `SELECT r.body, r.seq, r.prev_hash, r.hash, t.json AS text
       FROM verdicts v JOIN records r ON r.seq = v.seq LEFT JOIN texts t ON t.seq = v.seq
       ${where.sql} ORDER BY v.seq ${order} LIMIT ?`,
    )
    .all(...where.values, rowLimit(filter.limit));
  return (rows as unknown as StoredVerdict[]).map(verdictOf);
}

export function unjudged(db: DatabaseSync, filter: UnjudgedFilter): UnjudgedExchange[] {
  // Two ranges of one index, each in its order: open exchanges, and those that are complete.
  const open = unjudgedRows(db, filter, 'e.opened_seq', 'e.completed_seq IS NULL');
  const complete = unjudgedRows(db, filter, 'e.completed_seq', 'e.completed_seq IS NOT NULL');
  return [...open, ...complete]
    .sort((a, b) => b.seq - a.seq)
    .slice(0, rowLimit(filter.limit))
    .map((row) => ({
      seq: row.seq,
      opened: JSON.parse(row.opened) as ExchangeOpened,
      completed: row.completed === null ? null : (JSON.parse(row.completed) as ExchangeCompleted),
      waiting: row.waiting === 1,
    }));
}

function unjudgedRows(
  db: DatabaseSync,
  filter: UnjudgedFilter,
  position: 'e.opened_seq' | 'e.completed_seq',
  range: string,
): UnjudgedRow[] {
  const where = new Conditions('e.verdict_seq IS NULL', 'o.body IS NOT NULL', range);
  where.add(`${position} < ?`, filter.before_seq);
  where.add("json_extract(o.body, '$.route') = ?", filter.route);
  where.add("json_extract(o.body, '$.client') = ?", filter.client);
  where.add("json_extract(o.body, '$.host') = ?", filter.host);
  where.add("json_extract(c.body, '$.api') = ?", filter.api);
  const rows = db
    .prepare(
      `SELECT ${position} AS seq, o.body AS opened, c.body AS completed,
         EXISTS (SELECT 1 FROM jobs j WHERE j.completed_seq = e.completed_seq AND j.verdict_seq IS NULL) AS waiting
       FROM exchanges e JOIN records o ON o.seq = e.opened_seq LEFT JOIN records c ON c.seq = e.completed_seq
       ${where.sql} ORDER BY ${position} DESC LIMIT ?`,
    )
    .all(...where.values, rowLimit(filter.limit));
  return rows as unknown as UnjudgedRow[];
}

interface UnjudgedRow {
  readonly seq: number;
  readonly opened: string;
  readonly completed: string | null;
  readonly waiting: number;
}

export function connections(
  db: DatabaseSync,
  filter: { readonly limit: number; readonly before_seq?: number },
): (ConnectionRecord & { seq: number })[] {
  const where = new Conditions("kind = 'connection'", 'body IS NOT NULL');
  where.add('seq < ?', filter.before_seq);
  const rows = db
    .prepare(`SELECT seq, body FROM records ${where.sql} ORDER BY seq DESC LIMIT ?`)
    .all(...where.values, rowLimit(filter.limit)) as unknown as Row[];
  return rows.map(({ seq, body }) => ({ ...(JSON.parse(body) as ConnectionRecord), seq }));
}

/** @throws {LookupError} when the prefix is too short or fits several exchanges */
export function exchange(db: DatabaseSync, id: string): ExchangeView | null {
  const exchangeId = findExchange(db, id);
  if (exchangeId === null) return null;
  const row = db
    .prepare(
      `SELECT e.opened_seq, e.completed_seq, e.verdict_seq, o.body AS opened, c.body AS completed, t.json AS content, q.json AS request_content
       FROM exchanges e JOIN records o ON o.seq = e.opened_seq
       LEFT JOIN records c ON c.seq = e.completed_seq
       LEFT JOIN contents t ON t.seq = e.completed_seq
       LEFT JOIN contents q ON q.seq = e.request_verdict_seq
       WHERE e.exchange_id = ? AND o.body IS NOT NULL`,
    )
    .get(exchangeId) as unknown as ExchangeRow | undefined;
  if (row === undefined) return null;
  const verdictRows = db
    .prepare(
      `SELECT r.body, r.seq, r.prev_hash, r.hash, t.json AS text
       FROM verdicts v JOIN records r ON r.seq = v.seq LEFT JOIN texts t ON t.seq = v.seq
       WHERE v.exchange_id = ? AND r.body IS NOT NULL ORDER BY v.seq`,
    )
    .all(exchangeId) as unknown as StoredVerdict[];
  const job = db
    .prepare('SELECT attempt, not_before FROM jobs WHERE completed_seq = ? AND verdict_seq IS NULL')
    .get(row.completed_seq) as { attempt: number; not_before: number } | undefined;
  return {
    opened_seq: row.opened_seq,
    completed_seq: row.completed_seq,
    opened: JSON.parse(row.opened) as ExchangeOpened,
    completed: row.completed === null ? null : (JSON.parse(row.completed) as ExchangeCompleted),
    content: row.content,
    request_content: row.request_content,
    verdicts: verdictRows.map(verdictOf),
    judged: row.verdict_seq !== null,
    job: job === undefined ? null : { attempt: job.attempt, not_before: new Date(job.not_before).toISOString() },
  };
}

interface ExchangeRow {
  readonly opened_seq: number;
  readonly completed_seq: number | null;
  readonly verdict_seq: number | null;
  readonly opened: string;
  readonly completed: string | null;
  readonly content: string | null;
  readonly request_content: string | null;
}

/** The exchange to which an id, or a prefix of it, belongs. */
function findExchange(db: DatabaseSync, id: string): string | null {
  if (id.length < MIN_PREFIX) throw new LookupError(`Give at least ${MIN_PREFIX} characters of the id.`);
  // A range, not LIKE: it uses the index and has no wildcards. U+10FFFF sorts after every character of an id.
  const range = [id, `${id}\u{10ffff}`];
  const found = db
    .prepare(
      `SELECT * FROM (SELECT exchange_id FROM exchanges WHERE exchange_id BETWEEN ? AND ? LIMIT 6)
       UNION SELECT * FROM (SELECT exchange_id FROM exchanges WHERE request_id BETWEEN ? AND ? LIMIT 6)
       UNION SELECT * FROM (SELECT exchange_id FROM verdicts WHERE verdict_id BETWEEN ? AND ? LIMIT 6)`,
    )
    .all(...range, ...range, ...range)
    .map((row) => String(row.exchange_id));
  if (found.length > 1 && !found.includes(id)) {
    throw new LookupError(
      `Several exchanges begin with that: ${found.slice(0, 5).join(', ')}${found.length > 5 ? ' …' : ''}.`,
    );
  }
  return found.includes(id) ? id : (found[0] ?? null);
}

export function stats(db: DatabaseSync): LedgerStats {
  const row = db
    .prepare(
      `SELECT
         (SELECT count(*) FROM exchanges) AS exchanges,
         (SELECT count(*) FROM exchanges WHERE verdict_seq IS NULL AND completed_seq IS NULL) AS open,
         (SELECT count(*) FROM exchanges WHERE verdict_seq IS NULL) AS unjudged,
         (SELECT count(*) FROM verdicts WHERE stands = 1) AS verdicts,
         (SELECT count(*) FROM verdicts WHERE stands = 0) AS request_verdicts,
         (SELECT count(*) FROM verdicts WHERE stands = 1 AND coverage = 'full') AS judged_full,
         (SELECT count(*) FROM verdicts WHERE stands = 1 AND coverage = 'partial') AS judged_partial,
         (SELECT count(*) FROM verdicts WHERE stands = 1 AND coverage = 'none') AS judged_none,
         (SELECT count(*) FROM records WHERE kind = 'connection' AND body IS NOT NULL) AS connections,
         (SELECT count(*) FROM jobs WHERE verdict_seq IS NULL) AS jobs`,
    )
    .get();
  return { ...row } as unknown as LedgerStats;
}

export function earlier(db: DatabaseSync, link: EarlierLink): EarlierExchange | null {
  const row = db
    .prepare(
      `SELECT l.exchange_id, l.exchanges, t.json AS content, json_extract(c.body, '$.content_sha256') AS input_sha256,
         json_extract(c.body, '$.recording') AS recording
       FROM provider_links l JOIN exchanges e ON e.exchange_id = l.exchange_id
       JOIN records c ON c.seq = e.completed_seq JOIN contents t ON t.seq = e.completed_seq
       WHERE l.link = ?`,
    )
    .get(linkKey(link)) as unknown as (Omit<EarlierExchange, 'unique'> & { exchanges: number }) | undefined;
  if (row === undefined || hash('sha256', row.content) !== row.input_sha256) return null;
  const { exchanges, ...found } = row;
  return { ...found, unique: exchanges === 1 };
}

export function spending(db: DatabaseSync, sinceTs: string): Spending[] {
  const rows = db
    .prepare(
      `SELECT judge, client, substr(ts, 1, 10) AS day, total(judge_tokens) AS tokens, total(judge_cost_usd) AS usd
       FROM verdicts WHERE judge_tokens IS NOT NULL AND judge IS NOT NULL AND ts >= ?
       GROUP BY day, judge, client ORDER BY day, judge, client`,
    )
    .all(sinceTs);
  return rows.map((row) => ({ ...row })) as unknown as Spending[];
}

/** @returns null when there is none, when it was erased, and when it is not the one that its record names */
export function sealed(db: DatabaseSync, exchangeId: string): Sealed | null {
  const row = db
    .prepare(
      `SELECT s.bytes, json_extract(c.body, '$.sealed_sha256') AS sha256
       FROM exchanges e JOIN records c ON c.seq = e.completed_seq JOIN sealed s ON s.seq = e.completed_seq
       WHERE e.exchange_id = ?`,
    )
    .get(exchangeId) as unknown as Sealed | undefined;
  if (row === undefined || hash('sha256', row.bytes) !== row.sha256) return null;
  return { ...row };
}

function verdictOf({ body, text, seq, prev_hash, hash }: StoredVerdict): Verdict {
  return { ...mergeVerdict(JSON.parse(body) as NewVerdict, text), seq, prev_hash, hash };
}

function rowLimit(limit: number): number {
  const whole = Number.isNaN(limit) ? 1 : Math.trunc(limit);
  return Math.min(Math.max(whole, 1), MAX_ROWS);
}

/** Conditions of a WHERE: the text is ours, the value is bound. */
class Conditions {
  readonly #texts: string[];
  readonly values: SQLInputValue[] = [];

  constructor(...fixed: string[]) {
    this.#texts = fixed;
  }

  /** Adds a condition with one `?`, unless there is no value for it. */
  add(text: string, value: string | number | undefined): void {
    if (value === undefined) return;
    this.#texts.push(text);
    this.values.push(value);
  }

  get sql(): string {
    return this.#texts.length === 0 ? '' : `WHERE ${this.#texts.join(' AND ')}`;
  }
}
