/** One route for each endpoint that has a handler: admitted, parsed, answered as the contract says. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Endpoint } from '../../contract/endpoint.ts';
import { ENDPOINTS } from '../../contract/endpoints.ts';
import type { Actor } from '../../ledger/acts.ts';
import { act } from '../accounts/act.ts';
import type { Identity } from '../auth/authenticate.ts';
import type { Context, FileAnswer, HandledEndpoint, Handlers } from '../handlers.ts';
import { ApiProblem } from '../problems.ts';
import { admit, stillPermitted } from './admission.ts';
import type { AppParts } from './app.ts';
import type { Connections } from './connections.ts';
import { download } from './download.ts';
import { EventStream } from './events.ts';
import { parseGiven } from './parse.ts';
import { Shares } from './shares.ts';

/** Streams of events that are open at one time: of one person with all tokens, and in all. */
export const MOST_STREAMS = { each: 8, all: 200 } as const;
/** A stream whose reader has gone or may no more is noticed by its next heartbeat. */
const STREAM_RETRY_S = 15;

/** Body of a request: rubrics are the largest, 256 Ki characters. */
export const BODY_LIMIT = 1_048_576;

export interface EndpointParts extends AppParts {
  readonly connections: Connections;
}

type AnyHandler = (given: unknown, context: Context) => Promise<unknown>;

export function registerEndpoints(app: FastifyInstance, parts: EndpointParts, handlers: Partial<Handlers>): void {
  const streams = new Shares(MOST_STREAMS);
  for (const name of Object.keys(handlers) as HandledEndpoint[]) {
    const handler = handlers[name] as AnyHandler | undefined;
    if (handler === undefined) continue;
    const endpoint: Endpoint = ENDPOINTS[name];
    // Set by onRequest, used by the handler of the same request.
    const identities = new WeakMap<FastifyRequest, Identity>();
    app.route({
      method: endpoint.method,
      url: endpoint.path,
      bodyLimit: BODY_LIMIT,
      onRequest: async (request, reply) => {
        const identity = await admit(parts, request, endpoint);
        if (identity === null) return;
        identities.set(request, identity);
        parts.connections.keep(request.raw, reply.raw, identity.caller.user);
      },
      handler: async (request, reply) => {
        const identity = identities.get(request);
        if (identity === undefined) throw new ApiProblem('not_signed_in');
        const { params, query, body = {} } = request;
        const given = parseGiven(endpoint, { params, query, body: body ?? {} });
        const gone = goneSignal(reply);
        const answer = await handler(given, contextOf(parts, request, identity, gone.signal)).catch(
          (error: unknown) => {
            // Nobody hears it, and it is no failure that the log should tell of.
            throw error === gone.signal.reason ? new ApiProblem('not_possible', 'The caller has gone.') : error;
          },
        );
        return send(endpoint, answer, { parts, person: identity.caller.user, request, reply, gone, streams });
      },
    });
  }
}

function contextOf(parts: AppParts, request: FastifyRequest, { caller }: Identity, signal: AbortSignal): Context {
  const actor: Actor = caller.actor;
  return {
    caller,
    requestId: request.id,
    signal,
    act: (action, object, before, after) => act(parts, actor, action, object, before, after),
  };
}

/** Aborted when the caller goes away, or the server closes its connection. */
function goneSignal(reply: FastifyReply): AbortController {
  const gone = new AbortController();
  // While it was being admitted: nothing will say so again.
  if (reply.raw.closed) gone.abort();
  reply.raw.once('close', () => gone.abort());
  return gone;
}

interface Sending {
  readonly parts: AppParts;
  readonly person: string;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly gone: AbortController;
  readonly streams: Shares;
}

function send(endpoint: Endpoint, answer: unknown, sending: Sending): FastifyReply {
  const { reply } = sending;
  switch (endpoint.answer) {
    case 'json':
      reply.code(endpoint.status);
      return endpoint.status === 204 ? reply.send() : reply.type('application/json').send(JSON.stringify(answer));
    case 'file':
      return sendFile(answer as FileAnswer, reply, () => stillMay(endpoint, sending));
    case 'events':
      return sendEvents(endpoint, answer as AsyncIterable<unknown>, sending);
    case 'redirect':
      throw new TypeError('browsers are sent elsewhere by session-routes.ts alone');
    default:
      throw new TypeError(`an answer of another kind: ${endpoint.answer satisfies never}`);
  }
}

function sendFile(file: FileAnswer, reply: FastifyReply, permitted: () => Promise<boolean>): FastifyReply {
  const name = file.name.replace(/[^A-Za-z0-9._-]/g, '_');
  reply.type(file.type).header('content-disposition', `attachment; filename="${name}"`);
  return reply.send(download({ body: file.body, permitted, waits: () => reply.raw.writableNeedDrain }));
}

function stillMay(endpoint: Endpoint, { parts, request }: Sending): Promise<boolean> {
  const { cookie, authorization } = request.headers;
  return stillPermitted(parts, { cookie, authorization }, endpoint);
}

const TOO_MANY_STREAMS = {
  each: `${MOST_STREAMS.each} live streams of this user are open: close one (a window of the console has one), or revoke the token that holds them.`,
  all: `All ${MOST_STREAMS.all} live streams are in use: read the list instead.`,
} as const;

function sendEvents(endpoint: Endpoint, items: AsyncIterable<unknown>, sending: Sending): FastifyReply {
  const { reply, gone, streams, person } = sending;
  const share = streams.take(person);
  if (typeof share === 'string') {
    gone.abort();
    throw new ApiProblem('too_many_requests', TOO_MANY_STREAMS[share], undefined, STREAM_RETRY_S);
  }
  const stream = new EventStream({
    items,
    permitted: () => stillMay(endpoint, sending),
    stop: () => gone.abort(),
  });
  stream.once('close', share);
  return reply.type('text/event-stream').header('x-accel-buffering', 'no').send(stream);
}
