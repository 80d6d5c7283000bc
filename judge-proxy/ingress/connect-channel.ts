/**
 * The two shapes in which a CONNECT reaches us, under one interface: a raw socket (HTTP/1) and a stream (HTTP/2).
 */

import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Refusal } from '../errors.ts';
import { refuseSocket } from '../forward/refuse-socket.ts';
import { refuseStream } from './refuse.ts';
import { http1Head, http2Head } from './request-head.ts';
import type { RequestHead } from './target.ts';

export interface ConnectChannel {
  readonly head: RequestHead;
  /** Carries the tunnel after `accept`. */
  readonly stream: Duplex;
  /** Aborted when the client is gone. */
  readonly gone: AbortSignal;
  /** Says 200. False when the client is gone: then nothing was said. */
  accept(): boolean;
  refuse(refusal: Refusal): void;
}

/**
 * At `connect` Node lets go of the socket altogether: no `error` listener (so a reset would end the process), no
 * timeout, no place in any list (measured). All of it is put right here, synchronously.
 * @param head bytes that came behind the request: a ClientHello that could not wait
 */
export function socketChannel(request: IncomingMessage, socket: Socket, head: Buffer): ConnectChannel {
  const gone = goneSignal(socket);
  if (head.length > 0) socket.unshift(head);
  return {
    head: http1Head(request),
    stream: socket,
    gone,
    accept() {
      if (!socket.writable) return false;
      // Exactly this: Envoy takes 200 without Content-Length for a tunnel, and some clients break on headers here.
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      return true;
    },
    refuse: (refusal) => refuseSocket(socket, refusal),
  };
}

/** A CONNECT stream is no socket: no allowHalfOpen, no byte counts, no address of its own. */
export function streamChannel(request: Http2ServerRequest): ConnectChannel {
  const stream: ServerHttp2Stream = request.stream;
  const gone = goneSignal(stream);
  return {
    head: http2Head(request),
    stream,
    gone,
    accept() {
      if (stream.destroyed || stream.closed || stream.headersSent) return false;
      stream.respond({ ':status': 200 });
      return true;
    },
    refuse: (refusal) => refuseStream(stream, refusal),
  };
}

function goneSignal(stream: Duplex): AbortSignal {
  const controller = new AbortController();
  // Stays for the life of the stream: on HTTP/2 every tunnel ends with an `error` (RST_STREAM), and one without a
  // listener ends the process.
  stream.on('error', () => controller.abort());
  stream.once('close', () => controller.abort());
  if (stream.destroyed) controller.abort();
  return controller.signal;
}
