/**
 * API tokens: `jp_ID_SECRET`, shown once, stored as SHA-256 (256 random bits need no slow hash). They belong to their
 * maker: only the maker may have another secret of it, because it speaks in the maker's name.
 */

import { randomBytes } from 'node:crypto';
import { ConflictError } from '../../ledger/ledger-error.ts';
import { timestamp } from '../../telemetry/clock.ts';
import { type StoredCredential, type StoredToken, tokenRow } from '../auth/account-rows.ts';
import { sha256 } from '../auth/credentials.ts';
import type { Caller, Handlers } from '../handlers.ts';
import { ApiProblem } from '../problems.ts';
import type { AccountParts } from './account-parts.ts';
import { append } from './act.ts';

type TokenHandlers = Pick<Handlers, 'list_tokens' | 'create_token' | 'rotate_token' | 'revoke_token'>;

/** One year. */
export const MOST_TOKEN_LIFE_MS = 365 * 86_400_000;

export function createTokenHandlers(parts: AccountParts): TokenHandlers {
  const { ledger, clock } = parts;
  return {
    list_tokens: async (_given, { caller }) => {
      const all = caller.permissions.has('tokens:write');
      const rows = await (all ? ledger.rows<StoredToken>('tokens') : ledger.rows<StoredToken>('tokensOf', caller.user));
      return rows.map(tokenRow);
    },

    create_token: async ({ body }, context) => {
      const { caller } = context;
      const scopes = [...new Set(body.scopes)];
      const beyond = scopes.filter((scope) => !caller.permissions.has(scope));
      if (beyond.length > 0) throw new ApiProblem('not_permitted', `Not yours to give: ${beyond.join(', ')}.`);
      const life = Date.parse(body.expires_at) - clock.now();
      if (life <= 0 || life > MOST_TOKEN_LIFE_MS) {
        const message = 'has to be in the future, and at most one year from now';
        throw new ApiProblem('invalid_request', undefined, [{ path: 'body.expires_at', message }]);
      }
      const id = `jp_${randomBytes(8).toString('hex')}`;
      const token = newToken(id);
      const { name } = body;
      const expires = new Date(body.expires_at).toISOString();
      const record = context.act('token.create', id, null, { name, scopes, expires_at: expires });
      const values = [id, name, sha256(token), JSON.stringify(scopes), timestamp(clock), expires] as const;
      await append(ledger, record, [['insertToken', ...values, caller.user, caller.role]]);
      return { row: tokenRow(await stored(parts, id)), token };
    },

    rotate_token: async ({ params: { id } }, context) => {
      const row = await visible(parts, id, context.caller);
      if (row.created_by !== context.caller.user) {
        throw new ApiProblem('not_permitted', 'Only its maker may have another secret of a token.');
      }
      const token = newToken(id);
      const record = context.act('token.rotate', id, null, null);
      await changed(() =>
        append(ledger, record, [['rotateToken', sha256(token), id, row.token_hash, timestamp(clock)]]),
      );
      return { row: tokenRow(await stored(parts, id)), token };
    },

    revoke_token: async ({ params: { id } }, context) => {
      const row = await visible(parts, id, context.caller);
      if (row.revoked_at !== null) return null; // as it should be
      const revokedAt = timestamp(clock);
      const record = context.act('token.revoke', id, { revoked_at: null }, { revoked_at: revokedAt });
      await changed(() => append(ledger, record, [['revokeToken', revokedAt, id]]));
      return null;
    },
  };
}

function newToken(id: string): string {
  return `${id}_${randomBytes(32).toString('base64url')}`;
}

/** A token of the caller's own, or any with `tokens:write`; others are not there. */
async function visible(parts: AccountParts, id: string, caller: Caller): Promise<StoredCredential> {
  const row = await stored(parts, id);
  if (row.created_by !== caller.user && !caller.permissions.has('tokens:write')) throw new ApiProblem('not_found');
  return row;
}

async function stored({ ledger }: AccountParts, id: string): Promise<StoredCredential> {
  const [row] = await ledger.rows<StoredCredential>('token', id);
  if (row === undefined) throw new ApiProblem('not_found');
  return row;
}

/** A change that came too late: the token was revoked or rotated meanwhile, or has expired. */
async function changed(change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (error instanceof ConflictError) throw new ApiProblem('not_possible', 'It is revoked, expired or changed.');
    throw error;
  }
}
