import type { CapturedBody } from './capture.ts';

/** What the headers and the end of a message say about its body. */
export interface BodyMeta {
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  /** The body was received to its end. */
  readonly ended: boolean;
}

/** Bytes that all copies together may hold. Plain arithmetic: one event loop owns it. */
export class CopyBudget {
  readonly #limit: number;
  #held = 0;

  /** @param bytes most that may be held at once */
  constructor(bytes: number) {
    this.#limit = bytes;
  }

  /** Bytes that are held now. */
  get held(): number {
    return this.#held;
  }

  /**
   * Takes `n` bytes, all or nothing.
   * @returns false when they are not there; nothing is taken then
   */
  take(n: number): boolean {
    if (this.#held + n > this.#limit) return false;
    this.#held += n;
    return true;
  }

  /** Gives `n` taken bytes back. Giving more than is held is a defect of ours, not of traffic. */
  give(n: number): void {
    if (n > this.#held) throw new RangeError('copy budget: more given back than taken');
    this.#held -= n;
  }
}

/**
 * Below this a chunk is gathered into a block instead of being referenced: a typed array of its own costs more memory
 * than it carries (measured on Node 26: 1 MiB in chunks of one byte is 327 MB when each is referenced, and a client can send just that).
 */
const SMALL = 512;
/** Size of a block; the most that a tap holds beyond what it charged to the budget. */
const BLOCK = 4096;
/** A reference pins the chunk's whole buffer: beyond this ratio the bytes are copied out of it. */
const PINNED_RATIO = 2;

/**
 * The bounded copy of one body, taken beside the stream and never in its way: references where they are cheap, a
 * counter always. The bytes of a pushed chunk must not change afterwards (Node's and undici's do not).
 */
export class Tap {
  readonly #cap: number;
  readonly #budget: CopyBudget;
  #pieces: Uint8Array[] = [];
  #block: Uint8Array | null = null;
  #blockUsed = 0;
  /** The only piece, once the pieces were joined. */
  #joined: Uint8Array | null = null;
  #held = 0;
  #total = 0;
  #cut: 'cap' | 'budget' | null = null;
  #released = false;

  /**
   * @param cap most bytes that this copy holds
   * @param budget shared with all other taps
   */
  constructor(cap: number, budget: CopyBudget) {
    this.#cap = cap;
    this.#budget = budget;
  }

  /** Bytes that passed, copied or not. */
  get total(): number {
    return this.#total;
  }

  /** Notes a chunk that passes. Never throws, never waits. */
  push(chunk: Uint8Array): void {
    const length = chunk.byteLength;
    this.#total += length;
    if (this.#cut !== null || this.#released || length === 0) return;
    const room = this.#cap - this.#held;
    const wanted = Math.min(length, room);
    if (wanted > 0) {
      if (!this.#budget.take(wanted)) {
        this.#cut = 'budget';
        return;
      }
      this.#held += wanted;
      this.#keep(wanted === length ? chunk : chunk.subarray(0, wanted));
    }
    if (wanted < length) this.#cut = 'cap';
  }

  /**
   * The copy as one piece. Its bytes have a buffer of their own, so that it may be transferred to a worker; after a
   * transfer only `release` may follow. What is pushed later joins a later capture.
   */
  capture(meta: BodyMeta): CapturedBody {
    const bytes = this.#join();
    // After release the copy is gone: that must not look like a whole body.
    const cut = this.#released && this.#total > 0 ? 'budget' : this.#cut;
    return { bytes, total: this.#total, cut, ...meta };
  }

  /** Lets the copy go and gives its bytes back to the budget; `total` keeps counting. May be called again. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#budget.give(this.#held);
    this.#pieces = [];
    this.#joined = null;
    this.#block = null;
  }

  #keep(chunk: Uint8Array): void {
    if (chunk.byteLength < SMALL) {
      this.#gather(chunk);
      return;
    }
    this.#seal();
    const pinned = chunk.buffer.byteLength > chunk.byteLength * PINNED_RATIO;
    this.#pieces.push(pinned ? new Uint8Array(chunk) : chunk);
  }

  #gather(chunk: Uint8Array): void {
    if (this.#block !== null && this.#blockUsed + chunk.byteLength > BLOCK) this.#seal();
    if (this.#block === null) {
      this.#block = new Uint8Array(BLOCK);
      this.#blockUsed = 0;
    }
    this.#block.set(chunk, this.#blockUsed);
    this.#blockUsed += chunk.byteLength;
  }

  /** Ends the open block, so that what follows stands behind it. */
  #seal(): void {
    if (this.#block === null) return;
    this.#pieces.push(this.#block.subarray(0, this.#blockUsed));
    this.#block = null;
  }

  #join(): Uint8Array {
    this.#seal();
    // Never hands out a referenced chunk: transferring it would detach bytes that may still wait in the client's socket.
    if (this.#joined !== null && this.#pieces.length === 1) return this.#joined;
    const bytes = new Uint8Array(this.#released ? 0 : this.#held);
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.byteLength;
    }
    this.#pieces = [bytes];
    this.#joined = bytes;
    return bytes;
  }
}
