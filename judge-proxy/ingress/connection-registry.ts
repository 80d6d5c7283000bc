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

  /**
   * Stops listening, says GOAWAY on HTTP/2, closes what is idle, and waits for the rest.
   * @param beforeCut called at the deadline, so that owners can end what they own by its name
   * @returns how many connections were still open at the deadline, and were cut
   */
  async drain(server: Server | Http2SecureServer, deadlineMs: number, beforeCut: () => void): Promise<number> {
    const closed = new Promise<void>((resolve) => {
      server.once('close', resolve);
      if (!server.listening) resolve();
    });
    server.close(); // idle HTTP/1 connections and sessions included
    if (deadlineMs > 0 && (await withinDeadline(closed, deadlineMs))) return 0;
    const cut = this.#open.size;
    beforeCut();
    for (const socket of this.#open) socket.destroy();
    await closed;
    return cut;
  }
}

async function withinDeadline(closed: Promise<void>, deadlineMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), deadlineMs);
  });
  try {
    return await Promise.race([closed.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
