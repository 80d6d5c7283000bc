/** Bytes that grow at their end. One piece is kept as it is; more are joined in a buffer that doubles. */

const START = 4096;

export class ByteRun {
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;
  /** The buffer is ours to write into. */
  #own = false;

  get length(): number {
    return this.#length;
  }

  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    if (this.#length === 0 && !this.#own) {
      this.#bytes = piece;
      this.#length = piece.length;
      return;
    }
    const length = this.#length + piece.length;
    if (!this.#own || length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(piece, this.#length);
    this.#length = length;
  }

  /** What there is. What is pushed later does not change it. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(length: number): void {
    const bytes = new Uint8Array(Math.max(START, length, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#own = true;
  }
}
