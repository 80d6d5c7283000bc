/**
 * Contract, through the real Envoy on both hops:
 * - each event of a stream reaches the client before the origin sends the next one: the origin waits for the client's
 *   receipt, so a buffer anywhere would stop the stream for good;
 * - the bytes of a stream are the same with and without the chain;
 * - a client that leaves ends the origin's work; an origin that dies is an error for the client, not an end.
 */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Chain, HOSTS } from '../support/chain.ts';
import { readAll, tlsThrough } from '../support/clients.ts';
import { openAiHandler } from '../support/openai-origin.ts';
import type { OriginHandler } from '../support/origin.ts';

const CHAT = JSON.stringify({
  model: 'gpt-5-mini',
  stream: true,
  messages: [{ role: 'user', content: 'tell me a story about proxies' }],
});

function request(path: string, host: string, body = CHAT): string {
  return `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

/** Tickets that the client gives: the origin takes one before each event. */
class Tickets {
  #given = 0;
  #taken = 0;
  #wake: (() => void) | null = null;

  give(): void {
    this.#given += 1;
    this.#wake?.();
  }

  async take(): Promise<void> {
    this.#taken += 1;
    while (this.#given < this.#taken) {
      await new Promise<void>((done) => {
        this.#wake = done;
      });
    }
  }
}

describe.each(['h2', 'h1'] as const)('streams through Envoy, hop %s', (hop) => {
  let chain: Chain;
  let ca: string;
  let tickets = new Tickets();

  const handler: OriginHandler = async (seen, response, origin) => {
    if (seen.url === '/gated') {
      await openAiHandler({ gate: () => tickets.take() })({ ...seen, url: '/v1/chat/completions' }, response, origin);
    } else if (seen.url === '/endless') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"n":0}\n\n');
    } else if (seen.url === '/large-event') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`data: ${'x'.repeat(16 << 20)}\n\n`);
    } else if (seen.url === '/dies') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"n":0}\n\n', () => response.socket?.destroy());
    } else {
      await openAiHandler()(seen, response, origin);
    }
  };

  beforeAll(async () => {
    chain = await Chain.start({ hop, handler });
    ca = await readFile(chain.caFile, 'utf8');
  });
  afterAll(async () => {
    await chain?.stop();
  });

  it('delivers each event before the next one is sent', async () => {
    tickets = new Tickets();
    const socket = await tlsThrough(chain.proxyPort, `${HOSTS.openai}:443`, ca);
    let received = '';
    let events = 0;
    tickets.give();
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      const now = received.split('\n\n').length - 1;
      for (; events < now; events += 1) tickets.give();
    });
    socket.write(request('/gated', HOSTS.openai));
    await once(socket, 'close');
    expect(received).toContain('data: [DONE]');
    expect(events).toBeGreaterThan(5);
  });

  it.each(['/v1/chat/completions', '/v1/responses'])('passes the bytes of %s on unchanged', async (path) => {
    const through = await tlsThrough(chain.proxyPort, `${HOSTS.openai}:443`, ca);
    through.write(request(path, HOSTS.openai));
    const proxied = (await readAll(through)).toString('latin1');
    const around = await tlsThrough(chain.proxyPort, `${HOSTS.tunnel}:443`, chain.originCa.cert);
    around.write(request(path, HOSTS.tunnel));
    const direct = (await readAll(around)).toString('latin1');
    expect(bodyOf(proxied)).toBe(bodyOf(direct));
    expect(bodyOf(direct)).toContain('data:');
    const [sent, expected] = [chain.origin.seen.at(-2), chain.origin.seen.at(-1)];
    expect(sent?.body).toEqual(expected?.body);
  });

  it('carries one event of 16 MiB', async () => {
    const socket = await tlsThrough(chain.proxyPort, `${HOSTS.openai}:443`, ca);
    socket.write(request('/large-event', HOSTS.openai));
    const text = bodyOf((await readAll(socket)).toString('latin1'));
    expect(text.length).toBe((16 << 20) + 8);
  });

  it('stops the origin when the client leaves', async () => {
    const socket = await tlsThrough(chain.proxyPort, `${HOSTS.openai}:443`, ca);
    socket.write(request('/endless', HOSTS.openai));
    await once(socket, 'data');
    const stopped = once(chain.origin.events, 'abort');
    socket.destroy();
    const [seen] = await stopped;
    expect(seen).toMatchObject({ url: '/endless' });
  });

  it('ends without the closing chunk when the origin dies', async () => {
    const socket = await tlsThrough(chain.proxyPort, `${HOSTS.openai}:443`, ca);
    socket.write(request('/dies', HOSTS.openai));
    const text = (await readAll(socket)).toString('latin1');
    expect(text).toContain('data: {"n":0}');
    expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
    const verdict = await chain.verdict((one) => one.coverage.reasons.includes('origin_failed'));
    expect(verdict.overall.label).not.toBe('clean');
  });
});

/** Body of an answer, chunks joined. */
function bodyOf(answer: string): string {
  const at = answer.indexOf('\r\n\r\n');
  const head = answer.slice(0, at).toLowerCase();
  let rest = answer.slice(at + 4);
  if (!head.includes('transfer-encoding: chunked')) return rest;
  let body = '';
  for (;;) {
    const line = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.slice(0, line), 16);
    if (!(size > 0)) return body;
    body += rest.slice(line + 2, line + 2 + size);
    rest = rest.slice(line + 2 + size + 2);
  }
}
