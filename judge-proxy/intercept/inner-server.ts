/** The HTTP server inside terminated tunnels. It never listens: TLS sockets are handed to it. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Limits } from '../config/schema.ts';
import { type ErrorCode, ProxyError, type RefusalContext, refusal } from '../errors.ts';
import { DoubtfulConnections } from '../forward/framing.ts';
import { closeLingering } from '../forward/lingering-close.ts';
import { refuseSocket } from '../forward/refuse-socket.ts';
import { asksForWebSocket } from '../forward/websocket-handshake.ts';

export interface InnerHandlers {
  /** `expectsContinue`: the client waits for `100 Continue` before it sends the body. */
  request(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void;
  /** A request for a WebSocket: the connection is no HTTP any more. `head` came behind it in the same read. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Input that is no request, or no request that a tunnel may carry. */
  fault(error: ProxyError, socket: Duplex): void;
  /** The connection broke or was given up by the client. */
  broken(socket: Duplex): void;
}

/** Node's default of 30 s makes header timeouts late by as much. */
const CHECK_MS = 5_000;

export function createInnerServer(limits: Limits, handlers: InnerHandlers): Server {
  const server = createServer({
    maxHeaderSize: limits.header_block,
    headersTimeout: limits.headers,
    requestTimeout: 0, // bodies have an idle timer in forward/, not a deadline
    keepAliveTimeout: limits.keep_alive,
    connectionsCheckingInterval: Math.min(CHECK_MS, limits.headers),
    // Others (h2c) come as plain requests: declining an upgrade is answering as if it had not been asked for.
    shouldUpgradeCallback: asksForWebSocket,
  });
  const doubtful = new DoubtfulConnections();
  const take = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) => {
    if (doubtful.takes(request, response)) handlers.request(request, response, expectsContinue);
  };
  server.on('request', (request, response) => take(request, response, false));
  // With listeners these come instead of `request`; without them Node answers 100 or 417 by itself.
  server.on('checkContinue', (request, response) => take(request, response, true));
  server.on('checkExpectation', (request, response) => take(request, response, false));
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', ignore);
    if (doubtful.takes(request)) handlers.upgrade(request, socket, head);
    else socket.destroy();
  });
  server.on('connect', (_request, socket) => {
    socket.on('error', ignore);
    handlers.fault(new ProxyError('bad_request', { reason: 'connect_in_tunnel' }), socket);
  });
  /** Of these nothing more is answered. */
  const refused = new WeakSet<Duplex>();
  server.on('connection', (socket) => closeLingering(socket, () => refused.add(socket)));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Node goes on parsing what comes after the first failure, and fails again, while the answer is on its way.
    if (refused.has(socket)) return;
    refused.add(socket);
    const code = faultCode(error.code ?? '');
    if (code === null) handlers.broken(socket);
    else handlers.fault(new ProxyError(code, { reason: reasonOf(error.code ?? ''), cause: error }), socket);
  });
  // The timers of headers start with this event, and a server that never listens never sees it (nodejs/node#48611).
  server.emit('listening');
  return server;
}

/** Writes a refusal on a connection that has no request, and ends it. */
export function refuseConnection(socket: Duplex, error: ProxyError, context: RefusalContext): void {
  refuseSocket(socket, refusal(error, context));
}

/** Code of llhttp or Node → ours; null when there is nobody to answer. */
function faultCode(code: string): ErrorCode | null {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'header_too_large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'header_timeout';
    case 'HPE_INVALID_TRANSFER_ENCODING':
    case 'HPE_INVALID_CONTENT_LENGTH':
    case 'HPE_UNEXPECTED_CONTENT_LENGTH':
    case 'HPE_INVALID_CHUNK_SIZE':
      return 'ambiguous_framing';
    default:
      return code.startsWith('HPE_') ? 'bad_request' : null;
  }
}

/** llhttp's code is a word of a closed set; anything else is left out. */
function reasonOf(code: string): string {
  return code.startsWith('HPE_') ? code : 'client_error';
}

function ignore(): void {}
