/** Users: listed, made, changed, given a new password. What a change takes away ends with the sessions of that user. */

import { ROLE_PERMISSIONS, type Role } from '../../contract/roles.ts';
import { ConflictError } from '../../ledger/ledger-error.ts';
import type { Change } from '../../ledger/tables/statements-of-tables.ts';
import { timestamp } from '../../telemetry/clock.ts';
import { roleOf, type StoredSecret, type StoredToken, type StoredUser, userRow } from '../auth/account-rows.ts';
import { newPassword } from '../auth/passwords.ts';
import type { Caller, Handlers } from '../handlers.ts';
import { isOidcMark } from '../oidc/person.ts';
import { ApiProblem } from '../problems.ts';
import type { AccountParts } from './account-parts.ts';
import { append } from './act.ts';

type UserHandlers = Pick<Handlers, 'list_users' | 'create_user' | 'change_user' | 'reset_password'>;

export function createUserHandlers(parts: AccountParts): UserHandlers {
  const { ledger, clock, passwords } = parts;
  return {
    list_users: async () => (await ledger.rows<StoredUser>('users')).map(userRow),

    create_user: async ({ body: { name, role } }, context) => {
      checkWithin(context.caller, role);
      const password = newPassword();
      const hash = await passwords.hash(password);
      const record = context.act('user.create', name, null, { role });
      try {
        await append(ledger, record, [['insertUser', name, role, hash, 1, timestamp(clock)]]);
      } catch (error) {
        if (error instanceof ConflictError) throw new ApiProblem('conflict', 'There is a user of that name.');
        throw error;
      }
      return { user: userRow(await stored(parts, name)), password };
    },

    change_user: async ({ params: { name }, body }, context) => {
      const user = await stored(parts, name);
      const role = body.role ?? user.role;
      checkWithin(context.caller, roleOf(user.role), roleOf(role));
      const disabled = body.disabled ?? user.disabled_at !== null;
      const disabledAt = disabled ? (user.disabled_at ?? timestamp(clock)) : null;
      if (role === user.role && disabledAt === user.disabled_at) return userRow(user);
      const before = { role: user.role, disabled: user.disabled_at !== null };
      // Locked for good: whoever unlocks months later does not remember which of them had leaked. And at the unlocking those
      // of before they ended with the lock.
      const now = timestamp(clock);
      const tokens = disabledAt === user.disabled_at ? [] : await workingTokens(parts, name, now);
      const ended = tokens.length === 0 ? {} : { tokens_revoked: tokens };
      const record = context.act('user.update', name, before, { role, disabled, ...ended });
      const revoked: Change[] =
        disabledAt === user.disabled_at
          ? []
          : [
              ['requireTokensOf', name, now, tokens.length],
              ['revokeTokensOf', now, name, now],
            ];
      try {
        await append(ledger, record, [
          ['changeUser', role, disabledAt, name, user.role, user.disabled_at, role, disabledAt],
          ['endSessionsOf', name],
          ...revoked,
        ]);
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        const found = await stored(parts, name);
        const same = found.role === user.role && found.disabled_at === user.disabled_at;
        const unheard = revoked.length > 0 && (await workingTokens(parts, name, now)).length !== tokens.length;
        throw new ApiProblem(same && !unheard ? 'last_admin' : 'conflict');
      }
      return userRow(await stored(parts, name));
    },

    reset_password: async ({ params: { name } }, context) => {
      const [user] = await ledger.rows<StoredSecret>('userSecret', name);
      if (user === undefined) throw new ApiProblem('not_found');
      checkWithin(context.caller, roleOf(user.role));
      if (isOidcMark(user.password_hash) && context.caller.actor.kind !== 'cli') {
        throw new ApiProblem('not_possible', 'This user signs in at the OpenID provider and has no password.');
      }
      const password = newPassword();
      const hash = await passwords.hash(password);
      const record = context.act('user.password', name, null, { by: 'reset' });
      await append(ledger, record, [
        ['setPassword', hash, 1, name, user.password_hash],
        ['endSessionsOf', name],
      ]);
      return { user: userRow(await stored(parts, name)), password };
    },
  };
}

/** A token with `users:write` and little else must not make, or become, somebody who may everything. */
function checkWithin({ permissions }: Caller, ...roles: readonly Role[]): void {
  if (roles.every((role) => ROLE_PERMISSIONS[role].every((permission) => permissions.has(permission)))) return;
  throw new ApiProblem('not_permitted', 'Only for users who may no more than the caller.');
}

async function stored({ ledger }: AccountParts, name: string): Promise<StoredUser> {
  const [user] = await ledger.rows<StoredUser>('user', name);
  if (user === undefined) throw new ApiProblem('not_found');
  return user;
}

async function workingTokens({ ledger }: AccountParts, name: string, now: string): Promise<readonly string[]> {
  const rows = await ledger.rows<Pick<StoredToken, 'token_id'>>('workingTokensOf', name, now);
  return rows.map(({ token_id }) => token_id);
}
