/** WebSocket clients through the chain, and origins behind it, both by the library `ws`. */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { type ClientOptions, type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import type { Chain } from './chain.ts';
import type { Origin } from './origin.ts';

/** Hands every connection of the origin to `serve`. */
export function serveWebSockets(
  origin: Origin,
  serve: (socket: WebSocket, request: IncomingMessage) => void,
  options: ServerOptions = {},
): WebSocketServer {
  const server = new WebSocketServer({ noServer: true, maxPayload: 64 << 20, ...options });
  origin.onUpgrade((request, socket, head) => {
    server.handleUpgrade(request, socket, head, (accepted) => {
      accepted.on('error', () => {});
      serve(accepted, request);
    });
  });
  return server;
}

/** Where the proxy is, and the CA that its clients trust. */
export type Way = Pick<Chain, 'proxyUrl' | 'caFile'>;

/** A client that is not yet open. */
export async function webSocketThrough(chain: Way, url: string, options: ClientOptions = {}): Promise<WebSocket> {
  const agent = new HttpsProxyAgent(chain.proxyUrl);
  const ca = await readFile(chain.caFile, 'utf8');
  const socket = new WebSocket(url, { agent, ca, perMessageDeflate: false, maxPayload: 64 << 20, ...options });
  socket.on('error', () => {});
  return socket;
}

/** The same, when it is open. */
export async function openWebSocket(chain: Way, url: string, options: ClientOptions = {}): Promise<WebSocket> {
  const socket = await webSocketThrough(chain, url, options);
  await once(socket, 'open');
  return socket;
}

/** Messages of a socket from now on, as text, one after the other. */
export class Inbox {
  readonly #messages: string[] = [];
  #wake: (() => void) | null = null;

  constructor(socket: WebSocket) {
    socket.on('message', (data) => {
      this.#messages.push(String(data));
      this.#wake?.();
    });
  }

  get waiting(): number {
    return this.#messages.length;
  }

  async next(): Promise<string> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async event(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.next()) as Record<string, unknown>;
  }
}
