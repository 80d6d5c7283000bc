/**
 * TLS inside CONNECT: the leaf's TLS server completes the handshake, one inner HTTP server reads the requests, and each
 * of them goes to forward/ under the name that the tunnel was opened for.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { SigningCa } from '../../certs-tool/authority.ts';
import type { Limits } from '../config/schema.ts';
import { ProxyError } from '../errors.ts';
import type { Forwarder, ForwardTarget } from '../forward/forwarder.ts';
import { responseOn } from '../forward/websocket-answer.ts';
import type { Authority } from '../policy/types.ts';
import type { Clock } from '../telemetry/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { classifyHandshakeError, type HandshakeEnd, Reported } from './distrust.ts';
import { createInnerServer, refuseConnection } from './inner-server.ts';
import type { Interceptor, TunnelContext } from './interceptor.ts';
import { LeafCache } from './leaf-cache.ts';
import { agreedPath, sniAgrees } from './names.ts';
import { Tunnel, type TunnelEnd } from './tunnel.ts';

export interface InterceptMetrics {
  /** A handshake with a client failed, or was never used. Counted each time. */
  handshakeEnded(end: HandshakeEnd): void;
}

export interface InterceptorOptions {
  /** The interception CA of now. */
  readonly ca: () => SigningCa;
  readonly limits: Limits;
  readonly forwarder: Forwarder;
  readonly log: Log;
  readonly metrics: InterceptMetrics;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Uint8Array;
}

/** An interceptor that tells how many leaf certificates it holds. */
export function createInterceptor(options: InterceptorOptions): Interceptor & { readonly certificates: number } {
  return new TlsInterceptor(options);
}

class TlsInterceptor implements Interceptor {
  readonly #options: InterceptorOptions;
  readonly #leaves: LeafCache;
  readonly #inner: Server;
  readonly #tunnels = new Set<Tunnel>();
  /** Ties the TLS server's events to the tunnel whose stream it was given: they carry no other link to it. */
  readonly #current = new AsyncLocalStorage<Tunnel>();
  readonly #bySocket = new WeakMap<Duplex, Tunnel>();
  readonly #reported = new Reported();
  #closing: Promise<void> | null = null;
  #emptied: (() => void) | null = null;

