/**
 * One request from its arrival to its end: record it, send it, hand the answer on. The origin's side arrives through
 * undici's handler calls, the client's through `close`; whichever concludes first decides the outcome, once.
 *
 * Order of things (DESIGN decision 12): the opening record is committed before anything is dispatched; the completing
 * one before the client has its last byte. Where the answer has a gate (`enforcement/gate.ts`), the gate decides when
 * bytes go out, and the recorder how the answer ends.
 */

import type { Dispatcher } from 'undici';
import type { Ending } from '../enforcement/gate.ts';
import type { ExchangeEnd, RecordedExchange } from '../enforcement/recorder.ts';
import { ProxyError, type RefusalContext } from '../errors.ts';
import { CREDENTIALS } from '../exchange/secret-headers.ts';
import { Delivery } from './delivery.ts';
import type { ExchangeEvents, ExchangeParts, SoundRequest } from './exchange-parts.ts';
import { ExchangeRecord, type ExchangeSummary } from './exchange-record.ts';
import { GatedAnswer, type GatedExchange, type OriginEnd } from './gated-answer.ts';
import { type ClientHead, clientHead, clientTrailers, noContentHead } from './headers.ts';
import { IdleTimer } from './idle-timer.ts';
import { exchangeError, outcomeOf } from './origin-error.ts';
import { type RequestEvents, RequestSide } from './request-side.ts';

export class OpenExchange implements Dispatcher.DispatchHandler, RequestEvents, GatedExchange {
  readonly #parts: ExchangeParts;
  readonly #events: ExchangeEvents;
  readonly #sound: SoundRequest;
  readonly #record: ExchangeRecord;
  readonly #delivery: Delivery;
  /** Watches for a side that falls silent: the client while it uploads, the origin while it answers, paused or not. */
  readonly #idle: IdleTimer;
  readonly #request: RequestSide;
  #controller: Dispatcher.DispatchController | null = null;
  /** null when the answer is delivered as it comes. */
  #gated: GatedAnswer | null = null;
  #concluded = false;
  #paused = false;
  /** Of two things that the end waits for: the response's close, and the record. */
  #unfinished = 2;

  constructor(parts: ExchangeParts, events: ExchangeEvents, requestId: string, sound: SoundRequest) {
    const { request, response, target, head } = sound;
    this.#parts = parts;
    this.#events = events;
    this.#sound = sound;
    this.#delivery = new Delivery(response);
    const { clock, budget, limits } = parts;
    const method = request.method ?? '';
    this.#record = new ExchangeRecord({ requestId, method, target, originHead: head, clock, budget, limits });
    this.#idle = new IdleTimer(limits.origin_idle, () => {
      this.fail(new ProxyError(this.#record.status === null ? 'request_timeout' : 'origin_timeout'));
    });
    this.#request = new RequestSide(parts, sound, this.#record, this.#idle, this);
  }

