/** Answers about people and programs: who is signed in, users, tokens, what they did. */

import { z } from 'zod';
import type { AuditRow, Page } from '../../ledger/read-model/rows.ts';
import { PERMISSIONS, type Permission, ROLES, type Role } from '../roles.ts';
import { exactly, list, pageOf } from './exact.ts';
import { actFields, erasureFields, exportGapFields, labelFields } from './ledger-records.ts';
import * as word from './words.ts';

export interface Me {
  readonly name: string;
  readonly role: Role;
  readonly permissions: readonly Permission[];
  /** To be sent as `x-csrf-token` with everything that changes something. */
  readonly csrf_token: string;
  /** Nothing else works until the password was changed. */
  readonly must_change_password: boolean;
  readonly expires_at: string;
}

export interface UserRow {
  readonly name: string;
  readonly role: Role;
  readonly created_at: string;
  readonly disabled_at: string | null;
  readonly must_change_password: boolean;
}

export interface TokenRow {
  readonly token_id: string;
  readonly name: string;
  readonly scopes: readonly Permission[];
  readonly created_by: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly revoked_at: string | null;
  readonly used_at: string | null;
}

const role = z.enum(ROLES);
const permissions = list(z.enum(PERMISSIONS));

export const me = exactly<Me>()(
  z.strictObject({
    name: z.string(),
    role,
    permissions,
    csrf_token: z.string(),
    must_change_password: z.boolean(),
    expires_at: word.time,
  }),
);

export const userRow = exactly<UserRow>()(
  z.strictObject({
    name: z.string(),
    role,
    created_at: word.time,
    disabled_at: word.time.nullable(),
    must_change_password: z.boolean(),
  }),
);
export const userRows = list(userRow);
/** Shown once. */
export const newPassword = z.strictObject({ user: userRow, password: z.string() });

const tokenRow = exactly<TokenRow>()(
  z.strictObject({
    token_id: z.string(),
    name: z.string(),
    scopes: permissions,
    created_by: z.string(),
    created_at: word.time,
    expires_at: word.time,
    revoked_at: word.time.nullable(),
    used_at: word.time.nullable(),
  }),
);
export const tokenRows = list(tokenRow);
/** Shown once. */
export const newToken = z.strictObject({ row: tokenRow, token: z.string() });

export const auditRows = exactly<Page<AuditRow>>()(
  pageOf(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('act'), seq: word.count, ...actFields }),
      z.strictObject({ kind: z.literal('erasure'), seq: word.count, ...erasureFields }),
      z.strictObject({ kind: z.literal('export_gap'), seq: word.count, ...exportGapFields }),
      z.strictObject({ kind: z.literal('label'), seq: word.count, ...labelFields }),
    ]),
  ),
);

/** `oidc`: what its button says; null where passwords are the only way. */
export const signInWays = z.strictObject({ oidc: z.strictObject({ name: z.string() }).nullable() });
