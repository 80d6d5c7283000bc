/** Which records an export takes. */

import type { RecordKind } from '../ledger/chain.ts';
import type { OverallLabel, Severity } from '../ledger/records.ts';
import type { ExportItem } from './beside-records.ts';
import type { Subject } from './record.ts';

export interface Selection {
  readonly route?: string;
  readonly client?: string;
  /** RFC 3339 UTC with milliseconds: records of this time or later. */
  readonly since?: string;
  /** Records before this time. */
  readonly until?: string;
  /** Verdicts only. */
  readonly label?: OverallLabel;
  /** Verdicts only: this severity or graver. */
  readonly min_severity?: Severity;
}

/** From harmless to grave. */
export const SEVERITIES = ['none', 'low', 'medium', 'high', 'critical'] as const satisfies readonly Severity[];

const KINDS_OF: Readonly<Record<Subject, readonly RecordKind[]>> = {
  verdicts: ['verdict'],
  exchanges: ['exchange_completed'],
  connections: ['connection'],
  shadow_verdicts: ['shadow_verdict'],
  labels: ['label'],
  audit: ['act', 'erasure', 'export_gap'],
};

export function kindsOf(subjects: readonly Subject[]): RecordKind[] {
  return subjects.flatMap((subject) => KINDS_OF[subject]);
}

/** Records that have neither route nor client: asked for one they would be none, and nobody would know why. */
export function isNameless(subject: Subject): boolean {
  return subject === 'labels' || subject === 'audit';
}

/** Label and severity are asked of verdicts alone: they say nothing about other records. */
export function isSelected(item: ExportItem, selection: Selection): boolean {
  const { route, client, since, until, label, min_severity } = selection;
  const of: { readonly route?: string | null; readonly client?: string | null } =
    item.subject === 'exchanges' ? item.record.opened : 'client' in item.record ? item.record : {};
  // An exchange has the time of its last record, whose place it has, too.
  const ts = item.subject === 'exchanges' ? item.record.completed.ts : item.record.ts;
  if (route !== undefined && of.route !== route) return false;
  if (client !== undefined && of.client !== client) return false;
  // Times of the ledger have one form, which sorts as text.
  if (since !== undefined && ts < since) return false;
  if (until !== undefined && ts >= until) return false;
  if (item.subject !== 'verdicts') return true;
  const { overall } = item.record;
  if (label !== undefined && overall.label !== label) return false;
  return min_severity === undefined || SEVERITIES.indexOf(overall.severity) >= SEVERITIES.indexOf(min_severity);
}
