/** Records that stand beside exchanges and verdicts in the chain, as exports give them: JSON lines and CSV, no other format. */

import type { ActRecord, ErasureRecord, ExportGapRecord, LabelRecord, ShadowVerdict } from '../ledger/acts.ts';
import type { RecordRow } from '../ledger/record-pages.ts';
import type { NewVerdict } from '../ledger/records.ts';
import { mergeVerdict } from '../ledger/verdict-words.ts';
import { type Item, parsed, readItem, UnreadableRecord } from './record.ts';

export interface ShadowVerdictItem {
  readonly subject: 'shadow_verdicts';
  readonly seq: number;
  readonly record: ShadowVerdict;
}

export interface LabelItem {
  readonly subject: 'labels';
  readonly seq: number;
  /** `note`: null without one, and when it was erased. */
  readonly record: LabelRecord & { readonly seq: number; readonly note: string | null };
}

/** What people and the program did: each line says which of the three it is. */
export interface AuditItem {
  readonly subject: 'audit';
  readonly seq: number;
  readonly record: { readonly seq: number } & (
    | ({ readonly kind: 'act' } & ActRecord)
    | ({ readonly kind: 'erasure' } & ErasureRecord)
    | ({ readonly kind: 'export_gap' } & ExportGapRecord)
  );
}

export type BesideItem = ShadowVerdictItem | LabelItem | AuditItem;
export type ExportItem = Item | BesideItem;

export function isBeside(item: ExportItem): item is BesideItem {
  return item.subject === 'shadow_verdicts' || item.subject === 'labels' || item.subject === 'audit';
}

/**
 * @returns null for a record that was erased
 * @throws {UnreadableRecord} for what the ledger never writes
 */
export function readExportItem(row: RecordRow): ExportItem | null {
  const { seq, kind, body, prev_hash, hash } = row;
  if (body === null) return null;
  switch (kind) {
    case 'shadow_verdict': {
      const verdict = withWords(row, parsed(row, body) as unknown as NewVerdict);
      return { subject: 'shadow_verdicts', seq, record: { ...verdict, seq, prev_hash, hash } as ShadowVerdict };
    }
    case 'label': {
      const label = parsed(row, body) as unknown as LabelRecord;
      return { subject: 'labels', seq, record: { ...label, seq, note: noteOf(row) } };
    }
    case 'act':
    case 'erasure':
    case 'export_gap':
      return { subject: 'audit', seq, record: { kind, seq, ...parsed(row, body) } as AuditItem['record'] };
    default:
      return readItem(row);
  }
}

function withWords(row: RecordRow, verdict: NewVerdict): NewVerdict {
  try {
    return mergeVerdict(verdict, row.text);
  } catch {
    throw new UnreadableRecord(row.seq);
  }
}

function noteOf(row: RecordRow): string | null {
  if (row.text === null) return null;
  const { note } = parsed(row, row.text);
  if (typeof note !== 'string') throw new UnreadableRecord(row.seq);
  return note;
}
