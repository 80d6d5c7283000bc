/** Comments that keep the connection of a client busy while its stream is held. */

/** A comment and the blank line behind it: for every reader of event streams nothing (WHATWG HTML §9.2.6). */
export const KEEP_ALIVE_COMMENT: Uint8Array = Buffer.from(': keep-alive\n\n');

export class KeepAlive {
  readonly #everyMs: number;
  readonly #send: () => void;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  /** @param everyMs milliseconds of silence before each comment */
  constructor(everyMs: number, send: () => void) {
    this.#everyMs = everyMs;
    this.#send = send;
    this.touch();
  }

  /** Something else went to the client just now. */
  touch(): void {
    this.#clear();
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#send();
      this.touch();
    }, this.#everyMs);
    this.#timer.unref();
  }

  /** Nothing is sent any more. May be called again. */
  close(): void {
    this.#closed = true;
    this.#clear();
  }

  #clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
