/**
 * A blind tunnel: bytes both ways, untouched, until either side is done.
 *
 * Plain pipes, because hand-written loops and `pipeline` are within 10 % of them (measured). What pipes do not do:
 * after a reset of one side the other stays open while its peer sends, so `close` of one ends the other here.
 */

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Why a tunnel ended: whoever ended it first. */
export type RelayEnd = 'client_closed' | 'origin_closed' | 'client_reset' | 'origin_reset' | 'idle' | 'shutdown';

export interface RelayResult {
  readonly reason: RelayEnd;
  /** Client to origin, in bytes. */
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export interface RelayOptions {
  /** Without a byte in either direction for this long, in milliseconds, the tunnel is closed. */
  readonly idleMs: number;
  /** Called once, when both sides are closed. */
  readonly onClose: (result: RelayResult) => void;
}

export interface Relay {
  /** Ends the tunnel at once, with the reason `shutdown`. */
  destroy(): void;
}

/** Time that a side has to take what was written to it, once the other side has closed in good order. */
const FLUSH_MS = 30_000;

/**
 * Ties client and origin together. Owns both from now on.
 * @param client raw socket, TLS socket or HTTP/2 stream of the CONNECT, after the 200
 * @param origin connected, half-open allowed
 */
export function relay(client: Duplex, origin: Socket, options: RelayOptions): Relay {
  return new Tunnel(client, origin, options);
}

class Tunnel implements Relay {
  readonly #client: Duplex;
  readonly #origin: Socket;
  readonly #onClose: (result: RelayResult) => void;
  #reason: RelayEnd | undefined;
  #open = 2;
  #flush: NodeJS.Timeout | undefined;

  constructor(client: Duplex, origin: Socket, options: RelayOptions) {
    this.#client = client;
    this.#origin = origin;
    this.#onClose = options.onClose;
    client.once('end', () => this.#because('client_closed'));
    origin.once('end', () => this.#because('origin_closed'));
    client.on('error', (error) => this.#because(isNormalEnd(error) ? 'client_closed' : 'client_reset'));
    origin.on('error', () => this.#because('origin_reset'));
    onceClosed(client, () => this.#closed(client, origin, 'client_closed'));
    onceClosed(origin, () => this.#closed(origin, client, 'origin_closed'));
    // Every byte of the tunnel passes the origin socket, and Node restarts its timer on reads and writes alike: one
    // timer for both directions, without a listener on the data.
    origin.setTimeout(options.idleMs, () => this.#end('idle'));
    client.pipe(origin);
    origin.pipe(client);
  }

  destroy(): void {
    this.#end('shutdown');
  }

  #because(reason: RelayEnd): void {
    this.#reason ??= reason;
  }

  #end(reason: RelayEnd): void {
    this.#because(reason);
    this.#client.destroy();
    this.#origin.destroy();
  }

  #closed(side: Duplex, other: Duplex, reason: RelayEnd): void {
    this.#because(reason);
    this.#open -= 1;
    if (this.#open === 0) {
      this.#done();
      return;
    }
    // In good order: this side had its end and everything was handed over. A slow reader may still have the tail.
    const flushing = side.readableEnded && other.writableEnded && !other.writableFinished && !other.errored;
    if (!flushing) {
      other.destroy();
      return;
    }
    other.once('finish', () => other.destroy());
    this.#flush = setTimeout(() => other.destroy(), FLUSH_MS);
  }

  #done(): void {
    clearTimeout(this.#flush);
    this.#onClose({
      reason: this.#reason ?? 'client_closed',
      bytesUp: this.#origin.bytesWritten,
      bytesDown: this.#origin.bytesRead,
    });
  }
}

/** A side that went away before it was ours has no event left to tell. */
function onceClosed(side: Duplex, listener: () => void): void {
  if (side.closed) queueMicrotask(listener);
  else side.once('close', listener);
}

/** Envoy ends every HTTP/2 tunnel with RST_STREAM, also a finished one: that is a close, not a failure (measured). */
function isNormalEnd(error: Error): boolean {
  return 'code' in error && error.code === 'ERR_HTTP2_STREAM_ERROR';
}
