/** Sign-in and what belongs to it: the endpoints that set the cookie. */

import { isIP } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Endpoint } from '../../contract/endpoint.ts';
import { type Body, ENDPOINTS, type Query } from '../../contract/endpoints.ts';
import type { CurrentSession, Identity } from '../auth/authenticate.ts';
import { readCookie } from '../auth/credentials.ts';
import { SESSION_ENDPOINTS, type SessionEndpoint } from '../handlers.ts';
import { ApiProblem } from '../problems.ts';
import { admit } from './admission.ts';
import type { AppParts } from './app.ts';
import { finishOidc, startOidc } from './oidc-routes.ts';
import { type GivenParts, parseGiven } from './parse.ts';

/** Two passwords. */
const BODY_LIMIT = 16_384;

/** How long a browser is known that nobody signs in from: half a year. */
const DEVICE_S = 180 * 86_400;

/** Answers the endpoint; null for 204. */
type Answering = (parts: AppParts, call: SessionCall) => Promise<unknown>;

interface SessionCall {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly given: GivenParts;
  readonly identity: Identity | null;
}

const ANSWERS: Readonly<Record<SessionEndpoint, Answering>> = {
  sign_in: async (parts, { request, reply, given }) => {
    const started = await parts.sessions.signIn(given.body as Body<'sign_in'>, originOf(parts, request));
    setCookie(parts, reply, started.session);
    setDevice(parts, reply, started.device);
    return started.me;
  },
  who_am_i: async (parts, { identity, reply }) => {
    const { session, ...rest } = signedIn(identity);
    setCookie(parts, reply, session); // its end moved with this use
    return parts.sessions.me({ ...rest, session });
  },
  sign_out: async (parts, { identity, reply }) => {
    const { caller, session } = signedIn(identity);
    await parts.sessions.signOut(caller.user, session);
    reply.header('set-cookie', cookie(parts, parts.cookieName, '', 0));
    return null;
  },
  change_password: async (parts, { request, reply, given, identity }) => {
    const { user } = signedIn(identity).caller;
    const body = given.body as Body<'change_password'>;
    const started = await parts.sessions.changePassword(user, body, originOf(parts, request));
    setCookie(parts, reply, started.session);
    setDevice(parts, reply, started.device);
    return started.me;
  },
  sign_in_ways: async ({ singleSignOn }) => ({ oidc: singleSignOn === null ? null : { name: singleSignOn.name } }),
  start_oidc: async (parts, { request, reply, given }) =>
    await startOidc(parts, request, reply, given.query as Query<'start_oidc'>, originOf(parts, request)),
  finish_oidc: async (parts, { request, reply }) => {
    const started = await finishOidc(parts, request, reply, originOf(parts, request));
    if (started !== null) setCookie(parts, reply, started.session);
    return null;
  },
};

/** The provider's site sends it: state and cookie stand in for the origin. */
const FROM_ELSEWHERE: SessionEndpoint = 'finish_oidc';

export function registerSessionEndpoints(app: FastifyInstance, parts: AppParts): void {
  for (const name of SESSION_ENDPOINTS) {
    const endpoint: Endpoint = ENDPOINTS[name];
    const identities = new WeakMap<FastifyRequest, Identity>();
    app.route({
      method: endpoint.method,
      url: endpoint.path,
      bodyLimit: BODY_LIMIT,
      onRequest: async (request) => {
        if (name === FROM_ELSEWHERE) return;
        const identity = await admit(parts, request, endpoint, 'allow');
        if (identity !== null) identities.set(request, identity);
      },
      handler: async (request, reply) => {
        const { params, query, body } = request;
        const given = parseGiven(endpoint, { params, query, body: body ?? {} });
        const identity = identities.get(request) ?? null;
        const answer = await ANSWERS[name](parts, { request, reply, given, identity });
        reply.code(endpoint.status);
        return answer === null ? reply.send() : reply.send(answer);
      },
    });
  }
}

function signedIn(identity: Identity | null): Identity & { readonly session: CurrentSession } {
  const session = identity?.session ?? null;
  if (identity === null || session === null) throw new ApiProblem('not_signed_in');
  return { ...identity, session };
}

function originOf({ cookieName }: AppParts, request: FastifyRequest) {
  const before = readCookie(request.headers.cookie, cookieName);
  const device = readCookie(request.headers.cookie, deviceName(cookieName));
  return {
    // What a trusted proxy forwards is still only text.
    address: isIP(request.ip) === 0 ? 'unknown' : request.ip,
    requestId: request.id,
    cookieSha256: before.kind === 'found' ? before.sha256 : null,
    device: device.kind === 'found' ? device.id : null,
  };
}

function setCookie(parts: AppParts, reply: FastifyReply, { id, expiresAt }: CurrentSession): void {
  const seconds = Math.max(1, Math.floor((expiresAt - parts.clock.now()) / 1000));
  reply.header('set-cookie', cookie(parts, parts.cookieName, id, seconds));
}

/** Beside the session's: it stays when that ends. */
function setDevice(parts: AppParts, reply: FastifyReply, device: string): void {
  reply.header('set-cookie', cookie(parts, deviceName(parts.cookieName), device, DEVICE_S));
}

function deviceName(cookieName: string): string {
  return `${cookieName}_device`;
}

/** Not for scripts, not for requests of other sites; on HTTPS never without TLS, and of this host alone. */
function cookie({ https }: AppParts, name: string, value: string, maxAge: number): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${https ? '; Secure' : ''}`;
}
