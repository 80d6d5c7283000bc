/**
 * Closing a connection on which the peer may still be sending. Closing with unread input makes the kernel send a reset,
 * which may throw the answer away in the peer's buffer (RFC 9112 §9.6; measured: on the HTTP/1.1 hop Envoy then lost a
 * 431). So our side is ended, and what still comes is read and dropped until the peer closes or the time is over.
 */

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Time that a peer has to close its side after our last byte, in milliseconds. */
export const LINGER_MS = 5_000;
/** Of what the peer still sends this much is dropped; a client that sends more and reads nothing waits out the time. */
export const DISCARD_BYTES = 32 << 20;

/** Reads and drops what still comes, until the peer closes or the time is over. Call when all is written. */
export function linger(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  let dropped = 0;
  socket.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    // Not closed: that would be the reset. A client that reads has its answer.
    if (dropped > DISCARD_BYTES) socket.pause();
  });
}

/**
 * Makes an HTTP/1 server end a connection with a lingering close. Node destroys it as soon as the last answer is
 * written (`destroySoon`, 26.10), whatever of the request is still on its way.
 * @param begins called when the close begins: nothing that comes from now on is a request
 */
export function closeLingering(socket: Socket, begins: () => void): void {
  socket.destroySoon = () => {
    if (socket.destroyed) return;
    begins();
    if (socket.writable) socket.end();
    socket.removeAllListeners('data'); // of the parser, which would take it for requests
    linger(socket);
    socket.resume();
  };
}
