/** One route for each endpoint that has a handler: admitted, parsed, answered as the contract says. */

import { Readable } from 'node:stream';
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
import { EventStream } from './events.ts';
import { parseGiven } from './parse.ts';

/** Streams of events that are open at one time. */
const MOST_STREAMS = 200;

/** Body of a request: rubrics are the largest, 256 Ki characters. */
export const BODY_LIMIT = 1_048_576;

type AnyHandler = (given: unknown, context: Context) => Promise<unknown>;

export function registerEndpoints(app: FastifyInstance, parts: AppParts, handlers: Partial<Handlers>): void {
  const streams = { open: 0 };
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
      onRequest: async (request) => {
        const identity = await admit(parts, request, endpoint);
        if (identity !== null) identities.set(request, identity);
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
        return send(endpoint, answer, { parts, request, reply, gone, streams });
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
  reply.raw.once('close', () => gone.abort());
  return gone;
}

interface Sending {
  readonly parts: AppParts;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly gone: AbortController;
  readonly streams: { open: number };
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
  return reply.send(Readable.from(whilePermitted(file.body, permitted), { objectMode: false }));
}

/** Whoever reads slowly reads for hours: a right that ends meanwhile ends the download, which is broken off then. */
async function* whilePermitted<T>(body: AsyncIterable<T>, permitted: () => Promise<boolean>): AsyncGenerator<T> {
  for await (const part of body) {
    if (!(await permitted())) throw new ApiProblem('not_permitted');
    yield part;
  }
}

function stillMay(endpoint: Endpoint, { parts, request }: Sending): Promise<boolean> {
  const { cookie, authorization } = request.headers;
  return stillPermitted(parts, { cookie, authorization }, endpoint);
}

function sendEvents(endpoint: Endpoint, items: AsyncIterable<unknown>, sending: Sending): FastifyReply {
  const { reply, gone, streams } = sending;
  if (streams.open >= MOST_STREAMS) {
    gone.abort();
    throw new ApiProblem('too_many_requests', 'Too many streams are open.');
  }
  streams.open += 1;
  const stream = new EventStream({
    items,
    permitted: () => stillMay(endpoint, sending),
    stop: () => gone.abort(),
  });
  stream.once('close', () => {
    streams.open -= 1;
  });
  return reply.type('text/event-stream').header('x-accel-buffering', 'no').send(stream);
}
