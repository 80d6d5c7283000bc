/** What a sink gets: one record of the ledger, or one checkpoint, with the key by which a receiver knows it again. */

import type { SinkConfig } from '../config/sinks.ts';
import { isFlagged } from '../exports/flagged.ts';
import { type Item, readItem } from '../exports/record.ts';
import { SEVERITIES } from '../exports/selection.ts';
import type { RecordKind } from '../ledger/chain.ts';
import type { RecordRow } from '../ledger/record-pages.ts';

type EventName = SinkConfig['events'][number];

/** A record that people or the program made: a label, an act, an erasure, a gap. */
export interface AuditItem {
  readonly subject: 'audit';
  readonly seq: number;
  readonly kind: RecordKind;
  readonly record: Readonly<Record<string, unknown>>;
}

/** A signed statement of how long the ledger is. */
export interface CheckpointItem {
  readonly subject: 'checkpoints';
  readonly seq: number;
  readonly record: Readonly<Record<string, unknown>>;
}

export type SinkItem = Item | AuditItem | CheckpointItem;

export interface SinkEvent {
  /** The same for every delivery of it, other for all others: ledger, kind and position. */
  readonly dedupKey: string;
  readonly item: SinkItem;
}

const KINDS_OF: Readonly<Record<EventName, readonly RecordKind[]>> = {
  verdicts: ['verdict'],
  exchanges: ['exchange_completed'],
  connections: ['connection'],
  audit: ['label', 'act', 'erasure', 'export_gap'],
  checkpoints: [],
};

/** Kinds of records that a sink wants. */
export function kindsFor(events: readonly EventName[]): RecordKind[] {
  return events.flatMap((name) => KINDS_OF[name]);
}

/** @returns null for a record that was erased */
export function itemOf(row: RecordRow): SinkItem | null {
  if (row.body === null) return null;
  switch (row.kind) {
    case 'label':
    case 'act':
    case 'erasure':
    case 'export_gap':
      return { subject: 'audit', seq: row.seq, kind: row.kind, record: JSON.parse(row.body) as AuditItem['record'] };
    default:
      return readItem(row) as Item | null;
  }
}

/**
 * Whether a sink wants this record. Label and severity are asked of verdicts alone, routes of what has one. OCSF has no
 * class for a verdict that is not flagged.
 */
export function isWanted(
  item: SinkItem,
  { routes, labels, min_severity, format }: Pick<SinkConfig, 'routes' | 'labels' | 'min_severity' | 'format'>,
): boolean {
  if (item.subject === 'audit' || item.subject === 'checkpoints') return true;
  const route = item.subject === 'exchanges' ? item.record.opened.route : item.record.route;
  if (routes !== undefined && (route === null || !routes.includes(route))) return false;
  if (item.subject !== 'verdicts') return true;
  if (format === 'ocsf' && !isFlagged(item.record)) return false;
  const { label, severity } = item.record.overall;
  return labels.includes(label) && SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(min_severity);
}

/** @param kind `record`, or `checkpoint` with its size as the position */
export function dedupKey(ledgerId: string, kind: 'record' | 'checkpoint', seq: number): string {
  return `${ledgerId}:${kind}:${seq}`;
}
