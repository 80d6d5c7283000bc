/** Whether a caller may call an endpoint: decided before its body is read. */

import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Endpoint } from '../../contract/endpoint.ts';
import { csrfToken } from '../accounts/sessions.ts';
import type { Authenticator, Credentials, Identity } from '../auth/authenticate.ts';
import { ApiProblem } from '../problems.ts';
import type { OwnNames } from './own-names.ts';

export type Permitted = Pick<Endpoint, 'method' | 'permission' | 'also'>;

export interface AdmissionParts {
  readonly authenticator: Authenticator;
  readonly ownNames: OwnNames;
}

/**
 * Who calls, when the call is permitted; null for a public endpoint, which does not ask.
 * @param mustChange what may be called although the password has to be changed
 * @throws {ApiProblem} why not
 */
export async function admit(
  { authenticator, ownNames }: AdmissionParts,
  request: Pick<FastifyRequest, 'headers'>,
  endpoint: Permitted,
  mustChange: 'refuse' | 'allow' = 'refuse',
): Promise<Identity | null> {
  const { headers } = request;
  const { permission } = endpoint;
  if (permission === 'public') {
    ownNames.checkOrigin(headers);
    return null;
  }
  const identity = await authenticator.identify({ cookie: headers.cookie, authorization: headers.authorization });
  if (identity === null) throw new ApiProblem('not_signed_in');
  if (identity.mustChange && mustChange === 'refuse') throw new ApiProblem('password_must_change');
  if (!permits(identity, endpoint)) throw new ApiProblem('not_permitted');
  ownNames.checkOrigin(headers);
  if (endpoint.method !== 'GET' && identity.session !== null) checkCsrf(headers['x-csrf-token'], identity.session.id);
  return identity;
}

/** Whether credentials that were admitted still are: asked while a stream is open. */
export async function stillPermitted(
  { authenticator }: AdmissionParts,
  credentials: Credentials,
  endpoint: Permitted,
): Promise<boolean> {
  const identity = await authenticator.identify(credentials, false).catch((error: unknown) => {
    if (error instanceof ApiProblem) return null;
    throw error;
  });
  return identity !== null && !identity.mustChange && permits(identity, endpoint);
}

/** Nobody is asked for at a public endpoint: whoever asks here has to have a permission. */
function permits({ session, caller }: Identity, { permission, also }: Permitted): boolean {
  if (permission === 'public') return false;
  if (permission === 'session') return session !== null;
  return caller.permissions.has(permission) && (also === undefined || caller.permissions.has(also));
}

function checkCsrf(given: string | string[] | undefined, sessionId: string): void {
  const wanted = Buffer.from(csrfToken(sessionId));
  const sent = Buffer.from(typeof given === 'string' ? given : '');
  if (sent.length !== wanted.length || !timingSafeEqual(sent, wanted)) throw new ApiProblem('csrf');
}
