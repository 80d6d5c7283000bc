/**
 * One opening handshake: to the origin, and its answer to the client, 101 or not. What can be asked on the connection
 * decides what is recorded: where we read the messages, each response is an exchange of its own; else the connection is
 * one, in the ledger before the origin sees the handshake.
 */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Ending } from '../enforcement/gate.ts';
import type { ExchangeEnd, RecordedExchange } from '../enforcement/recorder.ts';
import { ProxyError, type RefusalContext } from '../errors.ts';
import { agreedDeflate } from '../exchange/websocket-deflate.ts';
import { ExchangeRecord } from './exchange-record.ts';
import type { GatedExchange } from './gated-answer.ts';
import { clientHead } from './headers.ts';
import { exchangeError, outcomeOf } from './origin-error.ts';
import { UpgradeAnswer } from './websocket-answer.ts';
import { type SwitchingHead, speaksResponses, switchingHead, withoutExtensions } from './websocket-handshake.ts';
import type { WebSocketParts } from './websocket-parts.ts';
import { ResponsesConnection } from './websocket-responses.ts';
import { UnreadConnection } from './websocket-unread.ts';

/** A connection whose HTTP parser has let go of it. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What came behind the head in the same read. */
  readonly head: Buffer;
}

/** What a client may send before the origin has switched; no client of ours does, the protocol forbids it. */
const MAX_EARLY = 64 * 1024;

export class OpenUpgrade implements Dispatcher.DispatchHandler {
  readonly #parts: WebSocketParts;
  readonly #request: IncomingMessage;
  readonly #socket: Duplex;
  readonly #over: () => void;
  readonly #record: ExchangeRecord;
  readonly #reads: boolean;
  readonly #early: Buffer[] = [];
  readonly #onData = (chunk: Buffer) => this.#tooEarly(chunk);
  readonly #onGone = () => this.#clientGone();
  #recorded: RecordedExchange | null = null;
  #answer: UpgradeAnswer | null = null;
  #controller: Dispatcher.DispatchController | null = null;
  #connection: ResponsesConnection | UnreadConnection | null = null;
  #draining = false;
  #ended = false;

  /** @param over called once, when nothing of the connection is left and all is recorded */
  constructor(parts: WebSocketParts, { request, socket, head }: UpgradeRequest, over: () => void) {
    this.#parts = parts;
    this.#request = request;
    this.#socket = socket;
    this.#over = over;
    const { exchange, target, originHead, requestId } = parts;
    const { clock, budget, limits } = exchange;
    const options = { requestId: requestId(), method: 'GET', target, originHead, clock, budget, limits };
    this.#record = new ExchangeRecord(options);
    this.#record.requestEnded = true;
    this.#reads = speaksResponses(target.path);
    if (head.length > 0) this.#early.push(head);
  }

