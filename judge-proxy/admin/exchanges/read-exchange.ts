/** All that is known of one exchange, from ledger and index. */

import type { ExchangeDetail } from '../../contract/responses.ts';
import type { ExchangeView, LedgerReader } from '../../ledger/ledger.ts';
import type { ReadModel } from '../../ledger/read-model/rows.ts';
import { ApiProblem } from '../problems.ts';
import { blindDetail } from './blind.ts';
import { caughtUp } from './catch-up.ts';
import { chainPosition } from './chain-position.ts';
import { contentOf } from './conversation.ts';
import { erasedOr } from './erased.ts';
import { findExchange } from './find-exchange.ts';

export interface ReadParts {
  readonly ledger: Pick<LedgerReader, 'exchange' | 'head' | 'sealed'>;
  readonly readModel: Pick<ReadModel, 'rows' | 'labels' | 'shadows' | 'audit' | 'caughtUp' | 'position'>;
  /** Records that the last signed checkpoint covers, null without one. */
  readonly checkpointSize: () => number | null;
}

export interface ReadRequest {
  readonly id: string;
  readonly blind: boolean;
  /** Name of the user who asks. */
  readonly reviewer: string;
  readonly signal: AbortSignal;
}

/** @throws {ApiProblem} `not_found`, `erased`, `ambiguous_id`, `ledger_unavailable` */
export async function readExchange(parts: ReadParts, request: ReadRequest): Promise<ExchangeDetail> {
  const { readModel } = parts;
  const view = await findExchange(parts.ledger, request.id).catch((error) => erasedOr(readModel, request.id, error));
  await caughtUp(readModel, lastSeq(view), request.signal);
  const detail = await detailOf(parts, view);
  return request.blind ? blindDetail(detail, request.reviewer) : detail;
}

async function detailOf({ ledger, readModel, checkpointSize }: ReadParts, view: ExchangeView): Promise<ExchangeDetail> {
  const { opened, completed, verdicts, job } = view;
  const id = opened.exchange_id;
  const [[row], labels, shadows, sealed] = await Promise.all([
    readModel.rows([id]),
    readModel.labels(id),
    readModel.shadows(id),
    ledger.sealed(id),
  ]);
  if (row === undefined) throw new ApiProblem('not_found', 'The index has no such exchange.');
  return {
    ...{ row, opened, completed, verdicts, shadows, labels },
    ...contentOf(view, row.erased),
    sealed: sealed === null ? null : { sha256: sealed.sha256, bytes: sealed.bytes.length },
    job,
    chain: await chainPosition(ledger, view, labels, checkpointSize()),
    blind: false,
  };
}

/** Of what the ledger just told, so that both tell the same. */
function lastSeq({ opened_seq, completed_seq, verdicts }: ExchangeView): number {
  return Math.max(opened_seq, completed_seq ?? 0, ...verdicts.map(({ seq }) => seq));
}
