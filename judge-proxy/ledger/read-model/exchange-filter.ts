/** A filter as conditions on the index, each with how many exchanges fit: the rarest one is where a question begins. */

import type { SQLInputValue } from 'node:sqlite';
import {
  COUNT_ALL,
  COUNT_HUMAN,
  COUNT_REASON,
  COUNTED_COLUMNS,
  COVERAGE_REASONS,
  COVERAGES,
  type CountedColumn,
  codeOf,
  DECIDERS,
  HUMAN_LABELS,
  JUDGE_STATES,
  LABELS,
  MODES,
  OUTCOMES,
  SEVERITIES,
  VERDICT_ACTIONS,
} from './columns.ts';
import type { IndexDb } from './index-db.ts';
import type { ExchangeFilter } from './rows.ts';
import { HOUR_MS } from './spans.ts';
import { msOf } from './times.ts';

export interface Condition {
  /** On the table of facts, called f. */
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
  /** Exchanges that fit. */
  readonly fitting: number;
  /**
   * Where those that fit are found: `index`, an equality whose order is that of positions; `range`, in no order; `reasons`,
   * a table of its own.
   */
  readonly found: { readonly by: 'index' | 'range'; readonly index: string } | { readonly by: 'reasons' } | null;
}

export interface Conditions {
  readonly all: readonly Condition[];
  /** Positions between which everything lies that fits the times. */
  readonly from: number;
  readonly to: number;
  /** How many there are. */
  readonly exchanges: number;
  /** Position of the last record that the index knows. */
  readonly last: number;
}

/** What only a verdict has. */
const VERDICT_FILTERS = ['label', 'min_severity', 'action', 'state', 'decided_by', 'judge', 'judge_hash'] as const;

/** @returns null when nothing can fit */
export function conditionsOf(db: IndexDb, filter: ExchangeFilter): Conditions | null {
  if (filter.judged === false && VERDICT_FILTERS.some((key) => filter[key] !== undefined)) return null;
  const all = [...named(db, filter), ...coded(db, filter), ...others(db, filter)];
  const times = timesOf(db, filter);
  if (times === null || all.includes(null)) return null;
  return {
    all: [...all.filter((condition) => condition !== null), ...times.conditions],
    ...{ from: times.from, to: times.to, exchanges: db.count(COUNT_ALL, 0), last: lastPosition(db) },
  };
}

function lastPosition(db: IndexDb): number {
  return db.get<{ position: number }>('SELECT position FROM meta')?.position ?? 0;
}

const NAMED = ['client', 'route', 'host', 'api', 'model', 'judge', 'judge_hash'] as const;

function named(db: IndexDb, filter: ExchangeFilter): (Condition | null)[] {
  return NAMED.flatMap((column) => {
    const name = filter[column];
    if (name === undefined) return [];
    return [equality(db, column, db.nameId(name) ?? 0)];
  });
}

const CODED = {
  mode: MODES,
  label: LABELS,
  action: VERDICT_ACTIONS,
  state: JUDGE_STATES,
  decided_by: DECIDERS,
  coverage: COVERAGES,
  outcome: OUTCOMES,
} as const;

function coded(db: IndexDb, filter: ExchangeFilter): (Condition | null)[] {
  return Object.entries(CODED).flatMap(([column, list]) => {
    const word = filter[column as keyof typeof CODED];
    return word === undefined ? [] : [equality(db, column as keyof typeof CODED, codeOf(list, word))];
  });
}

/** null for a value that nothing has. */
function equality(db: IndexDb, column: CountedColumn, value: number): Condition | null {
  const fitting = value === 0 ? 0 : db.count(COUNTED_COLUMNS.indexOf(column), value);
  if (fitting === 0) return null;
  return { sql: `f.${column} = ?`, values: [value], fitting, found: { by: 'index', index: `facts_${column}` } };
}

function others(db: IndexDb, filter: ExchangeFilter): (Condition | null)[] {
  const conditions: (Condition | null)[] = [];
  if (filter.min_severity !== undefined) conditions.push(atLeast(db, filter.min_severity));
  if (filter.judged !== undefined) conditions.push(judged(db, filter.judged));
  if (filter.reason !== undefined) conditions.push(reason(db, filter.reason));
  if (filter.human_label !== undefined) conditions.push(human(db, filter.human_label));
  return conditions;
}

