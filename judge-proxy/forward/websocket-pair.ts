/**
 * The two connections of one WebSocket, tied together: backpressure, the idle timer, and ends. What passes between them
 * is decided by whoever listens.
 */

import type { Duplex } from 'node:stream';
import { IdleTimer } from './idle-timer.ts';

/** Why it ended: whoever ended it first. */
export type PairEnd = 'client_closed' | 'origin_closed' | 'client_reset' | 'origin_reset' | 'idle' | 'shutdown';

export interface PairEvents {
  fromClient(chunk: Buffer): void;
  fromOrigin(chunk: Buffer): void;
  /** The side sends no more. Whoever listens ends the other side when everything has been passed on. */
  clientEnded(): void;
  originEnded(): void;
  /** A side closed, in whatever way: nothing more comes from either, and nothing can be sent to that one. Once. */
  broken(end: PairEnd): void;
  /** Both sides are closed. Once, after `broken`. */
  closed(): void;
}

/** Why a side is not read: the other is slower, what came waits for a record, or for a gate. */
type Pause = 'slow' | 'record' | 'gate';
type Side = 'client' | 'origin';

/** Time that a side has to take what was written to it, once the other side has closed in good order. */
const FLUSH_MS = 30_000;
/** Time that both sides have to close when it is we who leave. */
const LEAVE_MS = 5_000;

export class SocketPair {
  readonly #client: Duplex;
  readonly #origin: Duplex;
  readonly #events: PairEvents;
  readonly #idle: IdleTimer;
  readonly #pauses: Readonly<Record<Side, Set<Pause>>> = { client: new Set(), origin: new Set() };
  #end: PairEnd | null = null;
  #broken = false;
  #open = 2;
  #flush: NodeJS.Timeout | null = null;
  #bytesUp = 0;
  #bytesDown = 0;

  /**
   * Owns both sides from now on. Reading begins with `start`.
   * @param idleMs without a byte in either direction for this long both are closed
   */
  constructor(client: Duplex, origin: Duplex, idleMs: number, events: PairEvents) {
    this.#client = client;
    this.#origin = origin;
    this.#events = events;
    this.#idle = new IdleTimer(idleMs, () => this.destroy('idle'));
  }

  /** Bytes from the client, and to it from the origin. */
  get bytesUp(): number {
    return this.#bytesUp;
  }

  get bytesDown(): number {
    return this.#bytesDown;
  }

  get end(): PairEnd {
    return this.#end ?? 'client_closed';
  }

  start(): void {
    this.#idle.start();
    this.#listen(this.#client, 'client');
    this.#listen(this.#origin, 'origin');
  }

  toOrigin(bytes: Uint8Array): void {
    if (this.#origin.writable && !this.#origin.write(bytes)) this.#slow('client', this.#origin);
  }

  /** @returns false when the client is slower: the origin is not read until it has caught up */
  toClient(bytes: Uint8Array): boolean {
    if (!this.#client.writable || this.#client.write(bytes)) return true;
    this.#slow('origin', this.#client);
    return false;
  }

  /** Ends a side in good order, behind all that was written to it. */
  endOrigin(): void {
    if (this.#origin.writable) this.#origin.end();
  }

  endClient(): void {
    if (this.#client.writable) this.#client.end();
  }

  /** Reads no more of a side until `readOn`. */
  hold(side: Side, why: 'record' | 'gate'): void {
    this.#pause(side, why);
  }

  readOn(side: Side, why: 'record' | 'gate'): void {
    this.#resume(side, why);
  }

  /** Ends both in good order, behind all that was written to them, and soon at the latest. */
  leave(): void {
    this.#end ??= 'shutdown';
    this.endOrigin();
    this.endClient();
    this.#flush ??= setTimeout(() => this.destroy('shutdown'), LEAVE_MS);
  }

  /** Ends both at once. */
  destroy(end: PairEnd): void {
    this.#end ??= end;
    this.#client.destroy();
    this.#origin.destroy();
  }

  #listen(socket: Duplex, side: Side): void {
    socket.on('error', () => {
      this.#end ??= side === 'client' ? 'client_reset' : 'origin_reset';
    });
    socket.on('end', () => {
      this.#end ??= side === 'client' ? 'client_closed' : 'origin_closed';
      if (side === 'client') this.#events.clientEnded();
      else this.#events.originEnded();
    });
    if (socket.closed) queueMicrotask(() => this.#sideClosed(side));
    else socket.once('close', () => this.#sideClosed(side));
    socket.on('data', side === 'client' ? (chunk: Buffer) => this.#up(chunk) : (chunk: Buffer) => this.#down(chunk));
    socket.resume(); // it was paused, so that nothing was lost until now
  }

  #up(chunk: Buffer): void {
    this.#bytesUp += chunk.length;
    this.#idle.touch();
    this.#events.fromClient(chunk);
  }

  #down(chunk: Buffer): void {
    this.#bytesDown += chunk.length;
    this.#idle.touch();
    this.#events.fromOrigin(chunk);
  }

  #slow(source: Side, sink: Duplex): void {
    if (this.#pauses[source].has('slow')) return;
    this.#pause(source, 'slow');
    sink.once('drain', () => {
      this.#idle.touch();
      this.#resume(source, 'slow');
    });
  }

  #pause(side: Side, why: Pause): void {
    this.#pauses[side].add(why);
    (side === 'client' ? this.#client : this.#origin).pause();
  }

  #resume(side: Side, why: Pause): void {
    const pauses = this.#pauses[side];
    if (pauses.delete(why) && pauses.size === 0) (side === 'client' ? this.#client : this.#origin).resume();
  }

  #sideClosed(side: Side): void {
    const socket = side === 'client' ? this.#client : this.#origin;
    const other = side === 'client' ? this.#origin : this.#client;
    // A close without an end is a reset: the sockets give no error where the other end went away while nothing was sent.
    this.#end ??= side === 'client' ? 'client_reset' : 'origin_reset';
    this.#open -= 1;
    this.#idle.stop();
    if (!this.#broken) {
      this.#broken = true;
      this.#events.broken(this.#end);
    }
    if (this.#open === 0) {
      if (this.#flush !== null) clearTimeout(this.#flush);
      this.#events.closed();
      return;
    }
    // In good order: this side had its end and everything was handed over. A slow reader may still have the tail.
    const flushing = socket.readableEnded && other.writableEnded && !other.writableFinished && !other.errored;
    if (!flushing) {
      other.destroy();
      return;
    }
    other.once('finish', () => other.destroy());
    this.#flush ??= setTimeout(() => other.destroy(), FLUSH_MS);
  }
}
