/** The two addresses of a sign-in by OpenID Connect: where the browser leaves from, and where it comes back to. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Query } from '../../contract/endpoints.ts';
import type { OidcRefusal } from '../../contract/sign-in.ts';
import type { Origin, Started } from '../accounts/sessions.ts';
import { readCookie } from '../auth/credentials.ts';
import { PENDING_MS } from '../oidc/pending.ts';
import { Refusal } from '../oidc/refusal.ts';
import type { SingleSignOn } from '../oidc/single-sign-on.ts';
import { ApiProblem } from '../problems.ts';
import type { AppParts } from './app.ts';

type OidcRouteParts = Pick<AppParts, 'singleSignOn' | 'cookieName' | 'https' | 'listen'>;

const CALLBACK = '/api/session/oidc/callback';

export async function startOidc(
  parts: OidcRouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  { next }: Query<'start_oidc'>,
  origin: Origin,
): Promise<null> {
  const begun = await given(parts).begin({ redirectUri: redirectUri(parts, request), next }, origin);
  if (begun instanceof Refusal) return refuse(reply, begun.code, next);
  reply.header('set-cookie', cookie(parts, begun.id, PENDING_MS / 1000)).header('location', begun.url.href);
  return null;
}

/** @returns the session that its cookie has to be set for; null when the browser was sent back to the sign-in page */
export async function finishOidc(
  parts: OidcRouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  origin: Origin,
): Promise<Started | null> {
  const found = readCookie(request.headers.cookie, cookieName(parts));
  const [, search = ''] = /\?(.*)$/s.exec(request.url) ?? [];
  const { outcome, next } = await given(parts).finish(found.kind === 'found' ? found.sha256 : null, search, origin);
  reply.header('set-cookie', cookie(parts, '', 0));
  if (outcome instanceof Refusal) return refuse(reply, outcome.code, next);
  reply.header('location', next ?? '/');
  return outcome;
}

function given({ singleSignOn }: OidcRouteParts): SingleSignOn {
  if (singleSignOn === null) throw new ApiProblem('not_found');
  return singleSignOn;
}

/** Where browsers find us through a proxy; else as this one addressed us, by a name that is ours. */
function redirectUri({ listen, https }: OidcRouteParts, { headers }: FastifyRequest): string {
  return new URL(CALLBACK, listen.public_origin ?? `${https ? 'https' : 'http'}://${headers.host ?? ''}`).href;
}

function refuse(reply: FastifyReply, refused: OidcRefusal, next: string | undefined): null {
  const query = new URLSearchParams({ ...(next === undefined ? {} : { next }), refused });
  reply.header('location', `/sign-in?${query}`);
  return null;
}

function cookieName({ cookieName: session }: OidcRouteParts): string {
  return `${session}_oidc`;
}

/** Lax and not strict: it has to come along when the provider sends the browser back. */
function cookie(parts: OidcRouteParts, value: string, maxAge: number): string {
  const name = cookieName(parts);
  return `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${parts.https ? '; Secure' : ''}`;
}
