/**
 * The two listeners: HTTPS with client certificates for Envoy (HTTP/2 and HTTP/1.1 by ALPN), and plain HTTP on
 * loopback for use without Envoy. They own every connection; what arrives is handed to the door.
 */

import { createServer, type IncomingMessage, Server } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  Http2ServerRequest,
  Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Config, Limits } from '../config/schema.ts';
import { ProxyError } from '../errors.ts';
import type { ClientRequest, ClientResponse } from '../forward/forwarder.ts';
import { DoubtfulConnections } from '../forward/framing.ts';
import { closeLingering } from '../forward/lingering-close.ts';
import type { Log } from '../telemetry/log.ts';
import { CertificateWatcher, readCertificates } from './certificates.ts';
import { ConnectionRegistry, stopListening } from './connection-registry.ts';
import type { Peer } from './identity.ts';
import { peerReader } from './peer.ts';

export interface ListenerAddress {
  readonly host: string;
  readonly port: number;
}

/** What a listener hands on. None of these may throw. */
export interface ListenerHandlers {
  onConnect(peer: Peer, request: IncomingMessage | Http2ServerRequest, socket: Socket, head: Buffer): void;
  onRequest(peer: Peer, request: ClientRequest, response: ClientResponse): void;
  /** HTTP/1 that could not be parsed, or came too slowly. The socket can still be written to. */
  onClientError(socket: Socket, error: ProxyError): void;
}

/** Node looks for late headers only this often; its default of 30 s makes a limit of 15 s one of 45 s. */
const CHECK_INTERVAL_MS = 5_000;
/** First probe of an idle connection, so that a peer that vanished is noticed. */
const KEEPALIVE_PROBE_MS = 60_000;

/**
 * Against Node's guard on rapid resets (CVE-2023-44487): Envoy ends every tunnel with RST_STREAM, and with the defaults
 * about 1,000 tunnels closed at once, or 100 a second for 15 s, cut all the others of the connection (measured). The
 * guard protects against strangers; here nobody speaks HTTP/2 without a certificate of our CA.
 */
const RESETS = 1_000_000;
/** Streams × stream window < connection window, or readers that stall hold up every tunnel (measured). */
const STREAM_WINDOW = 1 << 18;
const CONNECTION_WINDOW = 32 << 20;
/** Not below the `max_concurrent_streams` of Envoy's cluster, which would learn of it too late (measured). */
const MAX_STREAMS = 1_000;
/** Header pairs of an HTTP/2 request: Envoy lets 200 pass, Node's default is 128. */
const MAX_HEADER_PAIRS = 512;

/** What both servers are told about HTTP/1. */
function http1Options(limits: Limits) {
  return {
    maxHeaderSize: limits.header_block,
    headersTimeout: limits.headers,
    // A ceiling over head and body, above every legitimate upload; a body that trickles ends here at the latest.
    requestTimeout: Math.max(limits.tunnel_idle, limits.headers),
    connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, limits.headers),
    keepAliveTimeout: limits.keep_alive,
    keepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_PROBE_MS,
    noDelay: true,
  };
}

export class TlsListener {
  readonly kind = 'mtls';
  readonly #config: Config['listen']['proxy'];
  readonly #limits: Limits;
  readonly #handlers: ListenerHandlers;
  readonly #log: Log;
  readonly #registry = new ConnectionRegistry();
  #server: Http2SecureServer | undefined;
  #watcher: CertificateWatcher | undefined;

  constructor(config: Config['listen']['proxy'], limits: Limits, handlers: ListenerHandlers, log: Log) {
    this.#config = config;
    this.#limits = limits;
    this.#handlers = handlers;
    this.#log = log;
  }

