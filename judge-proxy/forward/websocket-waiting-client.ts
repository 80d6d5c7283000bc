/** The client's side of a handshake until the origin has answered: what it sends early is kept, that it goes is told. */

import type { Duplex } from 'node:stream';

/** What a client may send before the origin has switched; no client of ours does, the protocol forbids it. */
const MAX_EARLY = 64 * 1024;

export class WaitingClient {
  readonly socket: Duplex;
  readonly #early: Buffer[] = [];
  #bytes = 0;
  readonly #onData = (chunk: Buffer) => this.#keep(chunk);
  readonly #onGone: () => void;

  /**
   * @param head what came behind the request in the same read
   * @param gone the client has ended or closed the connection
   */
  constructor(socket: Duplex, head: Buffer, gone: () => void) {
    this.socket = socket;
    this.#onGone = gone;
    if (head.length > 0) this.#keep(head);
  }

  start(): void {
    const { socket } = this;
    socket.on('error', ignore);
    socket.on('data', this.#onData); // without reading, nobody tells that the client has gone
    socket.once('end', this.#onGone);
    socket.once('close', this.#onGone);
  }

  /** Nothing of it is kept or told any more; what comes is thrown away. */
  letGo(): void {
    this.#stop();
    this.#early.length = 0;
    this.socket.resume();
  }

  /** The paused connection, with everything that came. */
  handOver(): Duplex {
    const { socket } = this;
    this.#stop();
    socket.pause();
    for (const chunk of this.#early.splice(0).reverse()) socket.unshift(chunk);
    return socket;
  }

  #keep(chunk: Buffer): void {
    this.#early.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_EARLY) this.socket.pause();
  }

  #stop(): void {
    this.socket.off('data', this.#onData);
    this.socket.off('end', this.#onGone);
    this.socket.off('close', this.#onGone);
  }
}

function ignore(): void {}
