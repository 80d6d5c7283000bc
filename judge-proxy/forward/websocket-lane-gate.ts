/**
 * Frames of one response that its gate holds back. The gate works on the server-sent events that the frames amount to;
 * a frame goes out when the gate has released the whole of its event, in order.
 */

import { createParser } from 'eventsource-parser';

export class HeldFrames {
  readonly #frames: Uint8Array[] = [];
  readonly #send: (frame: Uint8Array) => void;
  readonly #decoder = new TextDecoder();
  readonly #parser = createParser({ onEvent: () => this.#next() });
  #sent = 0;

  /** @param send whole messages, as they came */
  constructor(send: (frame: Uint8Array) => void) {
    this.#send = send;
  }

  /** Frames that went out. */
  get sent(): number {
    return this.#sent;
  }

  /** The frames of one message, which is one event for the gate. */
  push(frames: Uint8Array): void {
    this.#frames.push(frames);
  }

  /** The gate releases bytes: events, and comments of its own, which have no place on a WebSocket. */
  release(bytes: Uint8Array): void {
    this.#parser.feed(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Nothing more may go. */
  drop(): void {
    this.#frames.length = 0;
  }

  #next(): void {
    const frame = this.#frames.shift();
    if (frame === undefined) return;
    this.#sent += 1;
    this.#send(frame);
  }
}
