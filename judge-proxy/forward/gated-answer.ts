/**
 * An answer that goes out when its gate says so (modes `window` and `hold`). The origin's head is kept until the first
 * byte is released or the ending is known; who is slow, the client or the gate, pauses the origin.
 */

import type { Ending, Gate, Outlet } from '../enforcement/gate.ts';
import { ProxyError, type RefusalContext } from '../errors.ts';
import type { Delivery } from './delivery.ts';
import { type ClientHead, decodedHead, openEndedHead } from './headers.ts';

/** The origin's head as the client may get it. */
export interface KeptHead {
  readonly status: number;
  readonly reason: string;
  readonly head: ClientHead;
}

/** What a gated answer asks of its exchange. */
export interface GatedExchange {
  pauseOrigin(): void;
  resumeOrigin(): void;
  /** The gate, not the client, keeps the origin waiting: its silence means nothing then. */
  waitsForGate(waits: boolean): void;
  /** The verdict is to stop. */
  stopped(): void;
}

/** How the origin's side of an answer ended. */
export type OriginEnd =
  | { readonly kind: 'complete'; readonly trailers: readonly [string, string][] }
  | { readonly kind: 'failed'; readonly error: ProxyError }
  | { readonly kind: 'stopped' };

export class GatedAnswer implements Outlet {
  readonly #delivery: Delivery;
  readonly #kept: KeptHead;
  readonly #exchange: GatedExchange;
  readonly #context: RefusalContext;
  #gate: Gate | null = null;
  #gateFull = false;
  #clientSlow = false;
  /** The client is gone, or the end of its answer is being written: nothing is released any more. */
  #closed = false;

  constructor(delivery: Delivery, kept: KeptHead, exchange: GatedExchange, context: RefusalContext) {
    this.#delivery = delivery;
    this.#kept = kept;
    this.#exchange = exchange;
    this.#context = context;
  }

  /** Call with the gate that got this outlet, before its first chunk. */
  open(gate: Gate): void {
    this.#gate = gate;
  }

  /** A chunk of the origin's body. */
  push(chunk: Buffer): void {
    if (this.#gate?.push(chunk) !== false || this.#closed) return;
    this.#gateFull = true;
    this.#exchange.pauseOrigin();
    this.#exchange.waitsForGate(true);
  }

  /** Outlet. */
  release(bytes: Uint8Array): boolean {
    if (this.#closed) return false;
    this.#sendHead(false);
    if (bytes.byteLength === 0) {
      this.#delivery.flushHead();
      return !this.#clientSlow;
    }
    if (!this.#delivery.chunk(bytes)) this.#awaitClient();
    return !this.#clientSlow;
  }

  /** Outlet. */
  resume(): void {
    if (!this.#gateFull || this.#closed) return;
    this.#gateFull = false;
    this.#exchange.waitsForGate(false);
    if (!this.#clientSlow) this.#exchange.resumeOrigin();
  }

  /** Outlet. */
  stop(): void {
    if (!this.#closed) this.#exchange.stopped();
  }

  /** Writes the end of the answer. Call once, when the exchange is recorded. */
  end(ending: Ending, origin: OriginEnd): void {
    if (this.#closed) return;
    this.#closed = true;
    switch (ending.kind) {
      case 'block':
        if (this.#delivery.headWritten) this.#delivery.tail(ending.tail);
        else this.#delivery.whole(ending.whole, this.#context.requestId);
        return;
      case 'deliver':
        this.#deliver(ending.rest, origin);
        return;
      default:
        ending satisfies never;
    }
  }

  /** The response is closed, for whatever reason: the gate's timers, calls and bytes end. */
  close(): void {
    this.#closed = true;
    this.#gate?.close();
  }

  #deliver(rest: readonly Uint8Array[], origin: OriginEnd): void {
    switch (origin.kind) {
      case 'complete': {
        const { trailers } = origin;
        this.#sendHead(true);
        this.#writeFrom(rest, 0, () => this.#delivery.finish(this.#gate?.body === 'decoded' ? [] : trailers));
        return;
      }
      case 'failed':
        if (this.#delivery.headWritten) this.#breakOff(rest);
        else this.#delivery.refuse(origin.error, this.#context);
        return;
      case 'stopped':
        // Who stops an answer has to say how it ends. Without a word it is not delivered.
        if (this.#delivery.headWritten) this.#delivery.cut();
        else this.#delivery.refuse(new ProxyError('blocked_by_judge'), this.#context);
        return;
      default:
        origin satisfies never;
    }
  }

  /** What is cleared may be seen; that more was to come must be seen, too. */
  #breakOff(rest: readonly Uint8Array[]): void {
    const last = rest.at(-1);
    if (last === undefined || last.byteLength === 0) this.#delivery.cut();
    else this.#writeFrom(rest.slice(0, -1), 0, () => this.#delivery.cutAfter(last));
  }

  /** Writes pieces as fast as the client takes them: what is held must not become a queue in the socket. */
  #writeFrom(pieces: readonly Uint8Array[], from: number, written: () => void): void {
    for (let i = from; i < pieces.length; i += 1) {
      const piece = pieces[i];
      if (piece === undefined || piece.byteLength === 0 || this.#delivery.chunk(piece)) continue;
      this.#delivery.onceDrained(() => this.#writeFrom(pieces, i + 1, written));
      return;
    }
    written();
  }

  /** @param whole the ending is known: nothing of ours will follow */
  #sendHead(whole: boolean): void {
    if (this.#delivery.headWritten) return;
    const { status, reason, head } = this.#kept;
    if (this.#gate?.body === 'decoded') this.#delivery.head(status, reason, decodedHead(head));
    else this.#delivery.head(status, reason, whole ? head : openEndedHead(head));
  }

  #awaitClient(): void {
    if (this.#clientSlow) return;
    this.#clientSlow = true;
    this.#exchange.pauseOrigin();
    this.#delivery.onceDrained(() => {
      this.#clientSlow = false;
      if (!this.#closed) this.#gate?.drained?.();
      if (!this.#gateFull && !this.#closed) this.#exchange.resumeOrigin();
    });
  }
}
