/** Refusals where there is no response object. */

import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Refusal } from '../errors.ts';
import { linger } from './lingering-close.ts';

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