const fieldOf = (column: CountedColumn) => COUNTED_COLUMNS.indexOf(column);

function atLeast(db: IndexDb, severity: string): Condition | null {
  const least = codeOf(SEVERITIES, severity);
  if (least === 0) return null;
  let fitting = 0;
  for (let code = least; code <= SEVERITIES.length; code += 1) fitting += db.count(fieldOf('severity'), code);
  const found = { by: 'range', index: 'facts_severity' } as const;
  return { sql: 'f.severity >= ?', values: [least], fitting, found };
}

function judged(db: IndexDb, isJudged: boolean): Condition {
  const without = db.count(fieldOf('label'), 0);
  if (!isJudged) {
    return { sql: 'f.label = ?', values: [0], fitting: without, found: { by: 'index', index: 'facts_label' } };
  }
  const fitting = db.count(COUNT_ALL, 0) - without;
  return { sql: 'f.label > ?', values: [0], fitting, found: { by: 'range', index: 'facts_label' } };
}

function reason(db: IndexDb, word: string): Condition | null {
  const at = codeOf(COVERAGE_REASONS, word) - 1;
  if (at < 0) return null;
  return {
    sql: 'f.reasons & ? <> 0',
    values: [1 << at],
    fitting: db.count(COUNT_REASON, at),
    found: { by: 'reasons' },
  };
}

function human(db: IndexDb, label: string): Condition | null {
  if (label === 'none') {
    return { sql: 'f.human = ?', values: [0], fitting: db.count(COUNT_HUMAN, 0), found: null };
  }
  const bits = label === 'any' ? (1 << HUMAN_LABELS.length) - 1 : 1 << (codeOf(HUMAN_LABELS, label) - 1);
  if (label !== 'any' && codeOf(HUMAN_LABELS, label) === 0) return null;
  const counts = db.all<{ value: number; n: number }>('SELECT value, n FROM counts WHERE field = ?', COUNT_HUMAN);
  const fitting = counts.reduce((sum, { value, n }) => ((value & bits) === 0 ? sum : sum + n), 0);
  // The index holds labelled exchanges alone, and is chosen only with its own condition.
  return {
    sql: 'f.human > 0 AND f.human & ? <> 0',
    values: [bits],
    fitting,
    found: { by: 'range', index: 'facts_human' },
  };
}

interface Times {
  readonly conditions: readonly Condition[];
  readonly from: number;
  readonly to: number;
}

/** Opening times follow positions nearly: hours know theirs, and the rest is compared. */
function timesOf(db: IndexDb, { since, until }: ExchangeFilter): Times | null {
  const conditions: Condition[] = [];
  let [from, to] = [0, Number.MAX_SAFE_INTEGER];
  const compare = (sql: string, ms: number) => conditions.push({ sql, values: [ms], fitting: Infinity, found: null });
  if (since !== undefined) {
    const ms = msOf(since);
    const seq = firstSeq(db, ms);
    if (seq === null) return null;
    from = seq;
    compare('f.ts >= ?', ms);
  }
  if (until !== undefined) {
    const ms = msOf(until);
    const seq = lastSeq(db, ms);
    if (seq === null) return null;
    to = seq;
    compare('f.ts < ?', ms);
  }
  return { conditions, from, to };
}

/** Position before which nothing began at this time or later; null when nothing did. @param ms since 1970 */
export function firstSeq(db: IndexDb, ms: number): number | null {
  if (Number.isNaN(ms)) return null;
  const sql = 'SELECT min(min_seq) AS seq FROM hours WHERE hour >= ?';
  return db.get<{ seq: number | null }>(sql, Math.floor(ms / HOUR_MS))?.seq ?? null;
}

/** Position after which nothing began before this time; null when nothing did. */
export function lastSeq(db: IndexDb, ms: number): number | null {
  if (Number.isNaN(ms)) return null;
  const sql = 'SELECT max(max_seq) AS seq FROM hours WHERE hour <= ?';
  return db.get<{ seq: number | null }>(sql, Math.floor(ms / HOUR_MS))?.seq ?? null;
}
