/**
 * The body of a request that has to be judged before the origin sees it: held whole as far as the limits go, sent
 * afterwards with the framing that it came with.
 */

import type { CapturedBody } from '../exchange/capture.ts';
import { type BodyMeta, CopyBudget, Tap } from '../exchange/tap.ts';
import type { ClientRequest } from './forwarder.ts';
import type { BodyFraming } from './framing.ts';
import { isWhole, UploadStream, type UploadWatcher } from './upload.ts';

export interface HoldRoom {
  /** Most bytes of this body. */
  readonly limit: number;
  /** Shared with all that is held. */
  readonly budget: CopyBudget;
}

export class HeldBody {
  readonly #request: ClientRequest;
  readonly #watcher: UploadWatcher;
  readonly #room: HoldRoom;
  /** Gathers small chunks: a body of one-byte chunks must not cost many times its size. */
  readonly #tap: Tap;
  readonly #done: () => void;
  readonly #onData = (chunk: Buffer) => this.#take(chunk);
  readonly #onEnd = () => this.#ended();
  /** The chunk that was too much; it is sent behind what is held. */
  #beyond: Buffer | null = null;
  #cut: 'cap' | 'budget' | null = null;
  #whole = false;
  #released = false;

  /**
   * Starts reading.
   * @param done called once, when the body is held whole or no more of it can be held. Not called when the client
   * goes away before
   */
  constructor(request: ClientRequest, watcher: UploadWatcher, room: HoldRoom, done: () => void) {
    this.#request = request;
    this.#watcher = watcher;
    this.#room = room;
    this.#done = done;
    this.#tap = new Tap(room.limit, new CopyBudget(room.limit));
    request.on('data', this.#onData);
    request.on('end', this.#onEnd);
  }

  /** What is held, for the judge, which must neither change nor transfer the bytes: they are sent afterwards. */
  capture(meta: Omit<BodyMeta, 'ended'>): CapturedBody {
    const captured = this.#tap.capture({ ...meta, ended: this.#whole });
    const total = captured.total + (this.#beyond?.byteLength ?? 0);
    return { ...captured, total, cut: this.#cut };
  }

  /** The body for the origin: as one Buffer where its length is said, as a stream where it is not or more follows. */
  toSend(framing: BodyFraming): Buffer | UploadStream {
    const { bytes } = this.#tap.capture({ contentType: null, contentEncoding: null, ended: this.#whole });
    const held = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.#whole && framing.kind === 'length') return held;
    const before = this.#beyond === null ? [held] : [held, this.#beyond];
    return new UploadStream(this.#request, this.#watcher, { before, ended: this.#whole });
  }

  /** Gives the room back; what is not sent by now is dropped. May be called again. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#stopReading();
    this.#room.budget.give(this.#tap.total);
    this.#tap.release();
    this.#beyond = null;
  }

  #take(chunk: Buffer): void {
    this.#watcher.chunk(chunk);
    const { limit, budget } = this.#room;
    if (this.#tap.total + chunk.byteLength > limit) this.#full(chunk, 'cap');
    else if (budget.take(chunk.byteLength)) this.#tap.push(chunk);
    else this.#full(chunk, 'budget');
  }

  #full(chunk: Buffer, cut: 'cap' | 'budget'): void {
    this.#beyond = chunk;
    this.#cut = cut;
    this.#stopReading();
    this.#request.pause();
    this.#done();
  }

  #ended(): void {
    if (!isWhole(this.#request)) return;
    this.#whole = true;
    this.#stopReading();
    this.#watcher.ended();
    this.#done();
  }

  #stopReading(): void {
    this.#request.off('data', this.#onData);
    this.#request.off('end', this.#onEnd);
  }
}
