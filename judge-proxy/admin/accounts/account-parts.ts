/** What the handlers of users, tokens and the audit are made of. */

import type { Ledger } from '../../ledger/ledger.ts';
import type { ReadModel } from '../../ledger/read-model/rows.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Passwords } from '../auth/passwords.ts';

export interface AccountParts {
  readonly ledger: Pick<Ledger, 'append' | 'rows'>;
  readonly clock: Clock;
  readonly passwords: Passwords;
}

export interface AuditParts {
  readonly readModel: Pick<ReadModel, 'audit'>;
}
