/**
 * permessage-deflate (RFC 7692), reading side only: what was agreed on, and messages undone under a cap of bytes and
 * time. Each message is inflated in one call with the last 32 KiB before it as dictionary, which is what context takeover
 * means to the format; so there is no stream of zlib to own for each connection (measured: 26 µs for a message of 300
 * bytes, and a bomb ends after 1 ms at 4 MiB).
 */

import zlib from 'node:zlib';

export interface Agreed {
  /** Messages of the client may refer to those before. */
  readonly clientTakeover: boolean;
  readonly serverTakeover: boolean;
}

/** @returns null without compression; `unknown` when something else was agreed on, which nobody here can read */
export function agreedDeflate(extensions: string | null): Agreed | null | 'unknown' {
  const listed = (extensions ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const [only] = listed;
  if (only === undefined) return null;
  const [name, ...parameters] = only.split(';').map((part) => part.trim().toLowerCase());
  if (listed.length > 1 || name !== 'permessage-deflate') return 'unknown';
  return {
    clientTakeover: !parameters.includes('client_no_context_takeover'),
    serverTakeover: !parameters.includes('server_no_context_takeover'),
  };
}

/** Time that reading one connection may take: some at once, which comes back as a share of the time that goes by. */
export class TimeBudget {
  readonly #atOnceMs: number;
  readonly #now: () => number;
  #asOf: number;
  #spent = 0;

  /**
   * @param atOnceMs milliseconds
   * @param now monotonic milliseconds
   */
  constructor(atOnceMs: number, now: () => number) {
    this.#atOnceMs = atOnceMs;
    this.#now = now;
    this.#asOf = now();
  }

  get left(): boolean {
    const now = this.#now();
    // Never below nothing: a connection that was silent for an hour has saved up no minutes.
    this.#spent = Math.max(0, this.#spent - (now - this.#asOf) * SHARE);
    this.#asOf = now;
    return this.#spent <= this.#atOnceMs;
  }

  run<T>(work: () => T): T {
    const started = this.#now();
    try {
      return work();
    } finally {
      this.#spent += this.#now() - started;
    }
  }
}

/** Of one event loop, for one connection. An honest stream of 1,000 messages a second needs a fortieth. */
const SHARE = 0.1;
const WINDOW = 32_768;
/** What every compressed message ends with and leaves out (RFC 7692 §7.2.1). */
const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);

/** `limit`: size or time ran out · `damaged`: no deflate data. Nothing can be read of the side afterwards. */
export type InflateFailure = 'limit' | 'damaged';

/** Undoes the messages of one side, in order. */
export class MessageInflater {
  readonly #takeover: boolean;
  readonly #maxBytes: number;
  readonly #budget: TimeBudget;
  #window: Uint8Array = new Uint8Array(0);

  /** @param maxBytes most that one message may become */
  constructor(takeover: boolean, maxBytes: number, budget: TimeBudget) {
    this.#takeover = takeover;
    this.#maxBytes = maxBytes;
    this.#budget = budget;
  }

  inflate(payload: Uint8Array): Uint8Array | InflateFailure {
    if (!this.#budget.left) return 'limit';
    return this.#budget.run(() => this.#inflate(payload));
  }

  #inflate(payload: Uint8Array): Uint8Array | InflateFailure {
    try {
      const bytes = zlib.inflateRawSync(Buffer.concat([payload, TAIL]), {
        finishFlush: zlib.constants.Z_SYNC_FLUSH,
        maxOutputLength: this.#maxBytes,
        ...(this.#window.length === 0 ? {} : { dictionary: this.#window }),
      });
      if (this.#takeover) this.#slide(bytes);
      return bytes;
    } catch (error) {
      const tooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
      return tooLarge ? 'limit' : 'damaged';
    }
  }

  #slide(bytes: Uint8Array): void {
    if (bytes.length >= WINDOW) {
      this.#window = bytes.slice(bytes.length - WINDOW); // not a view: it would keep all of the message
      return;
    }
    const kept = this.#window.subarray(Math.max(0, this.#window.length + bytes.length - WINDOW));
    const window = new Uint8Array(kept.length + bytes.length);
    window.set(kept);
    window.set(bytes, kept.length);
    this.#window = window;
  }
}