  start(): void {
    const socket = this.#socket;
    socket.on('error', ignore);
    socket.on('data', this.#onData); // without reading, nobody tells that the client has gone
    socket.once('end', this.#onGone);
    socket.once('close', this.#onGone);
    if (this.#reads) {
      this.#dispatch();
      return;
    }
    this.#begin().committed.then(
      () => this.#dispatch(),
      (error: unknown) => {
        this.#recorded = null;
        this.#fail(error instanceof ProxyError ? error : new ProxyError('ledger_unavailable', { cause: error }));
      },
    );
  }

  /** No more than what is under way. */
  drain(): void {
    this.#draining = true;
    this.#connection?.drain();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#ended) this.#abort();
  }

  onRequestUpgrade(controller: Dispatcher.DispatchController, status: number, _parsed: unknown, origin: Duplex): void {
    origin.on('error', ignore);
    const head = status === 101 && Array.isArray(controller.rawHeaders) ? switchingHead(controller.rawHeaders) : null;
    const agreed = agreedDeflate(head?.extensions ?? null);
    // Held messages have to be readable and separable: an origin that answers an offer that nobody made is none of ours.
    const unasked = this.#holds && agreed !== null;
    if (this.#ended || head === null || unasked) {
      origin.destroy();
      this.#fail(new ProxyError('origin_protocol', { reason: 'upgrade' }));
      return;
    }
    this.#switch(head, agreed, origin);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _parsed: unknown, reason = ''): void {
    if (this.#ended || status < 200) return;
    this.#record.answered();
    const head = Array.isArray(controller.rawHeaders) ? clientHead(controller.rawHeaders) : null;
    if (head === null) {
      this.#fail(new ProxyError('origin_protocol', { reason: 'transfer_encoding' }));
      return;
    }
    const recorded = this.#recorded ?? this.#begin();
    this.#record.answeredWith(status, head);
    this.#answer = new UpgradeAnswer(this.#request, this.#socket, this.#context);
    this.#answer.begin({ status, reason, head }, this.#flow(controller), (kept, outlet) =>
      recorded.gate(kept, outlet, () => this.#record.request()),
    );
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#ended) return;
    this.#record.responseTap.push(chunk);
    this.#answer?.chunk(chunk);
  }

  onResponseEnd(): void {
    if (this.#ended) return;
    this.#record.responseEnded = true;
    void this.#conclude('complete', null).then((ending) => this.#answer?.end(ending, 'complete'));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const known = exchangeError(error);
    // A 101 that names no protocol trips an assertion of undici (8.12), which has no code of its own.
    const odd = known.code === 'internal';
    this.#fail(odd ? new ProxyError('origin_protocol', { reason: 'upgrade', cause: error }) : known);
  }

  get #holds(): boolean {
    const { mode, hold_request } = this.#parts.target.route;
    return mode !== 'observe' || hold_request;
  }

  #dispatch(): void {
    if (this.#ended) return;
    const { exchange, target, originHead } = this.#parts;
    const { authority, secure, client, path } = target;
    exchange.upstream.pool(authority, secure, client).dispatch(
      {
        path,
        method: 'GET',
        upgrade: 'websocket',
        headers: this.#holds ? withoutExtensions(originHead.headers) : originHead.headers,
        headersTimeout: exchange.limits.origin_headers,
        bodyTimeout: 0,
        ...(secure && authority.kind === 'name' ? { servername: authority.host } : {}),
      },
      this,
    );
  }

  #switch(head: SwitchingHead, agreed: ReturnType<typeof agreedDeflate>, origin: Duplex): void {
    const socket = this.#socket;
    this.#letGo();
    socket.pause();
    for (const chunk of this.#early.splice(0).reverse()) socket.unshift(chunk);
    socket.write(head.bytes);
    this.#ended = true;
    if (this.#reads && agreed !== 'unknown') {
      this.#record.release();
      this.#connection = new ResponsesConnection(this.#parts, socket, origin, agreed, this.#over);
      if (this.#draining) this.#connection.drain();
      return;
    }
    const recorded = this.#recorded ?? this.#begin();
    this.#record.answered();
    this.#record.answeredWith(101, {
      headers: [],
      contentLength: -1,
      contentType: null,
      contentEncoding: null,
      requestId: head.requestId,
    });
    this.#connection = new UnreadConnection(this.#parts, this.#record, recorded, agreed, socket, origin, this.#over);
    if (this.#draining) this.#connection.drain();
  }

  #begin(): RecordedExchange {
    const recorded = this.#record.begin(this.#parts.exchange.recorder);
    recorded.committed.catch(ignore); // whoever needs it asks again
    this.#recorded = recorded;
    return recorded;
  }

  #tooEarly(chunk: Buffer): void {
    this.#early.push(chunk);
    if (this.#early.reduce((bytes, early) => bytes + early.length, 0) > MAX_EARLY) this.#socket.pause();
  }

  #clientGone(): void {
    if (this.#ended) return;
    this.#answer?.close();
    void this.#conclude('client_aborted', null).then(() => this.#socket.destroy());
    this.#abort();
  }

  #fail(error: ProxyError): void {
    if (this.#ended) return;
    const concluded = this.#conclude(outcomeOf(error), error);
    this.#abort();
    const answer = this.#answer ?? new UpgradeAnswer(this.#request, this.#socket, this.#context);
    answer.fail(error, concluded);
  }

  /** Who is slow, the gate or the client, pauses the origin. */
  #flow(controller: Dispatcher.DispatchController): GatedExchange {
    return {
      pauseOrigin: () => controller.pause(),
      resumeOrigin: () => controller.resume(),
      waitsForGate: () => {},
      stopped: () => {
        if (this.#ended) return;
        void this.#conclude('blocked', null).then((ending) => this.#answer?.end(ending, 'stopped'));
        this.#abort();
      },
    };
  }

  get #context(): RefusalContext {
    return { requestId: this.#record.requestId, route: this.#parts.target.route.name };
  }

  #abort(): void {
    this.#controller?.abort(new Error('the exchange ended'));
  }

  async #conclude(outcome: ExchangeEnd['outcome'], error: ProxyError | null): Promise<Ending> {
    this.#ended = true;
    this.#letGo();
    this.#socket.resume();
    const summary = this.#record.summary(outcome, error, this.#recorded);
    this.#parts.concluded(summary);
    const recorded = this.#recorded;
    let ending: Ending = { kind: 'deliver', rest: [] };
    if (recorded === null) this.#record.unjudged(this.#parts.exchange.recorder, summary);
    else ending = await finishRecord(recorded, this.#record.end(summary));
    this.#record.release();
    if (this.#socket.closed) this.#over();
    else this.#socket.once('close', () => this.#over());
    return ending;
  }

  #letGo(): void {
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onGone);
    this.#socket.off('close', this.#onGone);
  }
}

/** What the ledger never knew is not completed there. */
async function finishRecord(recorded: RecordedExchange, end: ExchangeEnd): Promise<Ending> {
  try {
    await recorded.committed;
  } catch {
    return { kind: 'deliver', rest: [] };
  }
  return recorded.finish(end);
}

function ignore(): void {}
