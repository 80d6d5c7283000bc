/** Bytes that are held back until a verdict: bounded for one answer and for all together. */

import { CopyBudget, Tap } from '../exchange/tap.ts';

const NO_META = { contentType: null, contentEncoding: null, ended: false };

export class HeldBytes {
  readonly #most: number;
  readonly #budget: CopyBudget;
  /** Gathers small pieces: an answer of one-byte chunks must not cost many times its size. */
  #tap: Tap;
  #held = 0;

  /**
   * @param most bytes of this answer
   * @param budget shared with all that is held
   */
  constructor(most: number, budget: CopyBudget) {
    this.#most = most;
    this.#budget = budget;
    this.#tap = newTap(most);
  }

  /** Holds a piece. @returns false when there is no room; nothing of it is held then */
  take(piece: Uint8Array): boolean {
    const { byteLength } = piece;
    if (this.#held + byteLength > this.#most || !this.#budget.take(byteLength)) return false;
    this.#held += byteLength;
    this.#tap.push(piece);
    return true;
  }

  /** What is held, which is the caller's from now on. */
  takeAll(): readonly Uint8Array[] {
    const { bytes } = this.#tap.capture(NO_META);
    this.drop();
    return bytes.byteLength === 0 ? [] : [bytes];
  }

  /** May be called again. */
  drop(): void {
    this.#budget.give(this.#held);
    this.#held = 0;
    this.#tap.release();
    this.#tap = newTap(this.#most);
  }
}

function newTap(most: number): Tap {
  return new Tap(most, new CopyBudget(most));
}