  start(): void {
    const { request, response } = this.#sound;
    response.on('close', () => this.#clientClosed());
    response.on('error', ignore);
    request.on('error', ignore);
    // A stream that is reset closes when all is read that came before, which a stalled upload never is.
    if ('stream' in request) request.on('aborted', () => process.nextTick(() => request.stream.destroy()));
    this.#request.start();
  }

  // The request's side

  /** RequestEvents: recorded, complete as far as it has to be, and cleared. */
  send(): void {
    if (!this.#concluded) this.#dispatch();
  }

  /** RequestEvents: the judge does not let it pass. */
  blocked(ending: Ending): void {
    if (this.#concluded) return;
    const recorded = this.#conclude('blocked', null);
    this.#abort();
    void recorded.then(() => {
      if (ending.kind === 'block') this.#delivery.whole(ending.whole, this.#record.requestId);
      else this.#delivery.refuse(new ProxyError('blocked_by_judge'), this.#context());
    });
  }

  #clientClosed(): void {
    if (!this.#concluded) {
      void this.#conclude('client_aborted', null);
      this.#abort();
    }
    this.#request.close();
    this.#gated?.close();
    this.#finished();
  }

  // The origin's side

  #dispatch(): void {
    const { upstream, limits } = this.#parts;
    const { request, head } = this.#sound;
    const { authority, secure, client, path } = this.#sound.target;
    upstream.pool(authority, secure, client).dispatch(
      {
        path,
        method: request.method ?? 'GET',
        headers: head.headers,
        body: this.#request.body,
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
    this.#record.answered();
    this.#request.answered();
    const sent = Array.isArray(controller.rawHeaders)
      ? clientHead(controller.rawHeaders, this.#parts.secretHeaders ?? CREDENTIALS)
      : null;
    if (sent === null) {
      this.fail(new ProxyError('origin_protocol', { reason: 'transfer_encoding' }));
      return;
    }
    if (!this.#delivery.carries(status)) {
      this.fail(new ProxyError('origin_protocol', { reason: 'status' }));
      return;
    }
    const head = status === 204 ? noContentHead(sent) : sent;
    this.#record.answeredWith(status, head);
    if (this.#gate(status, reason, head)) {
      this.#idle.start();
      return;
    }
    this.#delivery.head(status, reason, head);
    // What came in the same read is parsed before this runs: a short answer leaves in one write, a stream's head at once.
    process.nextTick(() => this.#afterHead());
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#concluded) return;
    this.#record.responseTap.push(chunk);
    this.#idle.touch();
    if (this.#gated !== null) this.#gated.push(chunk);
    else if (!this.#delivery.chunk(chunk)) this.#awaitClient();
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#concluded) return;
    this.#record.responseEnded = true;
    const trailers = Array.isArray(controller.rawTrailers) ? clientTrailers(controller.rawTrailers) : [];
    const recorded = this.#conclude('complete', null);
    if (this.#gated === null) void recorded.then(() => this.#delivery.finish(trailers));
    else this.#endGated(this.#gated, recorded, { kind: 'complete', trailers });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(exchangeError(error));
  }

  #awaitClient(): void {
    this.pauseOrigin();
    if (this.#paused) return;
    this.#paused = true;
    this.#delivery.onceDrained(() => {
      this.#paused = false;
      this.resumeOrigin();
    });
  }

  /** The head goes out on its own when its body did not come with it. */
  #afterHead(): void {
    if (this.#concluded) return;
    this.#delivery.flushHead();
    this.#idle.start();
  }

  // The gate

  /** @returns true when the answer has a gate */
  #gate(status: number, reason: string, head: ClientHead): boolean {
    if (this.#request.recorded === null) return false;
    const answer = new GatedAnswer(this.#delivery, { status, reason, head }, this, this.#context());
    const { contentType, contentEncoding, secretHeaders = [] } = head;
    const kept = { status, contentType, contentEncoding, secretHeaders };
    const gate = this.#request.recorded.gate(kept, answer, () => this.#record.request());
    if (gate === null) return false;
    answer.open(gate);
    this.#gated = answer;
    return true;
  }

  /** GatedExchange. */
  pauseOrigin(): void {
    this.#controller?.pause();
  }

  /** GatedExchange. */
  resumeOrigin(): void {
    if (!this.#concluded) this.#controller?.resume();
  }

  /** GatedExchange: who is not read cannot show a sign of life. */
  waitsForGate(waits: boolean): void {
    if (this.#concluded) return;
    if (waits) this.#idle.stop();
    else this.#idle.start();
  }

  /** GatedExchange. */
  stopped(): void {
    if (this.#concluded || this.#gated === null) return;
    const recorded = this.#conclude('blocked', null);
    this.#abort();
    this.#endGated(this.#gated, recorded, { kind: 'stopped' });
  }

  #endGated(gated: GatedAnswer, recorded: Promise<Ending | null>, origin: OriginEnd): void {
    void recorded.then((ending) => {
      // Without a word from the recorder nothing of a gated answer may go out.
      if (ending === null) gated.end(NOTHING, { kind: 'failed', error: new ProxyError('internal') });
      else gated.end(ending, origin);
    });
  }

  // Ends

  /** RequestEvents, too: the exchange fails for a cause that is not the client's going away. */
  fail(error: ProxyError): void {
    if (this.#concluded) return;
    const recorded = this.#conclude(outcomeOf(error), error);
    this.#abort();
    if (this.#gated !== null) this.#endGated(this.#gated, recorded, { kind: 'failed', error });
    else if (this.#delivery.headWritten) this.#delivery.cut();
    else void recorded.then(() => this.#delivery.refuse(error, this.#context()));
  }

  #abort(): void {
    // Closes the origin's connection: what it would still generate is billed.
    this.#controller?.abort(new Error('the exchange ended'));
    this.#request.abort();
  }

  #context(): RefusalContext {
    return { requestId: this.#record.requestId, route: this.#sound.target.route.name };
  }

  /** @returns how a gated answer ends, null when the recorder did not say */
  async #conclude(outcome: ExchangeEnd['outcome'], error: ProxyError | null): Promise<Ending | null> {
    this.#concluded = true;
    this.#idle.stop();
    const summary = this.#record.summary(outcome, error, this.#request.recorded);
    this.#events.concluded(summary);
    let ending: Ending | null = null;
    if (this.#request.recorded !== null) ending = await this.#finish(this.#request.recorded, summary);
    else this.#record.unjudged(this.#parts.recorder, summary);
    this.#record.release();
    this.#finished();
    return ending;
  }

  async #finish(recorded: RecordedExchange, summary: ExchangeSummary): Promise<Ending | null> {
    try {
      await recorded.committed; // else never known to the ledger, never sent
      return await recorded.finish(this.#record.end(summary));
    } catch {
      return null;
    }
  }

  #finished(): void {
    this.#unfinished -= 1;
    if (this.#unfinished === 0) this.#events.over();
  }
}

const NOTHING: Ending = { kind: 'deliver', rest: [] };

function ignore(): void {}
