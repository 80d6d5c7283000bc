/** The index cannot answer now. The ledger and traffic are not touched by it. */

import type { LedgerCause } from '../ledger-error.ts';

export class IndexUnavailableError extends Error {
  override readonly name = 'IndexUnavailableError';
  readonly reason: LedgerCause;

  constructor(reason: LedgerCause, file: string) {
    super(`The index ${file} cannot be used: ${reason}. It is made from the ledger, and may be removed at any time.`);
    this.reason = reason;
  }
}
