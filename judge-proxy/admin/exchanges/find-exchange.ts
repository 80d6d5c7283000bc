/** The exchange that an id names, or the problem that the caller is told. */

import type { ExchangeView, LedgerReader } from '../../ledger/ledger.ts';
import { LookupError } from '../../ledger/ledger-error.ts';
import { ApiProblem } from '../problems.ts';

/**
 * @param id of the exchange, its request or a verdict; a prefix will do where one exchange has it
 * @throws {ApiProblem} `not_found`, `ambiguous_id`
 */
export async function findExchange(ledger: Pick<LedgerReader, 'exchange'>, id: string): Promise<ExchangeView> {
  const view = await ledger.exchange(id).catch((error: unknown) => {
    throw error instanceof LookupError ? new ApiProblem('ambiguous_id') : error;
  });
  if (view === null) throw new ApiProblem('not_found', 'The ledger has no such exchange.');
  return view;
}
