/** What machines ask: alive, ready, metrics, and the description of the API. */

import type { FastifyInstance } from 'fastify';
import { isReady } from '../health.ts';
import { admit } from './admission.ts';
import type { AppParts } from './app.ts';
import { openApiDocument } from './openapi.ts';

export function registerProbes(app: FastifyInstance, parts: AppParts): void {
  const { health, metrics, listen, version } = parts;
  app.get('/healthz', () => ({ status: 'alive' }));
  app.get('/readyz', (_request, reply) => {
    const report = health();
    const ready = isReady(report);
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not_ready', parts: report.parts });
  });
  app.get('/metrics', async (request, reply) => {
    if (!listen.open_metrics) await admit(parts, request, { method: 'GET', permission: 'metrics:read' });
    return reply.type(metrics.contentType).send(await metrics.render());
  });
  const document = JSON.stringify(openApiDocument(version));
  app.get('/api/openapi.json', (_request, reply) => reply.type('application/json').send(document));
}
