/** Exchanges as lists show them: found in the index, read from the records of the ledger. */

import type { ExchangeCompleted, ExchangeOpened, NewVerdict } from '../records.ts';
import { mergeVerdict } from '../verdict-words.ts';
import { type Entry, ERASED_TIERS, wordOf } from './columns.ts';
import type { IndexDb } from './index-db.ts';
import type { LedgerSource, LoneRecord } from './ledger-source.ts';
import type { ExchangeRow } from './rows.ts';
import { keptWords } from './transcript-words.ts';

const PREVIEW_CHARACTERS = 200;

type Found = Pick<Entry, 'seq' | 'completed_seq' | 'verdict_seq' | 'request_seq' | 'labels' | 'erased'>;

const BY_SEQ = `
  SELECT e.seq, e.completed_seq, e.verdict_seq, e.request_seq, f.labels, f.erased
  FROM exchanges e JOIN facts f ON f.seq = e.seq WHERE e.seq IN (SELECT value FROM json_each(?))`;
const BY_ID = 'SELECT seq, exchange_id FROM exchanges WHERE exchange_id IN (SELECT value FROM json_each(?))';

/** Rows in the order of their positions as given; those that are gone are left out. */
export function rowsBySeq(db: IndexDb, source: LedgerSource, seqs: readonly number[]): ExchangeRow[] {
  const bySeq = new Map(db.all<Found>(BY_SEQ, JSON.stringify(seqs)).map((found) => [found.seq, found]));
  return seqs.flatMap((seq) => {
    const found = bySeq.get(seq);
    return (found === undefined ? null : rowOf(source, found)) ?? [];
  });
}

/** Rows in the order of the ids. */
export function rowsById(db: IndexDb, source: LedgerSource, ids: readonly string[]): ExchangeRow[] {
  const asked = JSON.stringify(ids.slice(0, 200).map((id) => id.toWellFormed()));
  const found = db.all<{ seq: number; exchange_id: string }>(BY_ID, asked);
  const seqs = new Map(found.map(({ seq, exchange_id }) => [exchange_id, seq]));
  return rowsBySeq(
    db,
    source,
    ids.flatMap((id) => seqs.get(id) ?? []),
  );
}

export function seqOf(db: IndexDb, exchangeId: string): number | null {
  const row = db.get<{ seq: number }>('SELECT seq FROM exchanges WHERE exchange_id = ?', exchangeId.toWellFormed());
  return row?.seq ?? null;
}

/** null when its records were erased, and the index does not know yet. */
function rowOf(source: LedgerSource, found: Found): ExchangeRow | null {
  const opened = recordAt<ExchangeOpened>(source, found.seq);
  if (opened === null) return null;
  const completed = recordAt<ExchangeCompleted>(source, found.completed_seq);
  const judged = recordAt<NewVerdict>(source, found.verdict_seq);
  const verdict = judged === null ? null : mergeVerdict(judged.said, judged.record.text);
  const { exchange_id, ts, client, route, host, method, path, mode } = opened.said;
  return {
    ...{ exchange_id, opened_seq: found.seq, completed_seq: found.completed_seq },
    ...{ ts, client, route, host, api: completed?.said.api ?? null, method, path, mode },
    recording: completed?.said.recording ?? 'redacted',
    outcome: completed?.said.outcome ?? null,
    status: completed?.said.status ?? null,
    streamed: completed?.said.streamed ?? null,
    model: completed?.said.model_returned ?? completed?.said.model_requested ?? null,
    duration_ms: completed?.said.duration_ms ?? null,
    tokens_in: completed?.said.tokens_in ?? null,
    tokens_out: completed?.said.tokens_out ?? null,
    cost_usd: completed?.said.cost_usd ?? null,
    coverage: verdict?.coverage ?? completed?.said.coverage ?? null,
    verdict: verdict === null || found.verdict_seq === null ? null : verdictOf(verdict, found.verdict_seq),
    preview: previewOf(verdict === null ? keptMessage(source, found) : verdict.latest_user_message),
    labels: found.labels,
    erased: wordOf(ERASED_TIERS, found.erased),
  };
}

interface Said<T> {
  readonly record: LoneRecord;
  readonly said: T;
}

function recordAt<T>(source: LedgerSource, seq: number | null): Said<T> | null {
  const record = seq === null ? null : source.record(seq);
  return record === null || record.body === null ? null : { record, said: JSON.parse(record.body) as T };
}

/** Without a verdict, what was kept tells what was said last. */
function keptMessage(source: LedgerSource, { completed_seq, request_seq }: Found): string | null {
  if (completed_seq === null) return null;
  const content = source.content(completed_seq) ?? (request_seq === null ? null : source.content(request_seq));
  return content === null ? null : keptWords(content).message;
}

function previewOf(message: string | null): string | null {
  return message === null ? null : message.slice(0, PREVIEW_CHARACTERS).toWellFormed();
}

function verdictOf(verdict: NewVerdict, seq: number): ExchangeRow['verdict'] {
  const { verdict_id, judge, overall, action, state, decided_by, judge_cost_usd } = verdict;
  return {
    ...{ verdict_id, seq, judge: judge?.name ?? null, judge_hash: judge?.hash ?? null },
    ...overall,
    ...{ action, state, decided_by, judge_cost_usd },
  };
}

export function timestampOf(ms: number): string {
  return new Date(ms).toISOString();
}
