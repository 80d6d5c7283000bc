/**
 * Server-sent events (WHATWG HTML §9.2). A stream holds at most 1 MiB that its reader did not take: then it gets the event
 * `dropped` and its end, so that a slow reader neither costs memory nor believes to have seen everything.
 */

import { Readable } from 'node:stream';

/** Bytes that wait for the reader. */
export const MOST_WAITING = 1_048_576;
/** Proxies and browsers give up on silent connections: nginx after 60 s. */
const HEARTBEAT_MS = 15_000;
/** What is left for a reader that was dropped. */
const DROPPED_MS = 10_000;

export interface EventStreamOptions {
  readonly items: AsyncIterable<unknown>;
  /** Asked before each event and each heartbeat: false ends the stream, because its reader may not see more. */
  readonly permitted: () => Promise<boolean>;
  /** Ends `items`. */
  readonly stop: () => void;
}

export class EventStream extends Readable {
  readonly #options: EventStreamOptions;
  readonly #heartbeat: NodeJS.Timeout;
  #grace: NodeJS.Timeout | undefined;
  #count = 0;
  #ended = false;

  constructor(options: EventStreamOptions) {
    super({ highWaterMark: MOST_WAITING });
    this.#options = options;
    this.#heartbeat = setInterval(() => void this.#beat(), HEARTBEAT_MS).unref();
    this.push(': connected\n\n');
    void this.#pump();
  }

  /** Everything is pushed as it comes. */
  override _read(): void {}

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#ended = true;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#grace);
    this.#options.stop();
    done(error);
  }

  async #pump(): Promise<void> {
    try {
      for await (const item of this.#options.items) {
        if (!(await this.#options.permitted())) return this.#end('ended', 'not_permitted');
        if (this.#ended) return;
        this.#count += 1;
        this.#push(`id: ${this.#count}\ndata: ${JSON.stringify(item)}\n\n`);
      }
      this.#end('ended', 'closed');
    } catch {
      this.#end('ended', 'failed');
    }
  }

  async #beat(): Promise<void> {
    const permitted = await this.#options.permitted().catch(() => false);
    if (permitted) this.#push(': beat\n\n');
    else this.#end('ended', 'not_permitted');
  }

  #push(frame: string): void {
    if (this.#ended) return;
    if (this.readableLength + frame.length > MOST_WAITING) this.#end('dropped', 'slow_reader');
    else this.push(frame);
  }

  #end(event: 'ended' | 'dropped', reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#heartbeat);
    this.push(`event: ${event}\ndata: ${JSON.stringify({ reason })}\n\n`);
    this.push(null);
    this.#options.stop();
    this.#grace = setTimeout(() => this.destroy(), DROPPED_MS).unref();
  }
}
