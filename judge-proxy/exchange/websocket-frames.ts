/**
 * WebSocket frames (RFC 6455 §5.2) cut out of a byte stream, without changing or buffering it: what comes in goes out as
 * pieces, each of one frame, in order and complete. Payload stays masked and compressed as it was on the wire.
 */

/** Text and binary begin a message, continuation goes on with it; the others are control frames. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameHead {
  readonly fin: boolean;
  /** RSV1: the message is compressed (RFC 7692 §6). Only where an extension was agreed on. */
  readonly rsv1: boolean;
  readonly opcode: number;
  /** Four bytes, null on frames of a server. */
  readonly mask: Uint8Array | null;
  /** Length of the payload. */
  readonly length: number;
}

/** Bytes of one frame, as they came in one read. */
export interface Piece {
  readonly head: FrameHead;
  /** As on the wire: the header, where the piece is the first of its frame, and payload. */
  readonly raw: Uint8Array;
  /** Where payload begins in `raw`. */
  readonly payloadAt: number;
  /** Payload bytes of the frame that came before this piece. */
  readonly offset: number;
  /** The frame is complete with it. */
  readonly last: boolean;
}

/** What a peer did against the protocol. A closed set. */
export type FrameFault =
  | 'reserved_bits'
  | 'opcode'
  | 'control_frame'
  | 'mask'
  | 'length'
  | 'fragmentation'
  | 'fragments';

export interface FrameRules {
  /** Frames of a client are masked, those of a server are not (RFC 6455 §5.1). */
  readonly masked: boolean;
  /** An extension that uses RSV1 was agreed on. */
  readonly rsv1: boolean;
}

/** More frames than this in one message are an attack on whoever keeps a record of each. */
const MAX_FRAGMENTS = 16_384;
const MAX_HEADER = 14;
const NOTHING: readonly Piece[] = [];

