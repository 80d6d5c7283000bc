/**
 * Every connection of a listener. Node loses sight of a socket at CONNECT: `closeAllConnections` does not touch it, and
 * `close` does not call back while it lives (measured). So they are listed where they are born.
 */

import type { Server } from 'node:http';
import type { Http2SecureServer } from 'node:http2';
import type { Socket } from 'node:net';

export class ConnectionRegistry {
  readonly #open = new Set<Socket>();

  /** Lists each connection from accept to close. On a TLS server these are the TCP sockets underneath. */
  watch(server: Server | Http2SecureServer): void {
    const events: NodeJS.EventEmitter = server;
    events.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  /** Destroys what is open. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }
}

/**
 * Stops listening, says GOAWAY on HTTP/2 and closes what is idle.
 * @returns resolves when the last connection has gone
 */
export async function stopListening(server: Server | Http2SecureServer): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.once('close', resolve);
    server.close();
  });
}
