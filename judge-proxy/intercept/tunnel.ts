/** One terminated tunnel: everything of ours that belongs to its stream, in one object instead of on the stream. */

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
  secured = false;
  #end: TunnelEnd = 'client_closed';
  #firstByte: NodeJS.Timeout | null = null;

  constructor(stream: Duplex, context: TunnelContext) {
    this.stream = stream;
    this.context = context;
  }

  get end(): TunnelEnd {
    return this.#end;
  }

  /** Runs `ready` when the client has sent its first byte; ends the tunnel when it sends none in time. */
  awaitFirstByte(timeoutMs: number, ready: () => void): void {
    if (this.stream.readableLength > 0) {
      ready(); // the ClientHello came in one packet with the CONNECT
      return;
    }
    this.#firstByte = setTimeout(() => this.close('first_byte_timeout'), timeoutMs);
    this.stream.once('readable', () => {
      this.stopWaiting();
      if (this.stream.readableLength > 0) ready();
      else this.close('client_closed'); // its end, before anything came
    });
  }

  stopWaiting(): void {
    if (this.#firstByte !== null) clearTimeout(this.#firstByte);
    this.#firstByte = null;
  }

  /** Closes the stream; the first reason stands. Later calls do nothing. */
  close(end: TunnelEnd): void {
    if (this.stream.destroyed) return;
    this.#end = end;
    this.stream.destroy();
  }
}
