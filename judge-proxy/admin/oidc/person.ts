/** Who an ID token speaks of, as this console knows people. Pure; signature, issuer, audience, nonce and time are checked. */

import type { OidcConfig } from '../../config/oidc.ts';
import { newUser } from '../../contract/requests.ts';
import { ROLES, type Role } from '../../contract/roles.ts';
import { sha256 } from '../auth/credentials.ts';
import { Refusal } from './refusal.ts';

export interface Person {
  readonly name: string;
  readonly role: Role;
  /** Stands in the place of a password hash, which it can never be: issuer and subject, so that a name has one holder. */
  readonly mark: string;
}

export type Claims = Readonly<Record<string, unknown>>;
type Rules = Pick<OidcConfig, 'user_claim' | 'role_claim' | 'roles'>;

/** Whether the user with that password hash signs in by OpenID Connect alone. */
export function isOidcMark(passwordHash: string): boolean {
  return passwordHash.startsWith('oidc$');
}

/** @throws {Refusal} `unverified_email`, `no_name`, `no_role`, `bad_answer` */
export function personOf(claims: Claims, rules: Rules): Person {
  const { iss, sub } = claims;
  if (typeof iss !== 'string' || typeof sub !== 'string' || sub === '') throw new Refusal('bad_answer');
  // OpenID Connect Core §5.7: nothing but iss and sub is sure to be one person, an address of theirs least of all.
  if (rules.user_claim === 'email' && claims.email_verified !== true) throw new Refusal('unverified_email');
  return {
    name: nameOf(own(claims, rules.user_claim)),
    role: roleOf(own(claims, rules.role_claim), rules.roles),
    mark: `oidc$${sha256(JSON.stringify([iss, sub]))}`,
  };
}

function nameOf(claim: unknown): string {
  const name = typeof claim === 'string' ? newUser.shape.name.safeParse(claim.toLowerCase()) : null;
  if (name?.success !== true) throw new Refusal('no_name');
  return name.data;
}

/** Of several roles the one that may most: ROLES is in that order. */
function roleOf(claim: unknown, roles: Rules['roles']): Role {
  const values = [claim].flat().filter((value) => typeof value === 'string');
  const given = new Set(values.map((value) => own(roles, value)));
  const role = ROLES.findLast((known) => given.has(known));
  if (role === undefined) throw new Refusal('no_role');
  return role;
}

/** A key of its own: `constructor` is nobody's claim and no role. */
function own(object: Claims, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
