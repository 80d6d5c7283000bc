/** Two ways in which the other side of a connection can say nothing. */

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** Accepts connections and never says a word, until it hangs up on all of them. */
export class SilentListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(): Promise<SilentListener> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SilentListener(server);
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.hangUp();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** A listener whose backlog is full and whose thread sleeps: connections neither open nor fail. */
export async function startStalled(): Promise<{ port: number; close(): Promise<unknown> }> {
  const worker = new Worker(
    `const { createServer, connect } = require('node:net');
     const { parentPort, workerData } = require('node:worker_threads');
     const server = createServer();
     server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       const { port } = server.address();
       for (let i = 0; i < 8; i += 1) connect(port, '127.0.0.1').on('error', () => {});
       setImmediate(() => { parentPort.postMessage(port); Atomics.wait(new Int32Array(workerData), 0, 0); });
     });`,
    { eval: true, workerData: new SharedArrayBuffer(4) },
  );
  const [port] = (await once(worker, 'message')) as [number];
  return { port, close: () => worker.terminate() };
}
