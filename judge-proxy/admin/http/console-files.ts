/**
 * The console: files that Vite built. They hold no data and no secret, so nobody has to be signed in to load them; what
 * they show comes from the API, which asks.
 */

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblem } from '../problems.ts';
import { contentSecurityPolicy } from './security-headers.ts';

const INDEX = 'index.html';
/** Vite puts files whose name holds a hash of their content here: another content has another name. */
const HASHED = 'assets';

export async function registerConsole(app: FastifyInstance, folder: string): Promise<void> {
  app.get('/', (_request, reply) => sendPage(reply, folder));
  await app.register(fastifyStatic, {
    root: folder,
    index: false,
    redirect: false,
    dotfiles: 'deny',
    cacheControl: false,
    // The page itself needs its nonce (below).
    allowedPath: (path) => !path.endsWith(INDEX),
    setHeaders: (reply, path) => {
      const hashed = path.startsWith(join(folder, HASHED) + sep);
      reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}

/** Whether a path that is no file is a page of the console, whose router knows it. */
export function isPage({ method, headers, url }: Pick<FastifyRequest, 'method' | 'headers' | 'url'>): boolean {
  const page = method === 'GET' && (headers.accept ?? '').includes('text/html');
  return page && !/^\/(api|metrics|healthz|readyz|assets)(\/|\?|$)/.test(url);
}

/**
 * The page, with a nonce of its own for the styles that its libraries write.
 * @throws {ApiProblem} `not_found` when the console was not built
 */
export async function sendPage(reply: FastifyReply, folder: string): Promise<FastifyReply> {
  const page = await readFile(join(folder, INDEX), 'utf8').catch(() => null);
  if (page === null) throw new ApiProblem('not_found', 'The console is not built: npm run build:console');
  const nonce = randomBytes(16).toString('base64');
  return reply
    .header('content-security-policy', contentSecurityPolicy(nonce))
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(withNonce(page, nonce));
}

/** Writes the nonce into `<meta name="csp-nonce">` (made when it is not there) and onto inline style elements. Pure. */
export function withNonce(page: string, nonce: string): string {
  const meta = `<meta name="csp-nonce" content="${nonce}">`;
  const without = page.replace(/<meta\s[^>]*name="csp-nonce"[^>]*>/i, '');
  return without.replace(/<head([^>]*)>/i, `<head$1>${meta}`);
}
