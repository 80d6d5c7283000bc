/** From the pieces of frames to messages: unmasked, joined, decompressed, each under a cap. One for each side. */

import { ByteRun } from './byte-run.ts';
import type { CopyBudget } from './tap.ts';
import type { MessageInflater } from './websocket-deflate.ts';
import { OPCODE, type Piece, unmasked } from './websocket-frames.ts';

/** A message, or as much of it as may be kept. */
export interface Message {
  readonly text: boolean;
  readonly bytes: Uint8Array;
  /** More followed than may be kept. */
  readonly cut: boolean;
}

/** Why the messages of a side cannot be read any more. */
export type MessageFault = 'decode_limit' | 'decode_failed' | 'unknown_coding';

export class MessageAssembler {
  readonly #maxBytes: number;
  readonly #inflater: MessageInflater | null;
  readonly #budget: CopyBudget;
  #taken = 0;
  #run = new ByteRun();
  #text = false;
  #compressed = false;
  #cut = false;
  #fault: MessageFault | null = null;

  /**
   * @param maxBytes of a message, before and after decompression
   * @param inflater null where no compression was agreed on
   * @param budget for messages that are coming, on all connections: a peer can begin one on each, and end none
   */
  constructor(maxBytes: number, inflater: MessageInflater | null, budget: CopyBudget) {
    this.#maxBytes = maxBytes;
    this.#budget = budget;
    this.#inflater = inflater;
  }

  get fault(): MessageFault | null {
    return this.#fault;
  }

  /** Of the message that is coming there is more than may be kept. */
  get overflowing(): boolean {
    return this.#cut;
  }

  /** The beginning of the message that is coming, for one that overflows. null when it cannot be read yet. */
  prefix(): Message | null {
    return this.#compressed ? null : { text: this.#text, bytes: this.#run.bytes, cut: true };
  }

  /**
   * Takes a piece of a data frame; control frames are not for here.
   * @returns the message that it completes
   */
  push(piece: Piece): Message | null {
    const { head } = piece;
    if (this.#fault !== null) return null;
    if (head.opcode !== OPCODE.continuation && piece.offset === 0 && piece.payloadAt > 0) {
      this.#text = head.opcode === OPCODE.text;
      this.#compressed = head.rsv1;
    }
    this.#keep(piece);
    return piece.last && head.fin ? this.#finish() : null;
  }

  /** The connection is over: what was kept of a message that did not come to its end is let go. */
  release(): void {
    this.#run = new ByteRun();
    this.#budget.give(this.#taken);
    this.#taken = 0;
  }

  #keep(piece: Piece): void {
    const length = piece.raw.length - piece.payloadAt;
    if (length === 0 || this.#cut) return;
    const fitting = Math.min(length, this.#maxBytes - this.#run.length);
    if (fitting < length) this.#cut = true;
    if (fitting === 0) return;
    if (!this.#budget.take(fitting)) {
      this.#cut = true;
      return;
    }
    this.#taken += fitting;
    this.#run.push(unmasked(piece).subarray(0, fitting));
  }

  #finish(): Message | null {
    const { bytes } = this.#run;
    const message = { text: this.#text, bytes, cut: this.#cut };
    this.release();
    this.#cut = false;
    if (!this.#compressed) return message;
    if (message.cut || this.#inflater === null) return this.#fail(message.cut ? 'decode_limit' : 'unknown_coding');
    const inflated = this.#inflater.inflate(bytes);
    if (inflated === 'limit') return this.#fail('decode_limit');
    if (inflated === 'damaged') return this.#fail('decode_failed');
    return { ...message, bytes: inflated };
  }

  #fail(fault: MessageFault): null {
    this.#fault = fault;
    return null;
  }
}
