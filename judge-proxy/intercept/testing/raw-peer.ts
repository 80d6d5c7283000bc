/** The other end of a connection, byte by byte: for what no HTTP library would send, and for what it would hide. */

import { EventEmitter, once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';

/** Collects what arrives and lets a test wait for it. */
export class RawPeer {
  readonly stream: Duplex;
  readonly #chunks: Buffer[] = [];
  readonly #events = new EventEmitter();
  #ended = false;
  #closed = false;

  constructor(stream: Duplex) {
    this.stream = stream;
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#events.emit('change');
    });
    stream.on('end', () => {
      this.#ended = true;
      this.#events.emit('change');
    });
    stream.on('close', () => {
      this.#closed = true;
      this.#events.emit('change');
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** Everything so far, as Latin-1. */
  get text(): string {
    return this.bytes.toString('latin1');
  }

  /** The peer said that nothing follows: for TLS a close_notify or FIN. */
  get ended(): boolean {
    return this.#ended;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Waits until what arrived satisfies the condition. Rejects when the connection is closed before. */
  async until(condition: (text: string) => boolean): Promise<string> {
    while (!condition(this.text)) {
      if (this.#closed) throw new Error(`closed after ${JSON.stringify(this.text.slice(-400))}`);
      await once(this.#events, 'change');
    }
    return this.text;
  }

  async includes(part: string): Promise<string> {
    return await this.until((text) => text.includes(part));
  }

  async untilClosed(): Promise<string> {
    while (!this.#closed) await once(this.#events, 'change');
    return this.text;
  }

  write(data: string | Buffer): void {
    this.stream.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }
}

/** A server that speaks no protocol at all: TLS with options, TCP without. */
export class RawOrigin {
  /** In the order in which they came. */
  readonly peers: RawPeer[] = [];
  readonly #server: net.Server;
  readonly #events = new EventEmitter();

  private constructor(options?: tls.TlsOptions) {
    const accept = (socket: net.Socket) => {
      this.peers.push(new RawPeer(socket));
      this.#events.emit('peer');
    };
    this.#server = options === undefined ? net.createServer(accept) : tls.createServer(options, accept);
    this.#server.on('tlsClientError', () => {});
  }

  static async start(options?: tls.TlsOptions): Promise<RawOrigin> {
    const origin = new RawOrigin(options);
    origin.#server.listen(0, '127.0.0.1');
    await once(origin.#server, 'listening');
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The n-th connection, from 0. */
  async peer(index = 0): Promise<RawPeer> {
    for (;;) {
      const peer = this.peers[index];
      if (peer !== undefined) return peer;
      await once(this.#events, 'peer');
    }
  }

  async close(): Promise<void> {
    for (const peer of this.peers) peer.stream.destroy();
    await new Promise<void>((done) => {
      this.#server.close(() => done());
    });
  }
}
