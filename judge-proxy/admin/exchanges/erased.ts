/** What is said of an exchange whose records were erased: that they were, when, by whom, and where the chain says so. */

import type { ErasureRecord } from '../../ledger/acts.ts';
import type { AuditRow, ReadModel } from '../../ledger/read-model/rows.ts';
import { ApiProblem } from '../problems.ts';

/** Erasures of one exchange: each tier once, and again where it was ordered again. */
const MOST = 50;

/**
 * An erasure of one exchange names it. One of a client or by age names nothing but positions: of what went with it nobody
 * can say any more that it was there.
 * @param error why there is no exchange with this id
 * @throws {ApiProblem} `erased` where its records were; the error itself otherwise
 */
export async function erasedOr(readModel: Pick<ReadModel, 'audit'>, id: string, error: unknown): Promise<never> {
  if (!(error instanceof ApiProblem) || error.code !== 'not_found') throw error;
  const { items } = await readModel.audit({ kind: 'erasure', object: id }, { limit: MOST });
  const erasure = items.find((row) => isOfAll(row));
  throw erasure === undefined ? error : new ApiProblem('erased', sentence(erasure));
}

type ErasureRow = Extract<AuditRow, { kind: 'erasure' }>;

function isOfAll(row: AuditRow): row is ErasureRow {
  return row.kind === 'erasure' && row.tier === 'metadata' && row.scope.kind === 'exchange';
}

function sentence({ ts, seq, actor, erasure_id }: ErasureRow): string {
  return `${whoOf(actor)} erased it at ${ts}. Record ${seq} of the ledger says so (erasure ${erasure_id}).`;
}

function whoOf({ kind, name }: ErasureRecord['actor']): string {
  return kind === 'user' ? name : kind === name ? kind : `${kind} ${name}`;
}
