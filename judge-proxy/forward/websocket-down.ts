/**
 * From the origin to the client of Responses over WebSocket. In `observe` everything passes in order as it comes, only
 * the frame that ends a response waits until its record is written. In `window` and `hold` a message goes to the gate of
 * its response, and what belongs to none passes or not as the route says.
 */

import { readEnvelope } from '../apis/openai-responses-websocket-envelope.ts';
import { ByteRun } from '../exchange/byte-run.ts';
import { type FrameParser, OPCODE, type Piece } from '../exchange/websocket-frames.ts';
import type { Message, MessageAssembler } from '../exchange/websocket-messages.ts';
import type { SideReader } from './websocket-readers.ts';

export interface DownEvents {
  send(bytes: Uint8Array): void;
  /**
   * A message has come.
   * @param frames its frames where they are held back, null where they pass by themselves
   * @returns what its last frame waits for; null: nothing
   */
  message(envelope: ReturnType<typeof readEnvelope>, message: Message, frames: Uint8Array | null): Promise<void> | null;
  /** The messages cannot be read from here on. @returns whether the bytes pass nevertheless, or what they wait for */
  unreadable(): Promise<void> | 'pass' | 'drop';
  /** Before the origin's close frame is passed on: what is open has to end. */
  closing(): Promise<void>;
  /** Something waits, or nothing any more. */
  waiting(waits: boolean): void;
}

const NOTHING = new Uint8Array(0);

interface Entry {
  readonly raw: Uint8Array;
  ready: boolean;
}

export class DownSide {
  readonly #parser: FrameParser;
  readonly #messages: MessageAssembler;
  readonly #gated: boolean;
  readonly #events: DownEvents;
  #control = new ByteRun();
  /** Frames of the message that is coming, where they are held back. */
  #frames = new ByteRun();
  /** What goes out in order behind something that waits. */
  #queue: Entry[] = [];
  #blind: 'pass' | 'drop' | null = null;
  #ended: (() => void) | null = null;
  /** Nobody knows any more where a frame of ours could stand. */
  #unreadPassed = false;
  /** Frames of ours, and released ones, that wait for a message to be complete. */
  #between: Uint8Array[] = [];

  constructor({ parser, messages }: SideReader, gated: boolean, events: DownEvents) {
    this.#parser = parser;
    this.#messages = messages;
    this.#gated = gated;
    this.#events = events;
  }

  /** Whether a close frame of ours may be sent to the client now. */
  get betweenMessages(): boolean {
    return this.#queue.length === 0 && this.#between.length === 0 && this.#blind === null && this.#atBoundary;
  }

  /** Nothing waits. */
  get settled(): boolean {
    return this.#queue.length === 0 && this.#between.length === 0;
  }

  take(chunk: Uint8Array): void {
    if (this.#parser.fault === null) {
      for (const piece of this.#parser.push(chunk)) this.#piece(piece);
      if (this.#parser.fault !== null) {
        this.#goBlind();
        this.#pass(this.#parser.rest);
      }
    } else this.#pass(chunk);
    this.#afterMessage();
  }

  /** The other side cannot be read: nor can this one be understood. */
  stopReading(): void {
    if (this.#blind === null) this.#goBlind();
  }

  /** A whole message of ours, or one that was held back: goes out between the messages that pass. */
  insert(frame: Uint8Array): void {
    if (this.#unreadPassed) return;
    this.#between.push(frame);
    this.#afterMessage();
  }

  /** Calls back when everything that came has gone out. */
  end(done: () => void): void {
    this.#ended = done;
    this.#settle();
  }

  /** With messages held back nothing of one is ever half sent. */
  get #atBoundary(): boolean {
    return this.#gated || this.#blind !== null || this.#parser.betweenMessages;
  }

  #piece(piece: Piece): void {
    if (this.#blind !== null) this.#pass(piece.raw);
    else if (piece.head.opcode >= OPCODE.close) this.#controlPiece(piece);
    else this.#dataPiece(piece);
  }

  #dataPiece(piece: Piece): void {
    const message = this.#messages.push(piece);
    if (this.#gated) this.#frames.push(piece.raw);
    if (this.#messages.fault !== null || (this.#gated && this.#messages.overflowing)) {
      this.#goBlind();
      if (!this.#gated) this.#pass(piece.raw);
      return;
    }
    if (message === null) {
      if (!this.#gated) this.#pass(piece.raw);
      return;
    }
    const frames = this.#gated ? this.#frames.bytes : null;
    this.#frames = new ByteRun();
    const wait = this.#events.message(readEnvelope(message.bytes), message, frames);
    if (!this.#gated) this.#pass(piece.raw, wait);
  }

  #controlPiece({ head, raw, last }: Piece): void {
    this.#control.push(raw);
    if (!last) return;
    const frame = this.#control.bytes;
    this.#control = new ByteRun();
    if (head.opcode === OPCODE.close) this.#pass(frame, this.#events.closing());
    else if (this.#gated) this.insert(frame);
    else this.#pass(frame);
  }

  #goBlind(): void {
    if (this.#blind !== null) return;
    const passes = this.#events.unreadable();
    this.#blind = passes === 'drop' ? 'drop' : 'pass';
    if (typeof passes === 'string') this.#unreadPassed = true;
    else
      this.#pass(
        NOTHING,
        passes.then(() => this.#lastOfOurs()),
      );
    this.#pass(this.#frames.bytes);
    this.#frames = new ByteRun();
  }

  #lastOfOurs(): void {
    this.#afterMessage();
    this.#unreadPassed = true;
  }

  #pass(raw: Uint8Array, wait: Promise<void> | null = null): void {
    if (this.#blind === 'drop' || (raw.length === 0 && wait === null)) return;
    if (wait === null && this.#queue.length === 0) {
      this.#events.send(raw);
      return;
    }
    const entry: Entry = { raw, ready: wait === null };
    this.#queue.push(entry);
    if (this.#queue.length === 1) this.#events.waiting(true);
    void wait?.then(() => {
      entry.ready = true;
      this.#settle();
    });
  }

  #settle(): void {
    const before = this.#queue.length;
    for (let next = this.#queue[0]; next?.ready === true; next = this.#queue[0]) {
      this.#queue.shift();
      if (next.raw.length > 0) this.#events.send(next.raw);
    }
    if (before > 0 && this.#queue.length === 0) this.#events.waiting(false);
    this.#afterMessage();
    if (this.#queue.length > 0) return;
    this.#ended?.();
    this.#ended = null;
  }

  #afterMessage(): void {
    if (this.#between.length === 0 || !this.#atBoundary) return;
    if (!this.#gated && this.#queue.length > 0) return;
    for (const frame of this.#between.splice(0)) this.#events.send(frame);
  }
}
