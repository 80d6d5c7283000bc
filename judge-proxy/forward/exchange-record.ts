/** What is known of one exchange while it runs, and what the recorder and the log are told of it. */

import type { ExchangeEnd, RecordedExchange, Recorder } from '../enforcement/recorder.ts';
import type { ProxyError } from '../errors.ts';
import type { CapturedBody } from '../exchange/capture.ts';
import { type CopyBudget, Tap } from '../exchange/tap.ts';
import type { Clock } from '../telemetry/clock.ts';
import type { ForwardTarget } from './forwarder.ts';
import type { ClientHead, OriginHead } from './headers.ts';
import { vettedId } from './request-ids.ts';

/** How an exchange ended, for the log. */
export interface ExchangeSummary {
  readonly requestId: string;
  readonly exchangeId: string | null;
  readonly target: ForwardTarget;
  readonly outcome: ExchangeEnd['outcome'];
  readonly error: ProxyError | null;
  readonly status: number | null;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly durationMs: number;
}

export interface RecordOptions {
  readonly requestId: string;
  readonly method: string;
  readonly target: ForwardTarget;
  readonly originHead: OriginHead;
  readonly clock: Clock;
  readonly budget: CopyBudget;
  readonly limits: { readonly request_copy: number; readonly response_copy: number };
}

export class ExchangeRecord {
  readonly requestTap: Tap;
  readonly responseTap: Tap;
  requestEnded = false;
  responseEnded = false;
  readonly #options: RecordOptions;
  readonly #started: number;
  #status: number | null = null;
  #head: ClientHead | null = null;
  #firstByteMs: number | null = null;

  constructor(options: RecordOptions) {
    this.#options = options;
    this.#started = options.clock.monotonic();
    const { target, limits, budget } = options;
    this.requestTap = new Tap(target.recorded ? limits.request_copy : 0, budget);
    this.responseTap = new Tap(target.recorded ? limits.response_copy : 0, budget);
  }

  /** Status of the origin's answer, null before. */
  get status(): number | null {
    return this.#status;
  }

  get requestId(): string {
    return this.#options.requestId;
  }

  /** Writes the opening record. */
  begin(recorder: Recorder): RecordedExchange {
    const { requestId, method, target } = this.#options;
    const { client, route, authority, path } = target;
    return recorder.begin({
      ...{ requestId, client, route, method, path },
      clientRequestId: this.#clientRequestId(),
      secretHeaders: this.#options.originHead.secretHeaders ?? [],
      host: authority.host,
      port: authority.port,
    });
  }

  /** The origin's first byte is here. */
  answered(): void {
    this.#firstByteMs ??= this.#elapsed();
  }

  /** The origin's final head, as it is passed on. */
  answeredWith(status: number, head: ClientHead): void {
    this.#status = status;
    this.#head = head;
  }

  summary(
    outcome: ExchangeEnd['outcome'],
    error: ProxyError | null,
    recorded: RecordedExchange | null,
  ): ExchangeSummary {
    return {
      requestId: this.#options.requestId,
      exchangeId: recorded?.exchangeId ?? null,
      target: this.#options.target,
      outcome,
      error,
      status: this.#status,
      bytesUp: this.requestTap.total,
      bytesDown: this.responseTap.total,
      durationMs: this.#elapsed(),
    };
  }

  /** Copy of the request so far. */
  request(): CapturedBody {
    const { contentType, contentEncoding } = this.#options.originHead;
    return this.requestTap.capture({ contentType, contentEncoding, ended: this.requestEnded });
  }

  /** Everything for the completing record. */
  end({ outcome, error, durationMs }: ExchangeSummary): ExchangeEnd {
    return {
      outcome,
      errorCode: error?.code ?? null,
      status: this.#status,
      clientRequestId: this.#clientRequestId(),
      originRequestId: vettedId(this.#head?.requestId ?? null),
      secretHeaders: this.#head?.secretHeaders ?? [],
      request: this.request(),
      response: this.responseTap.capture({
        contentType: this.#head?.contentType ?? null,
        contentEncoding: this.#head?.contentEncoding ?? null,
        ended: this.responseEnded,
      }),
      firstByteMs: this.#firstByteMs,
      durationMs,
    };
  }

  #clientRequestId(): string | null {
    const { clientRequestId, requestId } = this.#options.originHead;
    return vettedId(clientRequestId) ?? vettedId(requestId);
  }

  /** Records an exchange that has no opening record: its content was not to be looked at, or was never sent. */
  unjudged(recorder: Recorder, { error, bytesUp, bytesDown, durationMs }: ExchangeSummary): void {
    const { requestId, target } = this.#options;
    const { authority, route, client, recorded } = target;
    recorder.unjudged({
      requestId,
      client,
      route: route.name,
      host: authority.host,
      port: authority.port,
      action: recorded ? 'deny' : 'tunnel',
      code: error?.code ?? null,
      reason: error?.reason ?? null,
      bytesUp,
      bytesDown,
      durationMs,
    });
  }

  /** Lets the copies go. */
  release(): void {
    this.requestTap.release();
    this.responseTap.release();
  }

  #elapsed(): number {
    return Math.round(this.#options.clock.monotonic() - this.#started);
  }
}
