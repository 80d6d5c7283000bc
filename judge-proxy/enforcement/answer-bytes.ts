/** The bytes of a gated answer on their way to its gate: as they were sent, or decoded. One place for who pauses whom. */

import { createStreamDecoder, type StreamDecoder } from '../exchange/stream-decoder.ts';
import type { Outlet } from './gate.ts';

export interface AnswerBytesEvents {
  piece(piece: Uint8Array): void;
  /** The bytes are not what their content coding says: nothing more can be read. Never called with `as_sent`. */
  damaged(): void;
}

export class AnswerBytes {
  readonly #decoder: StreamDecoder | null;
  readonly #events: AnswerBytesEvents;
  readonly #outlet: Pick<Outlet, 'resume'>;
  readonly #over = Promise.withResolvers<void>();
  /** The gate takes nothing at present. */
  #paused = false;
  /** The client takes nothing at present: what is decoded from one chunk may be a thousand times as long. */
  #clientSlow = false;
  /** The decoder takes nothing at present. */
  #behind = false;

  /** @param decode value of content-encoding to be undone; null: as sent */
  constructor(decode: string | null, events: AnswerBytesEvents, outlet: Pick<Outlet, 'resume'>) {
    this.#events = events;
    this.#outlet = outlet;
    this.#decoder = createStreamDecoder(decode, {
      data: (piece) => events.piece(piece),
      drained: () => {
        this.#behind = false;
        this.#resumeOrigin();
      },
      over: (end) => {
        this.#behind = false;
        if (end === 'damaged') events.damaged();
        this.#over.resolve();
      },
    });
  }

  /** They are not as they were sent. */
  get decodes(): boolean {
    return this.#decoder !== null;
  }

  /** @returns false to have the origin paused */
  push(chunk: Uint8Array): boolean {
    if (this.#decoder === null) this.#events.piece(chunk);
    else if (!this.#decoder.write(chunk)) this.#behind = true;
    return !this.#paused && !this.#behind;
  }

  /** No more comes. Resolves when the gate has had all of it, which waits for its pauses, too. */
  async end(): Promise<void> {
    if (this.#decoder === null) return;
    this.#decoder.end();
    await this.#over.promise;
  }

  pause(): void {
    this.#paused = true;
    this.#decoder?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#resumeDecoder();
    this.#resumeOrigin();
  }

  /** The client is slower than what is released. What came as it was sent is forwarding's to pause. */
  clientIsSlow(): void {
    if (this.#decoder === null) return;
    this.#clientSlow = true;
    this.#decoder.pause();
  }

  /** The client takes bytes again. */
  clientDrained(): void {
    if (!this.#clientSlow) return;
    this.#clientSlow = false;
    this.#resumeDecoder();
  }

  close(): void {
    this.#decoder?.close();
    this.#over.resolve();
  }

  #resumeDecoder(): void {
    if (!this.#paused && !this.#clientSlow) this.#decoder?.resume();
  }

  #resumeOrigin(): void {
    if (!this.#paused && !this.#behind) this.#outlet.resume();
  }
}