  async listen(): Promise<ListenerAddress> {
    const certificates = await readCertificates(this.#config);
    const server = createSecureServer({
      ...certificates,
      ...http1Options(this.#limits),
      requestCert: true,
      rejectUnauthorized: true, // chain, validity, purpose and CRL: judged by OpenSSL before any HTTP is read
      handshakeTimeout: this.#limits.tls_handshake,
      allowHTTP1: true,
      streamResetBurst: RESETS,
      streamResetRate: RESETS,
      maxHeaderListPairs: MAX_HEADER_PAIRS,
      // Two lines of Content-Type, Date or X-Content-Type-Options, as origins behind several proxies send them, pass on
      // HTTP/1.1 and are passed here; Node would throw on such a response.
      strictSingleValueFields: false,
      settings: {
        maxConcurrentStreams: MAX_STREAMS,
        initialWindowSize: STREAM_WINDOW,
        maxHeaderListSize: this.#limits.header_block,
        // So that ws:// in absolute-form reaches us and gets our refusal instead of Envoy's 502 (measured).
        enableConnectProtocol: true,
      },
    });
    this.#server = server;
    attachHttp(server, this.#handlers, peerReader(this.#config.client_names));
    server.on('session', (session) => onSession(session, this.#limits.keep_alive));
    // Node's own listener hands failed handshakes on to `clientError`, and a peer that is silent would be refused as HTTP.
    server.removeAllListeners('tlsClientError');
    server.on('tlsClientError', (error, socket) => this.#handshakeFailed(error, socket));
    this.#registry.watch(server);
    const address = await listening(server, this.#config);
    this.#watcher = new CertificateWatcher(this.#config, certificates, this.#log, (context) =>
      server.setSecureContext(context),
    );
    return address;
  }

  /** Takes nothing new. Resolves when the last connection has gone. */
  async stop(): Promise<void> {
    this.#watcher?.close();
    if (this.#server !== undefined) await stopListening(this.#server);
  }

  /** Ends what is still open. */
  cut(): void {
    this.#registry.cut();
  }

  /** The reason is on the socket when a certificate was shown and refused; the error only says "socket hang up". */
  #handshakeFailed(error: Error, socket: TLSSocket): void {
    const refused: unknown = socket.authorizationError;
    const cause = refused ?? ('code' in error ? error.code : undefined);
    // A peer that goes away in the handshake is a port scan or a health check; one that is refused is worth a warning.
    this.#log.write(cause === 'ECONNRESET' ? 'debug' : 'warn', 'handshake_failed', {
      code: 'client_unknown',
      ...(typeof cause === 'string' ? { cause } : {}),
      ...(socket.remoteAddress === undefined ? {} : { address: socket.remoteAddress }),
    });
    socket.destroy();
  }
}

export class PlainListener {
  readonly kind = 'plain';
  readonly #config: ListenerAddress;
  readonly #limits: Limits;
  readonly #handlers: ListenerHandlers;
  readonly #registry = new ConnectionRegistry();
  #server: Server | undefined;

  constructor(config: ListenerAddress, limits: Limits, handlers: ListenerHandlers) {
    this.#config = config;
    this.#limits = limits;
    this.#handlers = handlers;
  }

  async listen(): Promise<ListenerAddress> {
    const server = createServer(http1Options(this.#limits));
    this.#server = server;
    attachHttp(server, this.#handlers, (request) => ({ kind: 'plain', address: request.socket.remoteAddress }));
    this.#registry.watch(server);
    return await listening(server, this.#config);
  }

  /** Takes nothing new. Resolves when the last connection has gone. */
  async stop(): Promise<void> {
    if (this.#server !== undefined) await stopListening(this.#server);
  }

  /** Ends what is still open. */
  cut(): void {
    this.#registry.cut();
  }
}

/**
 * The events of an HTTP server. No `upgrade` listener: with one, Node would let go of the socket; without it the
 * request arrives like any other and can be refused like any other.
 */
function attachHttp(
  server: Server | Http2SecureServer,
  handlers: ListenerHandlers,
  peer: (request: ClientRequest) => Peer,
): void {
  /** HTTP/1 connections with a response on its way: nothing of ours may be written between its bytes. */
  const answering = new WeakSet<Socket>();
  const doubtful = new DoubtfulConnections();
  const onRequest = (request: ClientRequest, response: ClientResponse) => {
    if (!(request instanceof Http2ServerRequest) && !(response instanceof Http2ServerResponse)) {
      const { socket } = request;
      if (!doubtful.takes(request, response)) return;
      answering.add(socket);
      response.once('close', () => {
        answering.delete(socket);
        // Draining: Node closes what is idle when it stops listening, and nothing that becomes idle later.
        if (!server.listening) socket.destroySoon();
      });
    }
    handlers.onRequest(peer(request), request, response);
  };
  const onConnect = (request: IncomingMessage | Http2ServerRequest, socket: Socket, head: Buffer) => {
    // A CONNECT pipelined behind an unfinished answer: Node hands the socket over at once, and the rest of the answer
    // would be written into the tunnel.
    if (!(request instanceof Http2ServerRequest) && answering.has(socket)) socket.destroy();
    else handlers.onConnect(peer(request), request, socket, head);
  };
  /** Of these nothing more is answered. */
  const refused = new WeakSet<Socket>();
  const onConnection = (socket: Socket) => {
    // An HTTP/2 session owns its socket, and closes it by its own rules.
    if (!('alpnProtocol' in socket) || socket.alpnProtocol !== 'h2') closeLingering(socket, () => refused.add(socket));
  };
  const onClientError = (error: Error, socket: Socket) => {
    // Node goes on parsing what comes after the first failure, and fails again, while the answer is on its way.
    if (refused.has(socket)) return;
    refused.add(socket);
    if (!socket.writable || answering.has(socket) || isReset(error)) socket.destroy(error);
    else handlers.onClientError(socket, parseFailure(error));
  };
  // One emitter interface for both: Node's types give each server its own list of events.
  const events: NodeJS.EventEmitter = server;
  events.on(server instanceof Server ? 'connection' : 'secureConnection', onConnection);
  events.on('request', onRequest);
  // The door says 100 once it has decided. Other expectations are left unanswered, where Node would say 417.
  events.on('checkContinue', onRequest);
  events.on('checkExpectation', onRequest);
  events.on('connect', onConnect);
  events.on('clientError', onClientError);
}

function onSession(session: ServerHttp2Session, idleMs: number): void {
  session.setLocalWindowSize(CONNECTION_WINDOW);
  session.on('error', () => session.destroy());
  closeWhenIdle(session, idleMs);
}

/** Node's own idle time knows no HTTP/2. A tunnel in which nobody speaks is a stream, and has a limit of its own. */
function closeWhenIdle(session: ServerHttp2Session, idleMs: number): void {
  let streams = 0;
  const idle = setTimeout(() => {
    if (streams === 0) session.close();
  }, idleMs);
  session.on('stream', (stream) => {
    streams += 1;
    stream.once('close', () => {
      streams -= 1;
      if (streams === 0 && !session.closed) idle.refresh();
    });
  });
  session.once('close', () => clearTimeout(idle));
}

async function listening(server: Server | Http2SecureServer, at: ListenerAddress): Promise<ListenerAddress> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: at.host, port: at.port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
}

function isReset(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

function parseFailure(error: Error): ProxyError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'HPE_HEADER_OVERFLOW') return new ProxyError('header_too_large', { cause: error });
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new ProxyError('header_timeout', { cause: error });
  return new ProxyError('bad_request', {
    ...(/^HPE_[A-Z_]{1,64}$/.test(code) ? { reason: code } : {}),
    cause: error,
  });
}
