/** From the pieces of frames to messages: unmasked, joined, decompressed, each under a cap. One for each side. */

import { ByteRun } from './byte-run.ts';
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
  #run = new ByteRun();
  #text = false;
  #compressed = false;
  #cut = false;
  #fault: MessageFault | null = null;

  /**
   * @param maxBytes of a message, before and after decompression
   * @param inflater null where no compression was agreed on
   */
  constructor(maxBytes: number, inflater: MessageInflater | null) {
    this.#maxBytes = maxBytes;
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

  #keep(piece: Piece): void {
    const room = this.#maxBytes - this.#run.length;
    const length = piece.raw.length - piece.payloadAt;
    if (length > room) this.#cut = true;
    if (room <= 0 || length === 0) return;
    const payload = unmasked(piece);
    this.#run.push(length > room ? payload.subarray(0, room) : payload);
  }

  #finish(): Message | null {
    const { bytes } = this.#run;
    const message = { text: this.#text, bytes, cut: this.#cut };
    this.#run = new ByteRun();
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
