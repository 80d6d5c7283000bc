/** One record of the audit, in words: who did what to what, and what it was before and after. */

import type { AuditRow } from '../../../../ledger/read-model/rows.ts';

export interface AuditEntry {
  readonly id: string;
  readonly ts: string;
  readonly who: string;
  readonly did: string;
  readonly object: string;
  /** As texts to be compared; null where there is nothing. */
  readonly before: string | null;
  readonly after: string | null;
}

export function entryOf(row: AuditRow): AuditEntry {
  switch (row.kind) {
    case 'act':
      return {
        ...{ id: row.act_id, ts: row.ts, who: whoOf(row.actor), did: row.action, object: row.object },
        ...{ before: textOf(row.before), after: textOf(row.after) },
      };
    case 'label':
      return {
        ...{ id: row.label_id, ts: row.ts, who: row.reviewer, object: row.exchange_id },
        did: row.label === null ? 'label.withdraw' : 'label.give',
        before: row.replaces === null ? null : textOf({ replaces: row.replaces }),
        after: textOf({ label: row.label, queue: row.queue, blind: row.blind, bulk_id: row.bulk_id }),
      };
    case 'erasure':
      return {
        ...{ id: `${row.erasure_id} ${row.seq}`, ts: row.ts, who: whoOf(row.actor), did: `erasure.${row.tier}` },
        ...{ object: `${row.scope.kind} ${row.scope.of}`, before: null },
        after: textOf({ reason: row.reason, tier: row.tier, records: row.seqs.length }),
      };
    case 'export_gap':
      return {
        ...{ id: row.gap_id, ts: row.ts, who: 'system', did: 'export.gap', object: row.sink, before: null },
        after: textOf({ records: row.records, from_seq: row.from_seq, to_seq: row.to_seq, reason: row.reason }),
      };
    default:
      return row satisfies never;
  }
}

function whoOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return kind === 'user' ? name : kind === name ? kind : `${kind} ${name}`;
}

/** Keys in order, so that two states differ by what changed alone. */
function textOf(state: Readonly<Record<string, unknown>> | null): string | null {
  if (state === null) return null;
  const sorted = Object.fromEntries(Object.entries(state).sort(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify(sorted, null, 2);
}
