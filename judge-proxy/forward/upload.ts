/** The body of a request on its way to the origin. */

import { Readable } from 'node:stream';
import type { ClientRequest } from './forwarder.ts';

/** Told of what passes; must neither throw nor wait. */
export interface UploadWatcher {
  chunk(chunk: Buffer): void;
  /** The body was received to its end. */
  ended(): void;
}

/** True when the request ended as its framing says, false when the client went away in the middle. */
export function isWhole(request: ClientRequest): boolean {
  if (request.httpVersionMajor !== 2) return request.complete;
  // A stream that is reset with NO_ERROR emits `end` like one that ended (measured on 26.10), and `complete` is true
  // then as well.
  return !request.aborted;
}

/**
 * Reads a short body whole, so that it goes out as one Buffer: no stream machinery, and its copy is a reference.
 * @param done called once with the body; not called when the client goes away before its end
 */
export function readWhole(request: ClientRequest, watcher: UploadWatcher, done: (body: Buffer) => void): void {
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  request.on('data', (chunk: Buffer) => {
    watcher.chunk(chunk);
    if (first === undefined) first = chunk;
    else if (more === undefined) more = [first, chunk];
    else more.push(chunk);
  });
  request.on('end', () => {
    if (!isWhole(request)) return;
    watcher.ended();
    done(more === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(more));
  });
}

/** The part of a body that was held. */
export interface ReadBefore {
  readonly before: readonly Buffer[];
  readonly ended: boolean;
}

/**
 * A body that is streamed. It stands between the request and undici for one reason: undici destroys the body stream when
 * the origin answers early, and destroying an IncomingMessage destroys the client's connection, answer and all.
 */
export class UploadStream extends Readable {
  readonly #request: ClientRequest;
  readonly #onData: (chunk: Buffer) => void;
  readonly #onEnd: () => void;
  #before: ReadBefore | null;

  /**
   * @param read what was read of the body before: it goes out first. `ended`: there is no more
   */
  constructor(request: ClientRequest, watcher: UploadWatcher, read?: ReadBefore) {
    super();
    this.#request = request;
    this.#onData = (chunk) => {
      watcher.chunk(chunk);
      if (!this.push(chunk)) request.pause();
    };
    this.#onEnd = () => {
      if (!isWhole(request)) {
        this.destroy(new Error('the client went away'));
        return;
      }
      watcher.ended();
      this.push(null);
    };
    // undici stops listening when it has its answer; an error after that must not end the process (undici #2523).
    this.on('error', ignore);
    this.#before = read ?? null;
    if (read?.ended === true) return;
    request.pause();
    request.on('data', this.#onData);
    request.on('end', this.#onEnd);
  }

  override _read(): void {
    const before = this.#before;
    this.#before = null;
    if (before === null) {
      this.#request.resume();
      return;
    }
    for (const chunk of before.before) if (chunk.byteLength > 0) this.push(chunk);
    if (!before.ended) this.#request.resume();
    // Not at once: of a stream that has ended undici says the length, where the client had said none (undici 8.12,
    // `bodyLength`, asked after a `read(0)`).
    else process.nextTick(() => this.push(null));
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#request.off('data', this.#onData);
    this.#request.off('end', this.#onEnd);
    // What the client still sends is read and dropped: closing with unread input resets the connection, and the reset
    // can overtake the answer.
    this.#request.resume();
    callback(error);
  }
}

function ignore(): void {}
