/** The user behind somebody who comes from the OpenID provider: made at the first sign-in, of the role of each. */

import type { ActRecord } from '../../ledger/acts.ts';
import type { Change } from '../../ledger/tables/statements-of-tables.ts';
import { timestamp } from '../../telemetry/clock.ts';
import type { StoredSecret, StoredUser } from '../auth/account-rows.ts';
import type { Person } from '../oidc/person.ts';
import { Refusal } from '../oidc/refusal.ts';
import { type ActParts, act } from './act.ts';

export interface Adoption {
  readonly user: StoredUser;
  readonly records: readonly ActRecord[];
  readonly changes: readonly Change[];
  /** An administrator is one no more: refused for the last. */
  readonly demotes: boolean;
}

const PROVIDER = { kind: 'system', name: 'oidc' } as const;

/**
 * What has to be recorded and changed before the person may be signed in. Pure but for time and ids.
 * @param stored the user of that name, null when there is none
 * @throws {Refusal} `name_taken` by a password, or by another subject: neither is ever taken over; `locked`
 */
export function adoption(parts: ActParts, { name, role, mark }: Person, stored: StoredSecret | null): Adoption {
  if (stored === null) {
    const created_at = timestamp(parts.clock);
    return {
      user: { name, role, must_change: 0, disabled_at: null, created_at },
      records: [act(parts, PROVIDER, 'user.create', name, null, { role, sign_in: 'oidc' })],
      changes: [['insertUser', name, role, mark, 0, created_at]],
      demotes: false,
    };
  }
  if (stored.password_hash !== mark) throw new Refusal('name_taken');
  if (stored.disabled_at !== null) throw new Refusal('locked');
  if (stored.role === role) return { user: stored, records: [], changes: [], demotes: false };
  const before = { role: stored.role, disabled: false };
  return {
    user: { ...stored, role },
    records: [act(parts, PROVIDER, 'user.update', name, before, { role, disabled: false })],
    changes: [
      ['changeUser', role, null, name, stored.role, null, role, null],
      ['endSessionsOf', name],
    ],
    demotes: stored.role === 'admin',
  };
}
