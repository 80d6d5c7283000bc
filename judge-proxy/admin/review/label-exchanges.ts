/** Labelling and taking labels back: checked, appended in one act, shown when it can be found. */

import type { HumanLabel, QueueName } from '../../ledger/acts.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { ConflictError } from '../../ledger/ledger-error.ts';
import { isDrawn } from '../../ledger/read-model/control-draw.ts';
import type { ExchangeRow, LabelRow, ReadModel } from '../../ledger/read-model/rows.ts';
import type { Change } from '../../ledger/tables/statements-of-tables.ts';
import { type Clock, timestamp } from '../../telemetry/clock.ts';
import { caughtUp } from '../exchanges/catch-up.ts';
import { ApiProblem } from '../problems.ts';
import { exchangeOf, type Labelled, labelRecords, type NewLabel, standing, withdrawal } from './label-records.ts';

export interface LabelParts {
  readonly ledger: Pick<Ledger, 'append' | 'head'>;
  readonly readModel: Pick<ReadModel, 'rows' | 'labels' | 'caughtUp' | 'position'>;
  /** Of all exchanges, those in the control sample; 0 to 1. */
  readonly controlRate: number;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface LabelOrder {
  readonly reviewer: string;
  readonly exchange_ids: readonly string[];
  readonly label: HumanLabel;
  readonly note: string | null;
  readonly queue: QueueName | null;
  readonly blind: boolean;
  readonly signal: AbortSignal;
}

/**
 * All of them or none.
 * @returns the labels that were given, as they can be found now
 * @throws {ApiProblem} `not_found` for an unknown exchange, `not_possible` for an erased one, a queue that the exchange
 * is not from, or a queue in which nobody is blind
 */
export async function labelExchanges(parts: LabelParts, order: LabelOrder): Promise<readonly LabelRow[]> {
  checkBlind(order.queue, order.blind);
  const ids = [...new Set(order.exchange_ids)];
  const sampled = (id: string) => (isDrawn(id, parts.controlRate) ? parts.controlRate : null);
  if (order.queue === 'control' && ids.some((id) => sampled(id) === null)) {
    throw new ApiProblem('not_possible', 'One of these exchanges is not in the control sample.');
  }
  const { clock, newId, ledger } = parts;
  const known = (await ledger.head())?.seq ?? 0;
  const labelled = await labelledOf(parts, ids, known, order.signal);
  const records = labelRecords(labelled, { ...order, ts: timestamp(clock), newId, sampled });
  const [first, all] = [ids[0] ?? '', JSON.stringify(ids)];
  try {
    return await appended(parts, records, [['requireUnerased', first, known, all, all, all]], order);
  } catch (error) {
    throw error instanceof ConflictError ? erased() : error;
  }
}

export interface WithdrawOrder {
  readonly reviewer: string;
  readonly label_id: string;
  readonly signal: AbortSignal;
}

/**
 * The record stays; another one says that it does not stand any more.
 * @returns the records of this reviewer on the exchange, oldest first
 * @throws {ApiProblem} `not_found` for a label that is not one's own, `not_possible` for one that does not stand
 */
export async function withdrawLabel(parts: LabelParts, order: WithdrawOrder): Promise<readonly LabelRow[]> {
  const { reviewer, label_id } = order;
  const exchangeId = exchangeOf(label_id);
  const labels = exchangeId === null ? [] : await ownLabels(parts, exchangeId, reviewer);
  const label = labels.find((own) => own.label_id === label_id);
  if (label === undefined) throw new ApiProblem('not_found', 'This is no label of yours.');
  if (standing(labels, reviewer) !== label) {
    throw new ApiProblem('not_possible', 'This label was replaced or withdrawn before.');
  }
  await appended(parts, [withdrawal(label, { ts: timestamp(parts.clock), newId: parts.newId })], [], order);
  return await ownLabels(parts, label.exchange_id, reviewer);
}

/**
 * In the other queues an exchange is for what the judge said of it, so that nobody who works there is blind.
 * @throws {ApiProblem} `not_possible`
 */
export function checkBlind(queue: QueueName | null, blind: boolean): void {
  if (!blind || queue === null || queue === 'control') return;
  throw new ApiProblem(
    'not_possible',
    'Only the control sample can be worked blind: the other queues tell what was said.',
  );
}

async function labelledOf(
  { readModel }: LabelParts,
  ids: readonly string[],
  upTo: number,
  signal: AbortSignal,
): Promise<Labelled[]> {
  // From the index, which has all of them in one answer: the ledger would send what was said in each along.
  await caughtUp(readModel, upTo, signal);
  const rows = await readModel.rows(ids);
  if (rows.length !== ids.length) throw new ApiProblem('not_found', 'Not all of these exchanges are there.');
  if (rows.some(isErased)) throw erased();
  return await Promise.all(rows.map(async (row) => ({ row, labels: await readModel.labels(row.exchange_id) })));
}

function erased(): ApiProblem {
  return new ApiProblem('not_possible', 'What was said in one of these exchanges is erased: nobody can label it.');
}

function isErased({ erased }: ExchangeRow): boolean {
  return erased === 'text' || erased === 'metadata';
}

async function appended(
  { ledger, readModel }: LabelParts,
  records: readonly NewLabel[],
  changes: readonly Change[],
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly LabelRow[]> {
  const places = await ledger.append(records, changes);
  await caughtUp(readModel, Math.max(...places.map(({ seq }) => seq)), signal);
  const ids = new Set(records.map(({ record }) => record.label_id));
  const labels = await Promise.all(records.map(({ record }) => readModel.labels(record.exchange_id)));
  return labels.flat().filter(({ label_id }) => ids.has(label_id));
}

async function ownLabels({ readModel }: LabelParts, exchangeId: string, reviewer: string) {
  const labels = await readModel.labels(exchangeId);
  return labels.filter((label) => label.reviewer === reviewer);
}
