/** Refusals on the wire: by response object, by raw socket after CONNECT, by HTTP/2 stream. */

import { type ServerResponse, STATUS_CODES } from 'node:http';
import { Http2ServerResponse, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Refusal } from '../errors.ts';
import type { ClientRequest, ClientResponse } from '../forward/forwarder.ts';

/** Time that a refused peer has to close its side, in milliseconds. */
const LINGER_MS = 5_000;
/** Of a refused request's body this much is read and thrown away, so that the answer is not lost to a reset. */
const DISCARD_BYTES = 1 << 20;

/** A whole response for a socket without a response object. The connection ends after it. */
function refusalText(refusal: Refusal): string {
  const lines = [`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}`];
  for (let i = 0; i < refusal.headers.length; i += 2) lines.push(`${refusal.headers[i]}: ${refusal.headers[i + 1]}`);
  return `${[...lines, 'connection: close'].join('\r\n')}\r\n\r\n${refusal.body}`;
}

/** Answers on the raw socket of a CONNECT and closes it. */
export function refuseSocket(socket: Duplex, refusal: Refusal): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(refusalText(refusal));
  linger(socket);
}

/**
 * Closing with unread input makes the kernel send a reset, which may throw the answer away in the peer's buffer (RFC
 * 9112 §9.6). So what still comes is read and dropped until the peer closes or the time is over.
 */
function linger(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  let dropped = 0;
  socket.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > DISCARD_BYTES) socket.destroy();
  });
}

/** Answers a CONNECT stream. The length is said, or the client of an HTTP/1 hop in front gets it chunked (measured). */
export function refuseStream(stream: ServerHttp2Stream, refusal: Refusal): void {
  if (stream.destroyed || stream.closed || stream.headersSent) {
    stream.destroy();
    return;
  }
  const headers: Record<string, string | number> = { ':status': refusal.status };
  for (let i = 0; i < refusal.headers.length; i += 2) headers[refusal.headers[i] ?? ''] = refusal.headers[i + 1] ?? '';
  stream.respond(headers);
  stream.end(refusal.body);
  linger(stream);
}

/** Answers a request in absolute-form. */
export function refuseResponse(request: ClientRequest, response: ClientResponse, refusal: Refusal): void {
  if (response instanceof Http2ServerResponse) refuseStream(response.stream, refusal);
  else refuseHttp1(request, response, refusal);
}

/** The connection stays, unless a body is on its way: then the answer goes out at once and the body is read and dropped. */
function refuseHttp1(request: ClientRequest, response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  if (!announcesBody(request)) {
    response.writeHead(refusal.status, [...refusal.headers]);
    response.end(refusal.body);
    return;
  }
  response.writeHead(refusal.status, [...refusal.headers, 'connection', 'close']);
  response.write(refusal.body);
  const timer = setTimeout(() => response.end(), LINGER_MS);
  response.once('close', () => clearTimeout(timer));
  let dropped = 0;
  request.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > DISCARD_BYTES) response.end();
  });
  request.once('end', () => response.end());
}

function announcesBody(request: ClientRequest): boolean {
  const length = request.headers['content-length'];
  return (length !== undefined && length !== '0') || request.headers['transfer-encoding'] !== undefined;
}
