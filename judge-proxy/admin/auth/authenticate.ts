/**
 * Who asks. Every request asks the tables: what was ended, revoked, locked or narrowed a moment ago does not work any
 * more, in this process and in every other one.
 */

import { timingSafeEqual } from 'node:crypto';
import { type Permission, ROLE_PERMISSIONS } from '../../contract/roles.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Caller } from '../handlers.ts';
import { ApiProblem } from '../problems.ts';
import { roleOf, type StoredCredential, type StoredSession, scopesOf } from './account-rows.ts';
import { type Found, readBearer, readCookie } from './credentials.ts';

export interface SessionLimits {
  /** A session that is not used for so long ends; milliseconds. */
  readonly session_idle: number;
  /** It ends so long after sign-in, however it is used; milliseconds. */
  readonly session_lifetime: number;
}

/** A caller with what the server has to know beside it. */
export interface Identity {
  readonly caller: Caller;
  /** Nothing works but changing the password. */
  readonly mustChange: boolean;
  /** The session that it rests on; null for a token. */
  readonly session: CurrentSession | null;
}

export interface CurrentSession {
  /** What the cookie holds. */
  readonly id: string;
  readonly sha256: string;
  /** Milliseconds since 1970: its end if it is not used again before, and not longer than its lifetime. */
  readonly expiresAt: number;
}

export interface Credentials {
  readonly cookie: string | undefined;
  readonly authorization: string | undefined;
}

/** Times of last use are written at most this often. */
const TOUCH_MS = 60_000;

export interface AuthenticatorParts {
  readonly ledger: Pick<Ledger, 'append' | 'rows'>;
  readonly clock: Clock;
  readonly limits: SessionLimits;
  readonly cookieName: string;
}

export class Authenticator {
  readonly #parts: AuthenticatorParts;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /**
   * The caller of a request; null when it brings no credential.
   * @param use false to look without counting it as use: an open stream must not keep a session alive
   * @throws {ApiProblem} `not_signed_in` for a credential that does not work, whatever the other one would;
   *   `contradicting_credentials` when they belong to two people
   */
  async identify(credentials: Credentials, use = true): Promise<Identity | null> {
    const cookie = readCookie(credentials.cookie, this.#parts.cookieName);
    const bearer = readBearer(credentials.authorization);
    if (cookie.kind === 'malformed' || bearer.kind === 'malformed') throw new ApiProblem('not_signed_in');
    const session = cookie.kind === 'found' ? await this.#session(cookie) : null;
    const token = bearer.kind === 'found' ? await this.#token(bearer) : null;
    if (session !== null && token !== null && session.name !== token.created_by) {
      throw new ApiProblem('contradicting_credentials');
    }
    if (token !== null) {
      if (use) await this.#touchToken(token);
      return identityOfToken(token);
    }
    if (session === null || cookie.kind !== 'found') return null;
    if (use) await this.#touchSession(session);
    return this.#identityOfSession(session, cookie, use);
  }

  async #session(cookie: Found): Promise<StoredSession> {
    const { ledger, clock, limits } = this.#parts;
    const [row] = await ledger.rows<StoredSession>('session', cookie.sha256);
    const now = clock.now();
    const valid =
      row !== undefined &&
      equal(row.session_hash, cookie.sha256) &&
      row.disabled_at === null &&
      now < row.expires_at &&
      now < row.seen_at + limits.session_idle;
    if (!valid) throw new ApiProblem('not_signed_in');
    return row;
  }

  async #token(bearer: Found): Promise<StoredCredential> {
    const [row] = await this.#parts.ledger.rows<StoredCredential>('token', bearer.id);
    const valid =
      row !== undefined &&
      equal(row.token_hash, bearer.sha256) &&
      row.revoked_at === null &&
      row.maker_disabled_at === null &&
      this.#parts.clock.now() < Date.parse(row.expires_at);
    if (!valid) throw new ApiProblem('not_signed_in');
    return row;
  }

  #identityOfSession(row: StoredSession, cookie: Found, used: boolean): Identity {
    const { clock, limits } = this.#parts;
    const role = roleOf(row.role);
    const seen = used ? clock.now() : row.seen_at;
    return {
      caller: {
        actor: { kind: 'user', name: row.name },
        user: row.name,
        role,
        permissions: new Set(ROLE_PERMISSIONS[role]),
      },
      mustChange: row.must_change !== 0,
      session: {
        id: cookie.id,
        sha256: cookie.sha256,
        expiresAt: Math.min(row.expires_at, seen + limits.session_idle),
      },
    };
  }

  async #touchSession(row: StoredSession): Promise<void> {
    const { ledger, clock, limits } = this.#parts;
    const now = clock.now();
    if (now - row.seen_at < Math.min(TOUCH_MS, limits.session_idle / 4)) return;
    await ledger.append([], [['touchSession', now, row.session_hash]]);
  }

  async #touchToken(row: StoredCredential): Promise<void> {
    const { ledger, clock } = this.#parts;
    const now = clock.now();
    if (row.used_at !== null && now - Date.parse(row.used_at) < TOUCH_MS) return;
    await ledger.append([], [['touchToken', new Date(now).toISOString(), row.token_id]]);
  }
}

/** A token may what it was made for, and no more than its maker may now. */
function identityOfToken(row: StoredCredential): Identity {
  const role = roleOf(row.maker_role);
  const ofRole: readonly Permission[] = ROLE_PERMISSIONS[role];
  return {
    caller: {
      actor: { kind: 'token', name: row.token_id },
      user: row.created_by,
      role,
      permissions: new Set(scopesOf(row.scopes).filter((scope) => ofRole.includes(scope))),
    },
    mustChange: false,
    session: null,
  };
}

/** Two SHA-256 in hex, in a time that does not tell how far they agree. */
function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
