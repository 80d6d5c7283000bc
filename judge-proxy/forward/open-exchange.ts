/**
 * One request from its arrival to its end: record it, send it, hand the answer on. The origin's side arrives through
 * undici's handler calls, the client's through `close`; whichever concludes first decides the outcome, once.
 *
 * Order of things (DESIGN decision 12): the opening record is committed before anything is dispatched; the completing
 * one before the client has its last byte.
 */

import type { Dispatcher } from 'undici';
import type { Limits } from '../config/schema.ts';
import type { ExchangeEnd, RecordedExchange, Recorder } from '../enforcement/recorder.ts';
import { ProxyError } from '../errors.ts';
import { type CopyBudget, Tap } from '../exchange/tap.ts';
import type { Clock } from '../telemetry/clock.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { Delivery } from './delivery.ts';
import type { ClientRequest, ClientResponse, ForwardTarget } from './forwarder.ts';
import type { BodyFraming } from './framing.ts';
import { type ClientHead, clientHead, clientTrailers, type OriginHead } from './headers.ts';
import { IdleTimer } from './idle-timer.ts';
import { exchangeError, outcomeOf } from './origin-error.ts';
import { vettedId } from './request-ids.ts';
import { readWhole, UploadStream, type UploadWatcher } from './upload.ts';

/** Longer bodies are streamed. Shorter ones have mostly arrived with the head, and go out in one write. */
const WHOLE_BODY_MAX = 64 * 1024;

export interface ExchangeParts {
  readonly upstream: Pick<Upstream, 'pool'>;
  readonly recorder: Recorder;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly budget: CopyBudget;
}

/** A request that may be sent: its framing is sound, its headers are ready for the origin. */
export interface SoundRequest {
  readonly request: ClientRequest;
  readonly response: ClientResponse;
  readonly target: ForwardTarget;
  readonly framing: BodyFraming;
  readonly head: OriginHead;
}

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

export interface ExchangeEvents {
  /** The outcome is known. */
  concluded(summary: ExchangeSummary): void;
  /** The response is closed and the record written: nothing of it is left. */
  over(): void;
}

export class OpenExchange implements Dispatcher.DispatchHandler, UploadWatcher {
  readonly #parts: ExchangeParts;
  readonly #events: ExchangeEvents;
  readonly #requestId: string;
  readonly #request: ClientRequest;
  readonly #response: ClientResponse;
  readonly #target: ForwardTarget;
  readonly #framing: BodyFraming;
  readonly #originHead: OriginHead;
  readonly #delivery: Delivery;
  readonly #started: number;
  readonly #requestTap: Tap;
  readonly #responseTap: Tap;
  /** Watches for a side that falls silent: the client while it uploads, the origin while it answers, paused or not. */
  readonly #idle: IdleTimer;
  #body: Buffer | UploadStream | null = null;
  #recorded: RecordedExchange | null = null;
  /** Of two things that dispatching waits for: the record, and a short body. */
  #awaited = 1;
  #controller: Dispatcher.DispatchController | null = null;
  #status: number | null = null;
  #head: ClientHead | null = null;
  #firstByteMs: number | null = null;
  #requestEnded = false;
  #responseEnded = false;
  #concluded = false;
  #paused = false;
  /** Of two things that the end waits for: the response's close, and the record. */
  #unfinished = 2;

