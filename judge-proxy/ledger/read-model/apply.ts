/** Applies one record to the index. A record that cannot be read changes nothing: it throws before. */

import {
  type ActRecord,
  type ErasureRecord,
  type ErasureTier,
  type ExportGapRecord,
  type LabelRecord,
  QUEUES,
  type ShadowVerdictRecord,
} from '../acts.ts';
import type { ConnectionRecord, ExchangeCompleted, ExchangeOpened, NewVerdict } from '../records.ts';
import { mergeVerdict } from '../verdict-words.ts';
import {
  codeOf,
  conclude,
  type Entry,
  FAILED_STATES,
  HUMAN_LABELS,
  JUDGE_STATES,
  LABELS,
  SEVERITIES,
} from './columns.ts';
import { complete, judge, openedEntry, setMessage, timeOf } from './entry.ts';
import { applyErasure } from './erase.ts';
import type { LedgerSource, LoneRecord, SourceRecord } from './ledger-source.ts';
import type { Store } from './store.ts';
import { keptWords } from './transcript-words.ts';

/** @returns what was erased, so that it must leave the log of the file, too */
export function applyRecord(store: Store, source: LedgerSource, record: SourceRecord): ErasureTier | null {
  const { seq, kind, body } = record;
  // Erased: whatever it said is no longer to be found.
  if (body === null) return null;
  const said: unknown = JSON.parse(body);
  switch (kind) {
    case 'exchange_opened':
      open(store, seq, said as ExchangeOpened);
      return null;
    case 'exchange_completed':
      applyCompleted(store, source, record, said as ExchangeCompleted);
      return null;
    case 'verdict':
      applyVerdict(store, record, mergeVerdict(said as NewVerdict, record.text));
      return null;
    case 'connection':
      applyConnection(store, seq, said as ConnectionRecord);
      return null;
    case 'label':
      applyLabel(store, seq, said as LabelRecord);
      return null;
    case 'shadow_verdict':
      applyShadow(store, seq, said as ShadowVerdictRecord);
      return null;
    case 'act': {
      const { ts, actor, action, object } = said as ActRecord;
      audit(store, seq, { ts, kind, actor: actor.name, action, object });
      return null;
    }
    case 'export_gap': {
      const { ts, sink } = said as ExportGapRecord;
      audit(store, seq, { ts, kind, actor: 'system', action: kind, object: sink });
      return null;
    }
    case 'erasure': {
      const { ts, actor, scope } = said as ErasureRecord;
      audit(store, seq, { ts, kind, actor: actor.name, action: kind, object: scope.of });
      applyErasure(store, said as ErasureRecord);
      return (said as ErasureRecord).tier;
    }
    default:
      kind satisfies never;
      return null;
  }
}

function open(store: Store, seq: number, record: ExchangeOpened): void {
  store.add(openedEntry(seq, record, store.names.idOf));
}

function applyCompleted(store: Store, source: LedgerSource, record: SourceRecord, completed: ExchangeCompleted): void {
  const entry = store.byId(completed.exchange_id);
  if (entry === null) return;
  store.place(record.seq, entry.seq);
  complete(entry, record.seq, completed, store.names.idOf);
  const request = entry.request_seq === null ? null : source.record(entry.request_seq);
  // Of an exchange that the judge refused, what is kept is its request.
  const content = record.content ?? (request === null ? null : source.content(request.seq));
  if (content !== null) {
    const { text, message } = keptWords(content);
    store.addWords(entry, text);
    setMessage(entry, message);
  }
  if (completed.outcome === 'blocked' && request !== null) standByRequest(store, source, entry, request);
}

/** The verdict on its request ended the exchange and is that of the exchange, if the ledger says so. */
function standByRequest(store: Store, source: LedgerSource, entry: Entry, request: LoneRecord): void {
  if (request.body === null || !source.stands(request.seq)) return;
  judge(entry, request.seq, mergeVerdict(JSON.parse(request.body) as NewVerdict, request.text), store.names.idOf);
}

function applyVerdict(store: Store, record: SourceRecord, verdict: NewVerdict): void {
  const entry = store.byId(verdict.exchange_id);
  if (entry === null) return;
  store.place(record.seq, entry.seq);
  if (verdict.subject === 'request') entry.request_seq = record.seq;
  // The first verdict stands.
  else if (entry.verdict_seq === null) judge(entry, record.seq, verdict, store.names.idOf);
}

function applyConnection(store: Store, seq: number, record: ConnectionRecord): void {
  // A terminated one is recorded when no exchange could come about.
  const refused = record.error_code !== null || record.action !== 'tunnel' ? 1 : 0;
  const [client, route] = [store.names.idOf(record.client), store.names.idOf(record.route)];
  store.addConnection({ seq, ts: timeOf(record.ts), client, route, refused });
}

function applyLabel(store: Store, seq: number, record: LabelRecord): void {
  const { ts, exchange_id, reviewer, queue, blind, sampling_probability } = record;
  const code = codeOf(HUMAN_LABELS, record.label);
  audit(store, seq, { ts, kind: 'label', actor: reviewer, action: 'label', object: exchange_id });
  const entry = store.byId(exchange_id);
  if (entry === null) return;
  store.place(seq, entry.seq);
  // One reviewer has one opinion of an exchange: the latest.
  store
    .sql('UPDATE labels SET stands = 0 WHERE opened_seq = ? AND reviewer = ? AND stands = 1')
    .run(entry.seq, reviewer);
  store
    .sql('INSERT INTO labels VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
    .run(
      ...[seq, entry.seq, timeOf(ts), reviewer, code, code === 0 ? 0 : 1],
      ...[codeOf(QUEUES, queue), blind ? 1 : 0, sampling_probability],
    );
  countLabels(store, entry);
}

/** What standing labels say, anew. */
export function countLabels(store: Store, entry: Entry): void {
  const standing = store.sql('SELECT label FROM labels WHERE opened_seq = ? AND stands = 1').all(entry.seq);
  entry.labels = standing.length;
  entry.human = 0;
  for (const { label } of standing) entry.human |= 1 << (Number(label) - 1);
  conclude(entry);
}

function applyShadow(store: Store, seq: number, record: ShadowVerdictRecord): void {
  const entry = store.byId(record.exchange_id);
  // Only beside a verdict that stands can it agree or differ.
  if (entry === null || entry.label === 0) return;
  const { overall, state, ts } = record;
  const label = codeOf(LABELS, overall.label);
  const judgeName = store.sql('SELECT name FROM names WHERE id = ?').get(entry.judge)?.name ?? '';
  store.place(seq, entry.seq);
  store
    .sql('INSERT INTO shadows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
    .run(
      ...[seq, entry.seq, timeOf(ts), judgeName, record.judge?.name ?? '', record.judge?.hash ?? ''],
      ...[entry.label, entry.severity, label, codeOf(SEVERITIES, overall.severity), codeOf(JUDGE_STATES, state)],
      FAILED_STATES.has(state) ? 1 : 0,
    );
  // A shadow judge that failed says nothing.
  if (label !== entry.label && !FAILED_STATES.has(state)) entry.shadow = 1;
  conclude(entry);
}

interface Audited {
  readonly ts: string;
  readonly kind: string;
  readonly actor: string;
  readonly action: string;
  readonly object: string;
}

function audit(store: Store, seq: number, { ts, kind, actor, action, object }: Audited): void {
  store.sql('INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)').run(seq, timeOf(ts), kind, actor, action, object);
}
