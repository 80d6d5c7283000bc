/**
 * The other end of the hop for tests of this folder: a TLS server with client certificates that speaks HTTP/2 and
 * HTTP/1.1 by ALPN, writes down what reaches it, and answers by the name of the target:
 *
 * - CONNECT `refuse…` 403 with a body · `origin-dead…` 502 · anything else 200, then an echo
 * - any request: 200, the target as it was seen in the body
 */

import { EventEmitter, on, once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import http2, { type Http2SecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

export interface Seen {
  readonly method: string;
  /** CONNECT: host and port. Requests: the absolute URL. */
  readonly target: string;
  readonly version: '1.1' | '2';
  readonly headers: Readonly<Record<string, unknown>>;
  /** Of the client certificate, hexadecimal. */
  readonly serial: string;
}

export interface StubFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };

export class StubJudge {
  readonly seen: Seen[] = [];
  readonly #events = new EventEmitter();
  readonly #server: Http2SecureServer;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #sockets = new Set<TLSSocket>();

  private constructor(files: StubFiles) {
    this.#server = http2.createSecureServer({
      ...files,
      requestCert: true,
      rejectUnauthorized: true,
      allowHTTP1: true,
      streamResetBurst: 1e6,
      streamResetRate: 1e6,
      settings: { maxConcurrentStreams: 1000, initialWindowSize: 1 << 18, enableConnectProtocol: true },
    });
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket)).on('error', () => {});
    });
    this.#server.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session)).on('error', () => {});
    });
    this.#server.on('sessionError', () => {});
    this.#server.on('stream', (stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders) =>
      this.#onStream(stream, headers),
    );
    this.#server.on('request', (request: unknown, response: unknown) => {
      // With allowHTTP1 this fires for HTTP/2 as well, beside `stream`.
      if (request instanceof IncomingMessage && response instanceof ServerResponse) this.#onHttp1(request, response);
    });
    this.#server.on('connect', (request: IncomingMessage, socket: Duplex) => this.#onHttp1Connect(request, socket));
  }

  static async start(files: StubFiles, port = 0): Promise<StubJudge> {
    const stub = new StubJudge(files);
    stub.#server.listen(port, '127.0.0.1');
    await once(stub.#server, 'listening');
    return stub;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The first thing seen, past or future, that fits. */
  async saw(fits: (seen: Seen) => boolean): Promise<Seen> {
    const before = this.seen.find(fits);
    if (before) return before;
    for await (const [seen] of on(this.#events, 'seen') as AsyncIterable<[Seen]>) {
      if (fits(seen)) return seen;
    }
    throw new Error('unreachable: the emitter has no end');
  }

  /** Serves another certificate from now on. */
  renew(files: StubFiles): void {
    this.#server.setSecureContext(files);
  }

  /** Asks Envoy for new connections, as a restart would, without cutting what is open. */
  retireConnections(): void {
    for (const session of this.#sessions) session.close();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #note(seen: Seen): void {
    this.seen.push(seen);
    this.#events.emit('seen', seen);
  }

  #onStream(stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
    // Envoy ends every tunnel by a reset, which Node reports as an error.
    stream.on('error', () => {});
    const method = String(headers[':method']);
    const authority = String(headers[':authority']);
    const target = method === 'CONNECT' ? authority : `${headers[':scheme']}://${authority}${headers[':path']}`;
    const socket = stream.session?.socket as TLSSocket;
    this.#note({ method, target, version: '2', headers, serial: socket.getPeerCertificate().serialNumber });
    if (method !== 'CONNECT') {
      stream.respond({ ':status': 200, 'x-judge-edge': 'forged by an origin', 'content-length': target.length });
      stream.end(target);
      return;
    }
    const refusal = refusalOf(target);
    if (refusal) {
      stream.respond({ ':status': refusal.status, ...JSON_TYPE, 'content-length': refusal.body.length });
      stream.end(refusal.body);
      return;
    }
    stream.respond({ ':status': 200 });
    stream.pipe(stream);
  }

  #onHttp1(request: IncomingMessage, response: ServerResponse): void {
    this.#noteHttp1(request);
    response.setHeader('x-judge-edge', 'forged by an origin').end(request.url);
  }

  #onHttp1Connect(request: IncomingMessage, socket: Duplex): void {
    this.#noteHttp1(request);
    socket.on('error', () => {});
    const refusal = refusalOf(request.url ?? '');
    if (refusal) {
      const head = `HTTP/1.1 ${refusal.status} No\r\ncontent-type: application/json\r\ncontent-length: ${refusal.body.length}\r\n\r\n`;
      socket.end(head + refusal.body);
      return;
    }
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.pipe(socket);
  }

  #noteHttp1({ method = '', url = '', headers, socket }: IncomingMessage): void {
    const serial = (socket as TLSSocket).getPeerCertificate().serialNumber;
    this.#note({ method, target: url, version: '1.1', headers, serial });
  }
}

function refusalOf(target: string): { readonly status: number; readonly body: string } | null {
  if (target.startsWith('refuse')) return { status: 403, body: '{"error":{"code":"route_denied"}}' };
  if (target.startsWith('origin-dead')) return { status: 502, body: '{"error":{"code":"origin_unreachable"}}' };
  return null;
}