  constructor(parts: ExchangeParts, events: ExchangeEvents, requestId: string, sound: SoundRequest) {
    const { request, response, target } = sound;
    this.#parts = parts;
    this.#events = events;
    this.#requestId = requestId;
    this.#request = request;
    this.#response = response;
    this.#target = target;
    this.#framing = sound.framing;
    this.#originHead = sound.head;
    this.#delivery = new Delivery(response);
    this.#started = parts.clock.monotonic();
    const { limits, budget } = parts;
    this.#requestTap = new Tap(target.recorded ? limits.request_copy : 0, budget);
    this.#responseTap = new Tap(target.recorded ? limits.response_copy : 0, budget);
    this.#idle = new IdleTimer(limits.origin_idle, () => {
      this.#fail(new ProxyError(this.#status === null ? 'request_timeout' : 'origin_timeout'));
    });
  }

  start(): void {
    this.#response.on('close', () => this.#clientClosed());
    this.#response.on('error', ignore);
    this.#request.on('error', ignore);
    this.#takeBody(this.#framing);
    this.#open();
  }

  // The client's side

  /** UploadWatcher: a chunk of the request passes. */
  chunk(chunk: Buffer): void {
    this.#requestTap.push(chunk);
    this.#idle.touch();
  }

  /** UploadWatcher: the request is complete. Until the answer begins, undici's header timer watches. */
  ended(): void {
    this.#requestEnded = true;
    if (this.#status === null) this.#idle.stop();
  }

  #takeBody(framing: BodyFraming): void {
    switch (framing.kind) {
      case 'none':
        this.#requestEnded = true;
        this.#request.resume(); // lets Node see the end of the message, so that the connection can be used again
        return;
      case 'length':
        if (framing.bytes > WHOLE_BODY_MAX) {
          this.#stream();
          return;
        }
        this.#awaited += 1;
        readWhole(this.#request, this, (body) => {
          this.#body = body;
          this.#ready();
        });
        return;
      case 'stream':
        this.#stream();
        return;
      default:
        framing satisfies never;
    }
  }

  #stream(): void {
    this.#idle.start();
    this.#body = new UploadStream(this.#request, this);
  }

  #clientClosed(): void {
    if (!this.#concluded) {
      this.#conclude('client_aborted', null);
      this.#abort();
    }
    this.#finished();
  }

  // The ledger

  #open(): void {
    const { authority, route, client, recorded, path } = this.#target;
    if (!recorded) {
      queueMicrotask(() => this.#ready());
      return;
    }
    this.#recorded = this.#parts.recorder.begin({
      requestId: this.#requestId,
      client,
      route,
      host: authority.host,
      port: authority.port,
      method: this.#request.method ?? '',
      path,
    });
    this.#recorded.committed.then(
      () => this.#ready(),
      (error: unknown) => {
        this.#recorded = null;
        this.#fail(error instanceof ProxyError ? error : new ProxyError('ledger_unavailable', { cause: error }));
      },
    );
  }

  #ready(): void {
    this.#awaited -= 1;
    if (this.#concluded) return;
    if (this.#awaited === 0) this.#dispatch();
    // A short body mostly came with the head; only one that did not is worth a timer.
    else if (!this.#requestEnded) this.#idle.start();
  }

  // The origin's side

  #dispatch(): void {
    const { upstream, limits } = this.#parts;
    const { authority, secure, client, path } = this.#target;
    upstream.pool(authority, secure, client).dispatch(
      {
        path,
        method: this.#request.method ?? 'GET',
        headers: this.#originHead.headers,
        body: this.#body,
        headersTimeout: limits.origin_headers,
        bodyTimeout: 0, // ours runs while paused, too (undici #5393)
        ...(secure && authority.kind === 'name' ? { servername: authority.host } : {}),
      },
      this,
    );
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#concluded) this.#abort();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _parsed: unknown, reason = ''): void {
    // 103 and the like: dropping them is allowed (RFC 9110 §15.2), and no client of an LLM API waits for one.
    if (this.#concluded || status < 200) return;
    this.#firstByteMs ??= this.#elapsed();
    const head = Array.isArray(controller.rawHeaders) ? clientHead(controller.rawHeaders) : null;
    if (head === null) {
      this.#fail(new ProxyError('origin_protocol', { reason: 'transfer_encoding' }));
      return;
    }
    this.#status = status;
    this.#head = head;
    this.#delivery.head(status, reason, head);
    // What came in the same read is parsed before this runs: a short answer leaves in one write, a stream's head at once.
    process.nextTick(() => this.#afterHead());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#concluded) return;
    this.#responseTap.push(chunk);
    this.#idle.touch();
    if (!this.#delivery.chunk(chunk)) this.#pause(controller);
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#concluded) return;
    this.#responseEnded = true;
    const trailers = Array.isArray(controller.rawTrailers) ? clientTrailers(controller.rawTrailers) : [];
    void this.#conclude('complete', null).then(() => this.#delivery.finish(trailers));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(exchangeError(error));
  }

  #pause(controller: Dispatcher.DispatchController): void {
    controller.pause();
    if (this.#paused) return;
    this.#paused = true;
    this.#response.once('drain', () => {
      this.#paused = false;
      controller.resume();
    });
  }

  /** The head goes out on its own when its body did not come with it. */
  #afterHead(): void {
    if (this.#concluded) return;
    this.#delivery.flushHead();
    this.#idle.start();
  }

  // Ends

  /** The exchange fails for a cause that is not the client's going away. */
  #fail(error: ProxyError): void {
    if (this.#concluded) return;
    const recorded = this.#conclude(outcomeOf(error), error);
    this.#abort();
    if (this.#delivery.headWritten) {
      this.#delivery.cut();
      return;
    }
    const context = { requestId: this.#requestId, route: this.#target.route.name };
    void recorded.then(() => this.#delivery.refuse(error, context));
  }

  #abort(): void {
    // Closes the origin's connection: what it would still generate is billed.
    this.#controller?.abort(new Error('the exchange ended'));
    if (this.#body instanceof UploadStream) this.#body.destroy();
  }

  async #conclude(outcome: ExchangeEnd['outcome'], error: ProxyError | null): Promise<void> {
    this.#concluded = true;
    this.#idle.stop();
    const durationMs = this.#elapsed();
    this.#events.concluded({
      requestId: this.#requestId,
      exchangeId: this.#recorded?.exchangeId ?? null,
      target: this.#target,
      outcome,
      error,
      status: this.#status,
      bytesUp: this.#requestTap.total,
      bytesDown: this.#responseTap.total,
      durationMs,
    });
    if (this.#recorded !== null) await this.#record(this.#recorded, outcome, error, durationMs);
    else this.#recordUnjudged(error, durationMs);
    this.#requestTap.release();
    this.#responseTap.release();
    this.#finished();
  }

  async #record(
    recorded: RecordedExchange,
    outcome: ExchangeEnd['outcome'],
    error: ProxyError | null,
    durationMs: number,
  ): Promise<void> {
    try {
      await recorded.committed;
    } catch {
      return; // never known to the ledger, never sent
    }
    const { contentType, contentEncoding, clientRequestId, requestId } = this.#originHead;
    await recorded.finish({
      outcome,
      errorCode: error?.code ?? null,
      status: this.#status,
      clientRequestId: vettedId(clientRequestId) ?? vettedId(requestId),
      originRequestId: vettedId(this.#head?.requestId ?? null),
      request: this.#requestTap.capture({ contentType, contentEncoding, ended: this.#requestEnded }),
      response: this.#responseTap.capture({
        contentType: this.#head?.contentType ?? null,
        contentEncoding: this.#head?.contentEncoding ?? null,
        ended: this.#responseEnded,
      }),
      firstByteMs: this.#firstByteMs,
      durationMs,
    });
  }

  #recordUnjudged(error: ProxyError | null, durationMs: number): void {
    const { authority, route, client, recorded } = this.#target;
    this.#parts.recorder.unjudged({
      requestId: this.#requestId,
      client,
      route: route.name,
      host: authority.host,
      port: authority.port,
      action: recorded ? 'deny' : 'tunnel',
      code: error?.code ?? null,
      reason: error?.reason ?? null,
      bytesUp: this.#requestTap.total,
      bytesDown: this.#responseTap.total,
      durationMs,
    });
  }

  #finished(): void {
    this.#unfinished -= 1;
    if (this.#unfinished === 0) this.#events.over();
  }

  #elapsed(): number {
    return Math.round(this.#parts.clock.monotonic() - this.#started);
  }
}

function ignore(): void {}
