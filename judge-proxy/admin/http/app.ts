/** The admin server without its listener: guards, routes, errors. */

import helmet from '@fastify/helmet';
import { type FastifyInstance, type FastifyServerOptions, fastify } from 'fastify';
import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Sessions } from '../accounts/sessions.ts';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Handlers } from '../handlers.ts';
import type { HealthReport } from '../health.ts';
import type { SingleSignOn } from '../oidc/single-sign-on.ts';
import { ApiProblem } from '../problems.ts';
import { Connections } from './connections.ts';
import { isPage, registerConsole, sendPage } from './console-files.ts';
import { registerEndpoints } from './endpoint-routes.ts';
import type { OwnNames } from './own-names.ts';
import { registerProbes } from './probe-routes.ts';
import { asProblem, sendProblem } from './problem-answer.ts';
import { helmetOptions, ownHeaders } from './security-headers.ts';
import { registerSessionEndpoints } from './session-routes.ts';
import type { AdminTls } from './tls.ts';

export interface AppParts {
  readonly listen: Config['listen']['admin'];
  /** Browsers reach us by TLS, ours or that of the proxy before us. */
  readonly https: boolean;
  readonly tls: AdminTls | null;
  readonly ownNames: OwnNames;
  readonly authenticator: Authenticator;
  readonly sessions: Sessions;
  /** Null where passwords are the only way to sign in. */
  readonly singleSignOn: SingleSignOn | null;
  readonly cookieName: string;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  readonly health: () => HealthReport;
  readonly metrics: Pick<Metrics, 'render' | 'contentType'>;
  readonly version: string;
  /** Folder of the built console; null without one. */
  readonly consoleFolder: string | null;
}

/**
 * Connections at one time: 200 streams of events, and browsers with six each. Whoever reaches the port cannot take the
 * descriptors that traffic needs; who makes room for one more: connections.ts.
 */
export const MOST_CONNECTIONS = 512;
const TLS_HANDSHAKE_MS = 10_000;
/** For the headers of a request, and for all of it. */
const REQUEST_MS = 10_000;
/** Node looks every 30 s, and gives headers a minute: 512 halves of requests would keep everybody else out for so long. */
const HTTP = { headersTimeout: REQUEST_MS, connectionsCheckingInterval: 2_000 };

/** @param handlers those that are there; an endpoint without one is not */
export async function createApp(parts: AppParts, handlers: Partial<Handlers>): Promise<FastifyInstance> {
  const { consoleFolder } = parts;
  const app = open(parts);
  const connections = new Connections(app.server, MOST_CONNECTIONS);
  await app.register(helmet, helmetOptions(parts.https));
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(ownHeaders(request.id));
    if (!parts.ownNames.isHost(request.headers.host)) throw new ApiProblem('foreign_host');
    // Before a body is read for nothing.
    if (request.is404 && request.method !== 'GET') throw new ApiProblem('not_found');
  });
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler((error, request, reply) => sendProblem(reply, asProblem(error, request.id, parts.log)));
  app.setNotFoundHandler(async (request, reply) => {
    if (consoleFolder !== null && isPage(request)) return await sendPage(reply, consoleFolder);
    throw new ApiProblem('not_found');
  });
  registerProbes(app, parts);
  registerSessionEndpoints(app, parts);
  registerEndpoints(app, { ...parts, connections }, handlers);
  if (consoleFolder !== null) await registerConsole(app, consoleFolder);
  return app;
}

function open({ listen, tls, newId, log }: AppParts): FastifyInstance {
  const options = {
    logger: false,
    forceCloseConnections: true,
    requestTimeout: REQUEST_MS,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    bodyLimit: 1,
    genReqId: () => newId(),
    requestIdHeader: false,
    // The proxy before us is one hop: what it says of its peer is believed, what that peer said is not.
    trustProxy: listen.behind_trusted_proxy ? (_address: string, hop: number) => hop === 0 : false,
    // A URL that cannot be read: no hook has run.
    frameworkErrors: (error, request, reply) =>
      void sendProblem(reply.headers(ownHeaders(request.id)), asProblem(error, request.id, log)),
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
  } satisfies FastifyServerOptions;
  if (tls === null) return fastify({ ...options, http: HTTP });
  return fastify({
    ...options,
    https: { ...tls.context, ...HTTP, handshakeTimeout: TLS_HANDSHAKE_MS },
  }) as unknown as FastifyInstance;
}
