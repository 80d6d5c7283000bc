/** One terminated tunnel: everything of ours that belongs to its stream, in one object instead of on the stream. */

import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TunnelContext } from './interceptor.ts';

/** Why a terminated tunnel ended; shown in its log line. */
export type TunnelEnd =
  | 'client_closed'
  | 'first_byte_timeout'
  | 'handshake_timeout'
  | 'handshake_failed'
  | 'client_distrusts'
  | 'certificate_failed'
  | 'shutdown';

export class Tunnel {
  readonly context: TunnelContext;
  readonly stream: Duplex;
  /** SNI named the same host, or there was none. Decided at the end of the handshake. */
  sniAgrees = true;
  /** Requests seen so far: a tunnel that closes without one may be a client that pins another key. */
  requests = 0;
  /** Requests that are being answered. */
  inFlight = 0;
  /** The answer to the request that came last. */
  answering: ServerResponse | null = null;
  handshake: 'none' | 'running' | 'done' | 'failed' = 'none';
  #end: TunnelEnd | null = null;
  #firstByte: NodeJS.Timeout | null = null;

  constructor(stream: Duplex, context: TunnelContext) {
    this.stream = stream;
    this.context = context;
  }

  get end(): TunnelEnd {
    return this.#end ?? 'client_closed';
  }

  /** Runs `ready` when the client has sent its first byte; ends the tunnel when it sends none in time. */
  awaitFirstByte(timeoutMs: number, ready: () => void): void {
    if (this.stream.readableLength > 0) {
      ready(); // the ClientHello came in one packet with the CONNECT
      return;
    }
    this.#firstByte = setTimeout(() => this.close('first_byte_timeout'), timeoutMs);
    // In the next tick, because Node emits this from within its own handling of the end of an HTTP/2 stream, and fails
    // when the stream is destroyed there (measured on 26.10: a TypeError in onStreamClose, which ends the process).
    this.stream.once('readable', () => process.nextTick(() => this.#firstByteCame(ready)));
  }

  stopWaiting(): void {
    if (this.#firstByte !== null) clearTimeout(this.#firstByte);
    this.#firstByte = null;
  }

  /**
   * Closes the stream.
   * @param end the reason; the first stands. Without one the client closed it.
   */
  close(end?: TunnelEnd): void {
    this.#end ??= end ?? null;
    this.stream.destroy();
  }

  #firstByteCame(ready: () => void): void {
    this.stopWaiting();
    if (this.stream.destroyed) return;
    if (this.stream.readableLength > 0) ready();
    else this.close(); // its end, before anything came
  }
}
