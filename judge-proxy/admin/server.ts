/**
 * Health and metrics, on a listener of their own that is never the data port (DESIGN decision 15). Nothing here asks who
 * you are, so it listens on loopback only, answers to loopback names only, and can change nothing.
 */

import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { isLoopback } from '../config/cidr.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type HealthReport, isReady } from './health.ts';

export interface AdminOptions {
  /** Loopback address. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Asked for each request of /readyz; must be cheap. */
  readonly health: () => HealthReport;
  readonly metrics: Pick<Metrics, 'render' | 'contentType'>;
}

export interface Admin {
  readonly port: number;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

/** The names under which a browser or a probe on this machine reaches us. */
const OWN_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/**
 * Starts the listener.
 * @throws TypeError for an address that is not loopback; the system's error when the port cannot be had
 */
export async function startAdmin(options: AdminOptions): Promise<Admin> {
  if (!isLoopback(options.host)) {
    throw new TypeError('listen.admin.host has to be a loopback address: health and metrics have no authentication');
  }
  const app = createApp(options);
  await app.listen({ host: options.host, port: options.port });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return { port, close: () => app.close() };
}

function createApp({ health, metrics }: AdminOptions): FastifyInstance {
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    requestTimeout: 10_000,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    bodyLimit: 1,
    // A malformed URL is one more thing that is not here.
    frameworkErrors: (_error, _request, reply) => void refuse(reply, 404, 'not_found'),
  });
  app.removeAllContentTypeParsers();
  app.addHook('onRequest', guard);
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'not_found'));
  app.setErrorHandler((error: FastifyError, _request, reply) =>
    (error.statusCode ?? 500) < 500 ? refuse(reply, 404, 'not_found') : refuse(reply, 500, 'internal'),
  );
  app.get('/healthz', () => ({ status: 'alive' }));
  app.get('/readyz', (_request, reply) => {
    const report = health();
    const ready = isReady(report);
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not_ready', parts: report.parts });
  });
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()));
  return app;
}

/**
 * Refuses foreign Host headers: a page in a browser can point its own name at 127.0.0.1 (DNS rebinding) and would then
 * be same-origin with us.
 */
async function guard(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  reply.headers(SECURITY_HEADERS);
  const host = request.headers.host?.replace(/:\d+$/, '').toLowerCase();
  if (host !== undefined && OWN_NAMES.has(host)) return undefined;
  return await refuse(reply, 403, 'foreign_host');
}

function refuse(reply: FastifyReply, status: number, code: string): FastifyReply {
  return reply.headers(SECURITY_HEADERS).code(status).send({ error: { code } });
}