export class FrameParser {
  readonly #rules: FrameRules;
  /** Header bytes that came so far, when a read ended inside a header. */
  readonly #header = new Uint8Array(MAX_HEADER);
  #headerLength = 0;
  #frame: FrameHead | null = null;
  #offset = 0;
  #inMessage = false;
  #fragments = 0;
  #fault: FrameFault | null = null;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(rules: FrameRules) {
    this.#rules = rules;
  }

  /** Why parsing stopped; nothing is parsed any more. */
  get fault(): FrameFault | null {
    return this.#fault;
  }

  /** After a fault: the bytes from the faulty frame on, as far as they were given. */
  get rest(): Uint8Array {
    return this.#rest;
  }

  /** Nothing of a frame is pending: a frame of our own could stand here. */
  get betweenFrames(): boolean {
    return this.#fault === null && this.#frame === null && this.#headerLength === 0;
  }

  /** Nothing of a message is pending. */
  get betweenMessages(): boolean {
    return this.betweenFrames && !this.#inMessage;
  }

  /**
   * Takes what came in one read.
   * @returns the pieces that it is made of; after a fault only those before it
   */
  push(chunk: Uint8Array): readonly Piece[] {
    if (this.#fault !== null) return NOTHING;
    const pieces: Piece[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#frame !== null) {
        at += this.#payload(chunk, at, pieces);
        continue;
      }
      const next = this.#takeHeader(chunk, at, pieces);
      if (next === null) break;
      at = next;
    }
    return pieces;
  }

  /** Payload of a frame whose header was given out before. @returns bytes taken */
  #payload(chunk: Uint8Array, at: number, pieces: Piece[]): number {
    const head = this.#frame;
    if (head === null) return 0;
    const length = Math.min(chunk.length - at, head.length - this.#offset);
    this.#give(pieces, head, chunk.subarray(at, at + length), 0);
    return length;
  }

  /** @returns where to go on, null when the chunk is used up or faulty */
  #takeHeader(chunk: Uint8Array, at: number, pieces: Piece[]): number | null {
    const before = this.#headerLength;
    const taken = chunk.subarray(at, at + MAX_HEADER - before);
    this.#header.set(taken, before);
    const have = before + taken.length;
    const size = headerSize(this.#header, have);
    if (size === null || size > have) {
      this.#headerLength = have;
      return null;
    }
    const parsed = this.#read(size);
    if (typeof parsed === 'string') {
      this.#fault = parsed;
      const rest = new Uint8Array(before + chunk.length - at);
      rest.set(this.#header.subarray(0, before));
      rest.set(chunk.subarray(at), before);
      this.#rest = rest;
      return null;
    }
    this.#headerLength = 0;
    this.#frame = parsed;
    this.#offset = 0;
    const payload = Math.min(chunk.length - (at + size - before), parsed.length);
    const end = at + size - before + payload;
    this.#give(pieces, parsed, before === 0 ? chunk.subarray(at, end) : this.#joined(chunk, at, end, before), size);
    return end;
  }

  #joined(chunk: Uint8Array, at: number, end: number, before: number): Uint8Array {
    const raw = new Uint8Array(before + end - at);
    raw.set(this.#header.subarray(0, before));
    raw.set(chunk.subarray(at, end), before);
    return raw;
  }

  #give(pieces: Piece[], head: FrameHead, raw: Uint8Array, payloadAt: number): void {
    const offset = this.#offset;
    this.#offset += raw.length - payloadAt;
    const last = this.#offset === head.length;
    if (last) this.#frame = null;
    pieces.push({ head, raw, payloadAt, offset, last });
  }

  #read(size: number): FrameHead | FrameFault {
    const header = this.#header;
    const [first = 0, second = 0] = header;
    const opcode = first & 0x0f;
    const fin = (first & 0x80) !== 0;
    const rsv1 = (first & 0x40) !== 0;
    const masked = (second & 0x80) !== 0;
    const length = payloadLength(header);
    if ((first & 0x30) !== 0 || (rsv1 && !this.#rules.rsv1)) return 'reserved_bits';
    if (masked !== this.#rules.masked) return 'mask';
    if (length === null) return 'length';
    const fault = this.#follows(opcode, fin, rsv1, length);
    if (fault !== null) return fault;
    return { fin, rsv1, opcode, length, mask: masked ? header.slice(size - 4, size) : null };
  }

  /** Whether such a frame may stand here, and notes that it does. */
  #follows(opcode: number, fin: boolean, rsv1: boolean, length: number): FrameFault | null {
    switch (opcode) {
      case OPCODE.close:
      case OPCODE.ping:
      case OPCODE.pong:
        return fin && !rsv1 && length <= 125 ? null : 'control_frame';
      case OPCODE.text:
      case OPCODE.binary:
        if (this.#inMessage) return 'fragmentation';
        this.#fragments = 0;
        break;
      case OPCODE.continuation:
        // RFC 7692 §6.1: only the first frame of a message says that it is compressed.
        if (!this.#inMessage || rsv1) return 'fragmentation';
        this.#fragments += 1;
        if (this.#fragments > MAX_FRAGMENTS) return 'fragments';
        break;
      default:
        return 'opcode';
    }
    this.#inMessage = !fin;
    return null;
  }
}

/** @returns size of the header, null while not even that is known */
function headerSize(header: Uint8Array, have: number): number | null {
  const second = header[1];
  if (have < 2 || second === undefined) return null;
  const short = second & 0x7f;
  return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + ((second & 0x80) !== 0 ? 4 : 0);
}

/** @returns null for a length that is not written in the shortest way, or is no safe integer (RFC 6455 §5.2) */
function payloadLength(header: Uint8Array): number | null {
  const short = (header[1] ?? 0) & 0x7f;
  if (short < 126) return short;
  const view = new DataView(header.buffer, header.byteOffset);
  if (short === 126) {
    const length = view.getUint16(2);
    return length < 126 ? null : length;
  }
  const length = view.getUint32(2) * 2 ** 32 + view.getUint32(6);
  return length < 65_536 || !Number.isSafeInteger(length) ? null : length;
}

/** Payload of a piece, readable: a copy where it was masked, else the bytes themselves. */
export function unmasked({ head, raw, payloadAt, offset }: Piece): Uint8Array {
  const payload = raw.subarray(payloadAt);
  const { mask } = head;
  if (mask === null) return payload;
  const out = new Uint8Array(payload.length);
  for (let i = 0; i < payload.length; i += 1) out[i] = (payload[i] ?? 0) ^ (mask[(offset + i) & 3] ?? 0);
  return out;
}

/**
 * Writes one whole frame.
 * @param mask four bytes for a frame of a client, null for one of a server
 */
export function writeFrame(opcode: number, payload: Uint8Array, mask: Uint8Array | null): Uint8Array {
  const { length } = payload;
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const at = 2 + extra + (mask === null ? 0 : 4);
  const frame = new Uint8Array(at + length);
  const view = new DataView(frame.buffer);
  frame[0] = 0x80 | opcode;
  frame[1] = (mask === null ? 0 : 0x80) | (extra === 0 ? length : extra === 2 ? 126 : 127);
  if (extra === 2) view.setUint16(2, length);
  if (extra === 8) view.setBigUint64(2, BigInt(length));
  if (mask === null) {
    frame.set(payload, at);
    return frame;
  }
  frame.set(mask, at - 4);
  for (let i = 0; i < length; i += 1) frame[at + i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return frame;
}

/** Payload of a close frame: its code, and why (RFC 6455 §5.5.1; at most 123 bytes of reason). */
export function closePayload(code: number, reason: string): Uint8Array {
  const text = new TextEncoder().encode(reason).subarray(0, 123);
  const payload = new Uint8Array(2 + text.length);
  new DataView(payload.buffer).setUint16(0, code);
  payload.set(text, 2);
  return payload;
}
