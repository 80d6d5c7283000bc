/**
 * What has to be before a request is sent: its opening record committed, its body there as far as it is read whole, and,
 * where the route holds requests, the judge's word that it may go.
 */

import type { Ending } from '../enforcement/gate.ts';
import type { RecordedExchange } from '../enforcement/recorder.ts';
import { ProxyError } from '../errors.ts';
import type { ExchangeParts, SoundRequest } from './exchange-parts.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import type { IdleTimer } from './idle-timer.ts';
import { RequestBody } from './request-body.ts';
import type { UploadStream, UploadWatcher } from './upload.ts';

export interface RequestEvents {
  /** The request may be sent. */
  send(): void;
  /** The judge does not let it pass. The origin has heard nothing of it. */
  blocked(ending: Ending): void;
  fail(error: ProxyError): void;
}

export class RequestSide implements UploadWatcher {
  readonly #parts: ExchangeParts;
  readonly #sound: SoundRequest;
  readonly #record: ExchangeRecord;
  /** Runs while the client owes us a part of its body. */
  readonly #idle: IdleTimer;
  readonly #events: RequestEvents;
  readonly #body: RequestBody;
  #recorded: RecordedExchange | null = null;
  /** Of two things that sending waits for: the record, and a body that is read whole. */
  #awaited = 1;
  #over = false;
  /** Tells the judge of a held request that nobody waits for it any more. */
  #judging: AbortController | null = null;

  constructor(
    parts: ExchangeParts,
    sound: SoundRequest,
    record: ExchangeRecord,
    idle: IdleTimer,
    events: RequestEvents,
  ) {
    this.#parts = parts;
    this.#sound = sound;
    this.#record = record;
    this.#idle = idle;
    this.#events = events;
    this.#body = new RequestBody(sound.request, sound.framing, this);
  }

  /** null when nothing is recorded of it, by policy or because the ledger could not. */
  get recorded(): RecordedExchange | null {
    return this.#recorded;
  }

  /** What is sent: a Buffer, a stream that the client feeds meanwhile, null without a body. */
  get body(): Buffer | UploadStream | null {
    return this.#body.toSend;
  }

  start(): void {
    this.#open();
    const { limits, held } = this.#parts;
    const hold = this.#recorded?.holdsRequest === true ? { limit: limits.held_copy, budget: held } : null;
    const taken = this.#body.take(hold, () => this.#ready());
    if (taken === 'whole') this.#awaited += 1;
    else if (taken === 'streamed') this.#idle.start();
    else this.#record.requestEnded = true;
  }

  /** UploadWatcher: a chunk of the request passes. */
  chunk(chunk: Buffer): void {
    this.#record.requestTap.push(chunk);
    this.#idle.touch();
  }

  /** UploadWatcher: the request is complete. Until the answer begins, undici's header timer watches. */
  ended(): void {
    this.#record.requestEnded = true;
    if (this.#record.status === null) this.#idle.stop();
  }

  /** The origin answers, so it has what was held. */
  answered(): void {
    this.#body.answered();
  }

  /** Nothing more is sent; what the client still sends is read and dropped. */
  abort(): void {
    this.#over = true;
    this.#body.abort();
  }

  /** The client is gone, or has its answer. */
  close(): void {
    this.#over = true;
    this.#judging?.abort();
  }

  #open(): void {
    if (!this.#sound.target.recorded) {
      queueMicrotask(() => this.#ready());
      return;
    }
    this.#recorded = this.#record.begin(this.#parts.recorder);
    this.#recorded.committed.then(
      () => this.#ready(),
      (error: unknown) => {
        this.#recorded = null;
        this.#events.fail(error instanceof ProxyError ? error : new ProxyError('ledger_unavailable', { cause: error }));
      },
    );
  }

  #ready(): void {
    this.#awaited -= 1;
    if (this.#over) return;
    if (this.#awaited > 0) {
      // A short body mostly came with the head; only one that did not is worth a timer.
      if (!this.#record.requestEnded) this.#idle.start();
      return;
    }
    if (this.#recorded?.holdsRequest === true) void this.#clear(this.#recorded);
    else this.#events.send();
  }

  /** Has a held request judged. */
  async #clear(recorded: RecordedExchange): Promise<void> {
    this.#idle.stop(); // the client has sent what it could
    this.#judging = new AbortController();
    let ending: Ending | null;
    try {
      const { contentType, contentEncoding } = this.#sound.head;
      ending = await recorded.clearRequest(this.#body.capture({ contentType, contentEncoding }), this.#judging.signal);
    } catch (error) {
      this.#events.fail(new ProxyError('judge_unavailable', { cause: error }));
      return;
    }
    if (this.#over) return;
    if (ending !== null) {
      this.#events.blocked(ending);
      return;
    }
    this.#body.cleared();
    if (!this.#record.requestEnded) this.#idle.start();
    this.#events.send();
  }
}
