/** The first start: somebody has to be able to sign in. */

import type { Ledger } from '../../ledger/ledger.ts';
import { ConflictError } from '../../ledger/ledger-error.ts';
import { type Clock, timestamp } from '../../telemetry/clock.ts';
import type { StoredUser } from '../auth/account-rows.ts';
import { newPassword, type Passwords } from '../auth/passwords.ts';
import { act, append } from './act.ts';

/** To be shown once, at the terminal, and kept nowhere. */
export interface FirstUser {
  readonly name: string;
  readonly password: string;
}

export interface FirstUserParts {
  readonly ledger: Pick<Ledger, 'append' | 'rows'>;
  readonly passwords: Passwords;
  readonly clock: Clock;
  readonly newId: () => string;
}

const NAME = 'admin';

/** Makes the user `admin` with a random password that has to be changed; null when there is any user. */
export async function ensureFirstUser(parts: FirstUserParts): Promise<FirstUser | null> {
  const { ledger, passwords, clock } = parts;
  if ((await ledger.rows<StoredUser>('users')).length > 0) return null;
  const password = newPassword();
  const hash = await passwords.hash(password);
  const record = act(parts, { kind: 'system', name: 'first start' }, 'user.create', NAME, null, { role: 'admin' });
  try {
    await append(ledger, record, [['insertFirstUser', NAME, hash, timestamp(clock)]]);
  } catch (error) {
    if (error instanceof ConflictError) return null;
    throw error;
  }
  return { name: NAME, password };
}
