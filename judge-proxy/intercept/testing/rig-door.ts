/** The doors of a rig, in place of `ingress/`: every CONNECT is answered, every other request handed on. */

import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ClientRequest, ClientResponse } from '../../forward/forwarder.ts';

export interface DoorHandlers {
  /** A request in absolute-form. */
  request(request: ClientRequest, response: ClientResponse): void;
  connect(stream: Duplex, authority: string): void;
}

export class RigDoor {
  readonly #h1: http.Server;
  readonly #h2: http2.Http2Server;
  /** Sockets of clients. */
  readonly #sockets = new Set<Socket>();

  constructor(handlers: DoorHandlers) {
    this.#h1 = http.createServer((request, response) => handlers.request(request, response));
    this.#h1.on('connect', (request, socket: Socket, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      handlers.connect(socket, request.url ?? '');
    });
    this.#h1.on('connection', (socket) => this.#track(socket));
    this.#h2 = http2.createServer((request, response) => handlers.request(request, response));
    this.#h2.on('connect', (request, response) => {
      response.stream.respond({ ':status': 200 });
      handlers.connect(response.stream, request.headers[':authority'] ?? '');
    });
    this.#h2.on('session', (session) => session.on('error', () => {}));
    this.#h2.on('connection', (socket) => this.#track(socket));
  }

  async listen(): Promise<void> {
    for (const server of [this.#h1, this.#h2]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
  }

  get port(): number {
    return (this.#h1.address() as AddressInfo).port;
  }

  get h2Port(): number {
    return (this.#h2.address() as AddressInfo).port;
  }

  get sockets(): number {
    return this.#sockets.size;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#h1.close();
    this.#h2.close();
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
