/** The body of one request: read whole, streamed or held, and what of it goes to the origin. */

import type { CapturedBody } from '../exchange/capture.ts';
import type { ClientRequest } from './forwarder.ts';
import type { BodyFraming } from './framing.ts';
import { HeldBody, type HoldRoom } from './held-body.ts';
import { readWhole, UploadStream, type UploadWatcher } from './upload.ts';

/** Longer bodies are streamed. Shorter ones have mostly arrived with the head, and go out in one write. */
const WHOLE_BODY_MAX = 64 * 1024;

export class RequestBody {
  readonly #request: ClientRequest;
  readonly #framing: BodyFraming;
  readonly #watcher: UploadWatcher;
  #held: HeldBody | null = null;
  #body: Buffer | UploadStream | null = null;

  constructor(request: ClientRequest, framing: BodyFraming, watcher: UploadWatcher) {
    this.#request = request;
    this.#framing = framing;
    this.#watcher = watcher;
  }

  /** What is sent: a Buffer, a stream that the client feeds meanwhile, null without a body. */
  get toSend(): Buffer | UploadStream | null {
    return this.#body;
  }

  /**
   * Starts reading.
   * @param hold where the body has to be held, null where not
   * @param ready called later, when the body may be sent or is held as far as it goes; not when the client goes away
   * @returns `now`: sending need not wait for the body · `whole`: it waits for `ready`, and short bodies are mostly
   * there at once · `streamed`: it need not wait, and more comes
   */
  take(hold: HoldRoom | null, ready: () => void): 'now' | 'whole' | 'streamed' {
    const framing = this.#framing;
    switch (framing.kind) {
      case 'none':
        this.#request.resume(); // lets Node see the end of the message, so that the connection can be used again
        return 'now';
      case 'length':
      case 'stream':
        if (hold !== null) {
          this.#held = new HeldBody(this.#request, this.#watcher, hold, ready);
          return 'whole';
        }
        if (framing.kind === 'length' && framing.bytes <= WHOLE_BODY_MAX) {
          readWhole(this.#request, this.#watcher, (body) => {
            this.#body = body;
            ready();
          });
          return 'whole';
        }
        this.#body = new UploadStream(this.#request, this.#watcher);
        return 'streamed';
      default:
        return framing satisfies never;
    }
  }

  /** What is held, for the judge; empty where there is no body. */
  capture(meta: { contentType: string | null; contentEncoding: string | null }): CapturedBody {
    return this.#held?.capture(meta) ?? { bytes: new Uint8Array(0), total: 0, cut: null, ended: true, ...meta };
  }

  /** A held body may be sent. */
  cleared(): void {
    if (this.#held !== null) this.#body = this.#held.toSend(this.#framing);
  }

  /** The origin answers, so it has what was held. */
  answered(): void {
    this.#held?.release();
  }

  /** Nothing more is sent. What the client still sends is read and dropped. */
  abort(): void {
    this.#held?.release();
    if (this.#body instanceof UploadStream) this.#body.destroy();
    else this.#request.resume();
  }
}
