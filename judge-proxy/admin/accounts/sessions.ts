/**
 * Signing in and out, and the own password. The session id is 256 random bits in a cookie; the table has its SHA-256. It
 * is another one after each sign-in and each change of the password.
 */

import { createHmac, randomBytes } from 'node:crypto';
import type { Body } from '../../contract/endpoints.ts';
import type { Me } from '../../contract/responses.ts';
import { ROLE_PERMISSIONS } from '../../contract/roles.ts';
import type { ActRecord } from '../../ledger/acts.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { ConflictError } from '../../ledger/ledger-error.ts';
import type { Change } from '../../ledger/tables/statements-of-tables.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Log } from '../../telemetry/log.ts';
import { roleOf, type StoredSecret, type StoredUser } from '../auth/account-rows.ts';
import type { CurrentSession, Identity, SessionLimits } from '../auth/authenticate.ts';
import { sha256 } from '../auth/credentials.ts';
import { isDeviceOf, newDevice } from '../auth/known-device.ts';
import type { Passwords } from '../auth/passwords.ts';
import type { SignInLimits } from '../auth/sign-in-limits.ts';
import type { Person } from '../oidc/person.ts';
import { Refusal } from '../oidc/refusal.ts';
import { ApiProblem } from '../problems.ts';
import { act, append } from './act.ts';
import { adoption } from './oidc-user.ts';

export interface SessionsParts {
  readonly ledger: Pick<Ledger, 'append' | 'rows'>;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  readonly limits: SessionLimits;
  readonly passwords: Passwords;
  readonly attempts: SignInLimits;
}

/** Where a request comes from, and the session that its cookie names: unchecked, it only ever ends. */
export interface Origin {
  readonly address: string;
  readonly requestId: string;
  readonly cookieSha256: string | null;
  /** What the browser was given at an earlier sign-in: unchecked. */
  readonly device: string | null;
}

/** A new session: its id goes into the cookie. */
export interface Started {
  readonly me: Me;
  readonly session: CurrentSession;
}

/** The browser is known from now on: this goes into a cookie, too. */
export interface StartedByPassword extends Started {
  readonly device: string;
}

