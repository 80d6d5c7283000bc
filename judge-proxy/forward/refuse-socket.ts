/** Refusals where there is no response object, and the gentle close that they need. */

import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Refusal } from '../errors.ts';

/** Time that a refused peer has to close its side, in milliseconds. */
export const LINGER_MS = 5_000;
/** Of what a refused peer still sends this much is read and thrown away, so that the answer is not lost to a reset. */
export const DISCARD_BYTES = 1 << 20;

/** A whole response for a socket without a response object. The connection ends after it. */
function refusalText(refusal: Refusal): string {
  const lines = [`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}`];
  for (let i = 0; i < refusal.headers.length; i += 2) lines.push(`${refusal.headers[i]}: ${refusal.headers[i + 1]}`);
  return `${[...lines, 'connection: close'].join('\r\n')}\r\n\r\n${refusal.body}`;
}

/** Answers on a connection that has no request, or whose request was a CONNECT or an upgrade, and closes it. */
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
 * 9112 §9.6; measured: on the HTTP/1.1 hop Envoy then lost the 431). So what still comes is read and dropped until the
 * peer closes or the time is over. Call when all is written.
 */
export function linger(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  let dropped = 0;
  socket.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > DISCARD_BYTES) socket.destroy();
  });
}
