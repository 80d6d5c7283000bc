/**
 * A TLS or plain HTTP origin on loopback for tests and the demo: it records what reaches it, byte for byte, and hands
 * each request to a handler. It stands in for hosts that cannot be had here, never for a part of the product.
 */

import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/** One request as the origin got it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  /** Case, order and repeats as on the wire. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** Number of the connection that it came on, from 1. */
  readonly connection: number;
  /** Name in the client's ClientHello, false without. */
  readonly servername: string | false;
}

export type OriginHandler = (
  request: SeenRequest,
  response: http.ServerResponse,
  origin: Origin,
) => void | Promise<void>;

export interface OriginOptions {
  /** PEM; plain HTTP without. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly handler: OriginHandler;
  readonly host?: string;
  readonly port?: number;
}

export class Origin {
  readonly seen: SeenRequest[] = [];
  /** Emits `request` (SeenRequest), `abort` (SeenRequest) when the client side goes away before the response's end. */
  readonly events = new EventEmitter();
  readonly #server: http.Server | https.Server;
  readonly #sockets = new Map<Socket, number>();
  #connections = 0;
  readonly #handler: OriginHandler;

  private constructor(options: OriginOptions) {
    this.#handler = options.handler;
    this.events.setMaxListeners(0);
    const listener: http.RequestListener = (request, response) => void this.#take(request, response);
    this.#server = options.tls ? https.createServer(options.tls, listener) : http.createServer(listener);
    this.#server.keepAliveTimeout = 60_000;
    this.#server.on(options.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#connections += 1;
      this.#sockets.set(socket, this.#connections);
      socket.on('error', () => {});
      socket.once('close', () => {
        this.#sockets.delete(socket);
        this.events.emit('connection-closed');
      });
    });
  }

  static async start(options: OriginOptions): Promise<Origin> {
    const origin = new Origin(options);
    origin.#server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
    await once(origin.#server, 'listening');
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections accepted so far. */
  get connections(): number {
    return this.#connections;
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  /** The next request that arrives from now on. */
  async next(): Promise<SeenRequest> {
    const [request] = await once(this.events, 'request');
    return request as SeenRequest;
  }

  /** Requests for another protocol go to the listener; without one they come as plain requests. */
  onUpgrade(listener: (request: http.IncomingMessage, socket: Duplex, head: Buffer) => void): void {
    this.#server.on('upgrade', listener);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.keys()) socket.destroy();
    this.#server.closeAllConnections();
    await new Promise<void>((done) => {
      this.#server.close(() => done());
    });
  }

  async #take(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      this.events.emit('request-aborted');
      return;
    }
    const seen: SeenRequest = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      body: Buffer.concat(chunks),
      connection: this.#sockets.get(request.socket) ?? 0,
      servername: (request.socket as TLSSocket).servername ?? false,
    };
    this.seen.push(seen);
    response.once('close', () => {
      if (!response.writableFinished) this.events.emit('abort', seen);
    });
    this.events.emit('request', seen);
    await this.#handler(seen, response, this);
  }
}