export class Sessions {
  readonly #parts: SessionsParts;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
  }

  /** @throws {ApiProblem} `wrong_credentials`, whatever is wrong; `too_many_requests` */
  async signIn({ name, password }: Body<'sign_in'>, origin: Origin): Promise<StartedByPassword> {
    const user = await this.#verified(name, password, origin);
    const record = this.#act(user.name, 'session.start', { address: origin.address });
    const ended: Change[] = origin.cookieSha256 === null ? [] : [['endSession', origin.cookieSha256]];
    const started = await this.#start(user, user.password_hash, [record], ended);
    return { ...started, device: newDevice(user) };
  }

  /**
   * Signs somebody in whom the OpenID provider vouches for; their user is made, or has the role that the provider says.
   * @throws {Refusal} `name_taken`, `locked`, `last_admin`, `try_again`
   */
  async signInAs(person: Person, origin: Origin): Promise<Started> {
    const { ledger } = this.#parts;
    const [stored] = await ledger.rows<StoredSecret>('userSecret', person.name);
    const { user, records, changes, demotes } = adoption(this.#parts, person, stored ?? null);
    const record = this.#act(person.name, 'session.start', { address: origin.address, by: 'oidc' });
    const ended: Change[] = origin.cookieSha256 === null ? [] : [['endSession', origin.cookieSha256]];
    try {
      return await this.#start(user, person.mark, [...records, record], [...changes, ...ended]);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.code !== 'wrong_credentials') throw error;
      throw new Refusal(demotes ? 'last_admin' : 'try_again');
    }
  }

  /** The caller of a session. */
  me({ caller, mustChange, session }: Identity & { readonly session: CurrentSession }): Me {
    return {
      name: caller.user,
      role: caller.role,
      permissions: [...caller.permissions],
      csrf_token: csrfToken(session.id),
      must_change_password: mustChange,
      expires_at: new Date(session.expiresAt).toISOString(),
    };
  }

  async signOut(user: string, session: CurrentSession): Promise<void> {
    await append(this.#parts.ledger, this.#act(user, 'session.end', null), [['endSession', session.sha256]]);
  }

  /** @throws {ApiProblem} `wrong_credentials` for the current password; `invalid_request` when it is the same */
  async changePassword(name: string, body: Body<'change_password'>, origin: Origin): Promise<StartedByPassword> {
    const user = await this.#verified(name, body.current, origin);
    if (body.password.normalize('NFKC') === body.current.normalize('NFKC')) {
      throw new ApiProblem('invalid_request', 'The new password is the old one.');
    }
    const hash = await this.#parts.passwords.hash(body.password);
    const record = this.#act(name, 'user.password', { by: 'self' });
    const changes: Change[] = [
      ['setPassword', hash, 0, name, user.password_hash],
      ['endSessionsOf', name],
    ];
    const started = await this.#start({ ...user, must_change: 0 }, hash, [record], changes);
    return { ...started, device: newDevice({ name, password_hash: hash }) };
  }

  /** The user whose password it is; what is refused costs an attempt: of a known browser, or of name and address. */
  async #verified(name: string, password: string, origin: Origin): Promise<StoredSecret> {
    const { ledger, passwords, attempts, log } = this.#parts;
    const { address, requestId: request_id } = origin;
    const [user] = await ledger.rows<StoredSecret>('userSecret', name);
    const usable = user === undefined || user.disabled_at !== null ? null : user;
    const isKnown = usable !== null && origin.device !== null && isDeviceOf(origin.device, usable);
    const attempt = await attempts.take({ name, address, device: isKnown ? origin.device : null });
    if (attempt.wait > 0) {
      log.write('warn', 'sign_in_refused', { address, request_id, reason: 'too_many_requests' });
      throw new ApiProblem('too_many_requests', undefined, undefined, attempt.wait);
    }
    const right = await passwords.verify(password, usable?.password_hash ?? null);
    if (!right || usable === null) {
      // Without the name: people type passwords into the wrong field.
      log.write('warn', 'sign_in_refused', { address, request_id, reason: 'wrong_credentials' });
      throw new ApiProblem('wrong_credentials');
    }
    await attempt.good();
    return usable;
  }

  async #start(
    user: StoredUser,
    hash: string,
    records: readonly ActRecord[],
    before: readonly Change[],
  ): Promise<Started> {
    const { ledger, clock, limits } = this.#parts;
    const id = randomBytes(32).toString('base64url');
    const now = clock.now();
    const expires = now + limits.session_lifetime;
    const session = { id, sha256: sha256(id), expiresAt: Math.min(expires, now + limits.session_idle) };
    const changes: Change[] = [
      ...before,
      ['insertSession', session.sha256, now, now, expires, user.name, hash],
      ['dropSessions', now - limits.session_idle, now],
    ];
    try {
      await append(ledger, records, changes);
    } catch (error) {
      // Changed or locked while the password was checked.
      if (error instanceof ConflictError) throw new ApiProblem('wrong_credentials');
      throw error;
    }
    const role = roleOf(user.role);
    const caller = { actor: { kind: 'user', name: user.name }, user: user.name, role } as const;
    const permissions = new Set(ROLE_PERMISSIONS[role]);
    return {
      session,
      me: this.me({ caller: { ...caller, permissions }, mustChange: user.must_change !== 0, session }),
    };
  }

  #act(user: string, action: ActRecord['action'], after: ActRecord['after']): ActRecord {
    return act(this.#parts, { kind: 'user', name: user }, action, user, null, after);
  }
}

/** What a page of ours sends with everything that changes something, and no page of others can know. */
export function csrfToken(sessionId: string): string {
  return createHmac('sha256', sessionId).update('csrf').digest('base64url');
}