  constructor(options: InterceptorOptions) {
    this.#options = options;
    this.#leaves = new LeafCache({
      ca: options.ca,
      max: options.limits.leaf_certificates,
      handshakeMs: options.limits.tls_handshake,
      clock: options.clock,
      randomBytes: options.randomBytes,
      events: {
        secured: (socket) => this.#secured(socket),
        failed: (error, socket) => this.#handshakeFailed(error, socket),
      },
    });
    this.#inner = createInnerServer(options.limits, {
      request: (request, response, expectsContinue) => this.#request(request, response, expectsContinue),
      upgrade: (request, socket, head) => this.#upgrade(request, socket, head),
      fault: (error, socket) => this.#fault(error, socket),
      broken: (socket) => socket.destroy(),
    });
  }

  get active(): number {
    return this.#tunnels.size;
  }

  get certificates(): number {
    return this.#leaves.size;
  }

  async prepare(authority: Authority): Promise<void> {
    this.#leaves.server(authority.host);
  }

  accept(stream: Duplex, context: TunnelContext, onClose: (reason: string) => void): void {
    const tunnel = new Tunnel(stream, context);
    // Left on by Node after CONNECT, it keeps the server side of a vanished client in CLOSE-WAIT without an event.
    stream.allowHalfOpen = false;
    stream.on('error', ignore); // a reset is an end like another: `close` follows
    // On HTTP/2 it would follow when all is read that came before, which a stalled upload never is. In the next tick: see
    // Tunnel.awaitFirstByte.
    stream.once('aborted', () => process.nextTick(() => tunnel.close()));
    this.#tunnels.add(tunnel);
    stream.once('close', () => {
      this.#over(tunnel);
      onClose(tunnel.end);
    });
    if (this.#closing !== null) tunnel.close('shutdown');
    if (stream.destroyed) return; // `close` follows
    tunnel.awaitFirstByte(this.#options.limits.first_byte, () => this.#startTls(tunnel));
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    const emptied = new Promise<void>((resolve) => {
      if (this.#tunnels.size === 0) resolve();
      this.#emptied = resolve;
    });
    for (const tunnel of this.#tunnels) tunnel.close('shutdown');
    this.#inner.close(); // stops its timers
    await emptied;
  }

  #startTls(tunnel: Tunnel): void {
    tunnel.handshake = 'running';
    try {
      const server = this.#leaves.server(tunnel.context.authority.host);
      this.#current.run(tunnel, () => server.emit('connection', tunnel.stream));
    } catch (error) {
      // The CA expired, or was replaced by one that may not sign for the host, between the 200 and the first byte.
      this.#log('error', tunnel, 'leaf_failed', { cause: codeOf(error) });
      tunnel.close('certificate_failed');
    }
  }

  #secured(socket: TLSSocket): void {
    const tunnel = this.#current.getStore();
    if (tunnel === undefined) {
      socket.destroy();
      return;
    }
    tunnel.handshake = 'done';
    tunnel.sniAgrees = sniAgrees(socket.servername, tunnel.context.authority);
    this.#bySocket.set(socket, tunnel);
    socket.on('error', ignore);
    socket.once('close', () => tunnel.close());
    this.#inner.emit('connection', socket);
  }

  #handshakeFailed(error: Error, socket: TLSSocket): void {
    const tunnel = this.#current.getStore();
    if (tunnel?.handshake === 'running') this.#distrusted(tunnel, classifyHandshakeError(error), codeOf(error));
    socket.destroy();
  }

  #distrusted(tunnel: Tunnel, end: HandshakeEnd, cause: string): void {
    tunnel.handshake = 'failed';
    this.#report(tunnel, end, cause);
    // On the HTTP/2 hop the stream would stay open after a failed handshake.
    tunnel.close(TUNNEL_END[end]);
  }

  #over(tunnel: Tunnel): void {
    tunnel.stopWaiting();
    this.#tunnels.delete(tunnel);
    if (tunnel.end === 'client_closed') {
      // The stream closes before the TLS server tells of it, which then comes too late to be the reason.
      if (tunnel.handshake === 'running') this.#distrusted(tunnel, 'likely_distrust', '');
      // Pinned keys look like this: handshake done, closed without a byte. So does a spare connection; hence only counted.
      if (tunnel.handshake === 'done' && tunnel.requests === 0) this.#report(tunnel, 'unused', '');
    }
    if (this.#tunnels.size === 0) this.#emptied?.();
  }

  #request(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const tunnel = this.#bySocket.get(request.socket);
    if (tunnel === undefined) {
      request.socket.destroy();
      return;
    }
    tunnel.requests += 1;
    tunnel.inFlight += 1;
    tunnel.answering = response;
    response.on('close', () => {
      tunnel.inFlight -= 1;
    });
    const path = this.#path(request, tunnel);
    const { forwarder } = this.#options;
    if (path instanceof ProxyError) {
      forwarder.refuse(request, response, target(tunnel, '/'), path);
      return;
    }
    if (expectsContinue) response.writeContinue();
    forwarder.forward(request, response, target(tunnel, path));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const tunnel = this.#bySocket.get(socket);
    const before = tunnel?.answering ?? null;
    if (before?.writableEnded === true && !before.closed) {
      // The client has the answer before we are told that it went out.
      before.once('close', () => this.#upgrade(request, socket, head));
      return;
    }
    // Behind a request that is still being answered, what we wrote would be taken for part of that answer.
    if (tunnel === undefined || tunnel.inFlight > 0) {
      socket.destroy();
      return;
    }
    request.socket.setTimeout(0); // Node's, for the next request
    tunnel.requests += 1;
    tunnel.inFlight += 1;
    socket.once('close', () => {
      tunnel.inFlight -= 1;
    });
    const path = this.#path(request, tunnel);
    const { forwarder } = this.#options;
    if (path instanceof ProxyError) forwarder.refuse(request, responseOn(request, socket), target(tunnel, '/'), path);
    else forwarder.upgrade({ request, socket, head }, target(tunnel, path));
  }

  /** For each request anew, not only for the first of a tunnel. */
  #path(request: IncomingMessage, tunnel: Tunnel): string | ProxyError {
    if (!tunnel.sniAgrees) return new ProxyError('name_mismatch', { reason: 'sni' });
    return agreedPath({ target: request.url ?? '', host: hostOf(request.rawHeaders) }, tunnel.context.authority);
  }

  #fault(error: ProxyError, socket: Duplex): void {
    const tunnel = this.#bySocket.get(socket);
    // In the middle of an answer an error text would be taken for part of it.
    if (tunnel === undefined || tunnel.inFlight > 0) {
      socket.destroy();
      return;
    }
    tunnel.requests += 1;
    refuseConnection(socket, error, this.#options.forwarder.refused(target(tunnel, '/'), error));
  }

  #report(tunnel: Tunnel, end: HandshakeEnd, cause: string): void {
    const { client, authority } = tunnel.context;
    this.#options.metrics.handshakeEnded(end);
    if (!this.#reported.first(client, authority.host, end)) return;
    const level = end === 'distrust' || end === 'likely_distrust' ? 'warn' : 'info';
    this.#log(level, tunnel, 'client_handshake', { reason: end, ...(cause === '' ? {} : { cause }) });
  }

  #log(level: 'info' | 'warn' | 'error', tunnel: Tunnel, event: string, fields: { reason?: string; cause?: string }) {
    const { connectionId, requestId, client, route, authority } = tunnel.context;
    this.#options.log.write(level, event, {
      connection_id: connectionId,
      request_id: requestId,
      client,
      route: route.name,
      host: authority.host,
      port: authority.port,
      ...fields,
    });
  }
}

const TUNNEL_END: Readonly<Record<HandshakeEnd, TunnelEnd>> = {
  distrust: 'client_distrusts',
  likely_distrust: 'client_distrusts',
  unused: 'client_closed',
  no_protocol: 'handshake_failed',
  not_tls: 'handshake_failed',
  timeout: 'handshake_timeout',
  unknown: 'handshake_failed',
};

function target(tunnel: Tunnel, path: string): ForwardTarget {
  const { authority, route, client } = tunnel.context;
  return { authority, secure: true, route, client, path, recorded: true };
}

/** The first Host. Reading `headers` instead would have Node build the whole object. */
function hostOf(rawHeaders: readonly string[]): string | undefined {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') return rawHeaders[i + 1];
  }
  return undefined;
}

/** Code of an error of Node or OpenSSL, `''` without: texts may carry what traffic sent. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function ignore(): void {}
