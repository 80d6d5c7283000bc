/** Rows of the account tables as they come from SQLite, and what the API shows of them. */

import type { TokenRow, UserRow } from '../../contract/responses.ts';
import { PERMISSIONS, type Permission, ROLES, type Role } from '../../contract/roles.ts';

export interface StoredUser {
  readonly name: string;
  readonly role: string;
  readonly must_change: number;
  readonly disabled_at: string | null;
  readonly created_at: string;
}

export interface StoredSecret extends StoredUser {
  readonly password_hash: string;
}

/** A session with its user. Times of the session in milliseconds since 1970. */
export interface StoredSession extends StoredUser {
  readonly session_hash: string;
  readonly started_at: number;
  readonly seen_at: number;
  readonly expires_at: number;
}

export interface StoredToken {
  readonly token_id: string;
  readonly name: string;
  readonly scopes: string;
  readonly created_by: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly revoked_at: string | null;
  readonly used_at: string | null;
}

/** A token with its hash and the state of its maker. */
export interface StoredCredential extends StoredToken {
  readonly token_hash: string;
  readonly maker_role: string;
  readonly maker_disabled_at: string | null;
}

/** @throws TypeError for a role that is none: the table refuses those */
export function roleOf(text: string): Role {
  const role = ROLES.find((known) => known === text);
  if (role === undefined) throw new TypeError('a user with an unknown role');
  return role;
}

/** Scopes of a row; a name that is no permission (any more) permits nothing. */
export function scopesOf(json: string): readonly Permission[] {
  const names: unknown = JSON.parse(json);
  return Array.isArray(names) ? PERMISSIONS.filter((permission) => names.includes(permission)) : [];
}

export function userRow(user: StoredUser): UserRow {
  return {
    name: user.name,
    role: roleOf(user.role),
    created_at: user.created_at,
    disabled_at: user.disabled_at,
    must_change_password: user.must_change !== 0,
  };
}

export function tokenRow(token: StoredToken): TokenRow {
  const { token_id, name, scopes, created_by, created_at, expires_at, revoked_at, used_at } = token;
  return { token_id, name, scopes: scopesOf(scopes), created_by, created_at, expires_at, revoked_at, used_at };
}
