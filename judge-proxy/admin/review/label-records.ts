/** Labels as records of the chain. Pure: what they replace and what they are compared to is given. */

import { hash } from 'node:crypto';
import type { HumanLabel, LabelRecord, NewRecord, QueueName } from '../../ledger/acts.ts';
import type { ExchangeRow, LabelRow } from '../../ledger/read-model/rows.ts';

export interface LabelAct {
  readonly reviewer: string;
  readonly label: HumanLabel;
  readonly note: string | null;
  readonly queue: QueueName | null;
  readonly blind: boolean;
  /** RFC 3339. */
  readonly ts: string;
  readonly newId: () => string;
  /** Probability with which an exchange came into the control sample, null for one that did not. */
  readonly sampled: (exchangeId: string) => number | null;
}

/** What a label is put on: the exchange as lists show it, and the labels that it has. */
export interface Labelled {
  readonly row: ExchangeRow;
  readonly labels: readonly LabelRow[];
}

export type NewLabel = Extract<NewRecord, { readonly kind: 'label' }>;

/** One record for each exchange, in one order; several are one bulk act. */
export function labelRecords(labelled: readonly Labelled[], act: LabelAct): NewLabel[] {
  const bulk_id = labelled.length > 1 ? act.newId() : null;
  return labelled.map(({ row, labels }) => ({
    kind: 'label',
    record: {
      label_id: labelId(row.exchange_id, act.newId()),
      ...{ ts: act.ts, exchange_id: row.exchange_id, verdict_id: row.verdict?.verdict_id ?? null },
      ...{ reviewer: act.reviewer, label: act.label },
      replaces: standing(labels, act.reviewer)?.label_id ?? null,
      ...{ queue: act.queue, blind: act.blind, sampling_probability: act.sampled(row.exchange_id), bulk_id },
      note_sha256: act.note === null ? null : hash('sha256', act.note),
    },
    note: act.note,
  }));
}

/** Takes a label back and puts nothing in its place. */
export function withdrawal(label: LabelRow, { ts, newId }: Pick<LabelAct, 'ts' | 'newId'>): NewLabel {
  const { exchange_id, verdict_id, reviewer, queue, blind, sampling_probability } = label;
  const record: LabelRecord = {
    label_id: labelId(exchange_id, newId()),
    ...{ ts, exchange_id, verdict_id, reviewer },
    ...{ label: null, replaces: label.label_id },
    ...{ queue, blind, sampling_probability },
    ...{ bulk_id: null, note_sha256: null },
  };
  return { kind: 'label', record, note: null };
}

/** The label of this reviewer that stands: at most one does. */
export function standing(labels: readonly LabelRow[], reviewer: string): LabelRow | null {
  return labels.find((label) => label.stands && label.label !== null && label.reviewer === reviewer) ?? null;
}

/** Begins with the exchange, so that a label can be found by its id alone. */
function labelId(exchangeId: string, id: string): string {
  return `${exchangeId}.${id}`;
}

/** The exchange of a label, null for what is no id of one. */
export function exchangeOf(labelId: string): string | null {
  const dot = labelId.lastIndexOf('.');
  return dot > 0 ? labelId.slice(0, dot) : null;
}
