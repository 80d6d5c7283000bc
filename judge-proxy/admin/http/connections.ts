/**
 * The connections of the admin port, and which of them makes room when there are too many. Refusing whoever comes last
 * would let one machine with as many idle connections keep everybody else out. So the network that holds most gives up the
 * connection that it used longest ago; an answer to somebody who was admitted is never broken off. Everything else is short
 * (sign-in, the files of the console, probes) and can be asked for again. Behind a proxy all connections are of one
 * network, and the one that was used longest ago goes.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { sourceNetwork } from '../auth/source-network.ts';
import { Shares } from './shares.ts';

/** Answers of one person whose connections are not given up: 8 streams, a browser's six, and programs with tokens. */
export const MOST_KEPT = 32;

interface Held {
  readonly socket: Socket;
  readonly network: string;
  /** Answers under way to somebody who was admitted. */
  kept: number;
}

export class Connections {
  readonly #most: number;
  /** By address and port of the peer: of TLS there are two sockets with the same. The one used longest ago first. */
  readonly #held = new Map<string, Held>();
  readonly #kept: Shares;

  constructor(server: Server, most: number) {
    this.#most = most;
    this.#kept = new Shares({ each: MOST_KEPT, all: most });
    // One that comes is there before another one goes.
    server.maxConnections = most + 1;
    server.on('connection', (socket: Socket) => this.#came(socket));
    server.on('request', ({ socket }: IncomingMessage) => this.#used(socket));
  }

  /** The connection stays until the answer has ended; of a person who holds many already it may have to go. */
  keep(request: IncomingMessage, response: ServerResponse, person: string): void {
    // It went while it was being admitted: nothing will say so again.
    if (response.closed) return;
    const held = this.#held.get(peerOf(request.socket));
    const share = this.#kept.take(person);
    if (typeof share === 'string') return;
    if (held !== undefined) held.kept += 1;
    response.once('close', () => {
      share();
      if (held !== undefined) held.kept -= 1;
    });
  }

  #came(socket: Socket): void {
    const peer = peerOf(socket);
    const held: Held = { socket, network: sourceNetwork(socket.remoteAddress ?? ''), kept: 0 };
    this.#held.set(peer, held);
    socket.once('close', () => {
      if (this.#held.get(peer) === held) this.#held.delete(peer);
    });
    if (this.#held.size > this.#most) this.#largest()?.socket.destroy();
  }

  #used(socket: Socket): void {
    const peer = peerOf(socket);
    const held = this.#held.get(peer);
    if (held === undefined) return;
    this.#held.delete(peer);
    this.#held.set(peer, held);
  }

  /** Of the network with the most that may go, the one used longest ago. */
  #largest(): Held | undefined {
    const networks = new Map<string, { readonly first: Held; count: number }>();
    for (const held of this.#held.values()) {
      if (held.kept > 0) continue;
      const known = networks.get(held.network);
      if (known === undefined) networks.set(held.network, { first: held, count: 1 });
      else known.count += 1;
    }
    const [largest] = [...networks.values()].sort((a, b) => b.count - a.count);
    return largest?.first;
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
