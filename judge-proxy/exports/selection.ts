/** Which records an export takes. */

import type { RecordKind } from '../ledger/chain.ts';
import type { OverallLabel, Severity } from '../ledger/records.ts';
import type { Item, Subject } from './record.ts';

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

const KIND_OF: Readonly<Record<Subject, RecordKind>> = {
  verdicts: 'verdict',
  exchanges: 'exchange_completed',
  connections: 'connection',
};

export function kindsOf(subjects: readonly Subject[]): RecordKind[] {
  return subjects.map((subject) => KIND_OF[subject]);
}

/** Label and severity are asked of verdicts alone: they say nothing about other records. */
export function isSelected(item: Item, { route, client, since, until, label, min_severity }: Selection): boolean {
  const of = item.subject === 'exchanges' ? item.record.opened : item.record;
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
