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
import { CREDENTIALS } from '../exchange/secret-headers.ts';
import { agreedDeflate } from '../exchange/websocket-deflate.ts';
import { ExchangeRecord } from './exchange-record.ts';
import type { GatedExchange } from './gated-answer.ts';
import { clientHead } from './headers.ts';
import { IdleTimer } from './idle-timer.ts';
import { exchangeError, outcomeOf } from './origin-error.ts';
import { UpgradeAnswer } from './websocket-answer.ts';
import { type SwitchingHead, speaksResponses, switchingHead, withoutExtensions } from './websocket-handshake.ts';
import type { WebSocketParts } from './websocket-parts.ts';
import { ResponsesConnection } from './websocket-responses.ts';
import { UnreadConnection } from './websocket-unread.ts';
import { WaitingClient } from './websocket-waiting-client.ts';

/** A connection whose HTTP parser has let go of it. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What came behind the head in the same read. */
  readonly head: Buffer;
}

export class OpenUpgrade implements Dispatcher.DispatchHandler {
  readonly #parts: WebSocketParts;
  readonly #request: IncomingMessage;
  readonly #client: WaitingClient;
  readonly #over: () => void;
  readonly #record: ExchangeRecord;
  readonly #reads: boolean;
  #recorded: RecordedExchange | null = null;
  #answer: UpgradeAnswer | null = null;
  #controller: Dispatcher.DispatchController | null = null;
  #connection: ResponsesConnection | UnreadConnection | null = null;
  #draining = false;
  #ended = false;
  /** Of an origin that answers and falls silent. */
  readonly #idle: IdleTimer;

  /** @param over called once, when nothing of the connection is left and all is recorded */
  constructor(parts: WebSocketParts, { request, socket, head }: UpgradeRequest, over: () => void) {
    this.#parts = parts;
    this.#request = request;
    this.#client = new WaitingClient(socket, head, () => this.#clientGone());
    this.#over = over;
    const { exchange, target, originHead, requestId } = parts;
    const { clock, budget, limits } = exchange;
    const options = { requestId: requestId(), method: 'GET', target, originHead, clock, budget, limits };
    this.#record = new ExchangeRecord(options);
    this.#record.requestEnded = true;
    this.#reads = speaksResponses(target.path);
    this.#idle = new IdleTimer(limits.origin_idle, () => this.#fail(new ProxyError('origin_timeout')));
  }

  start(): void {
    this.#client.start();
    if (this.#reads) {
      this.#dispatch();
      return;
    }
    this.#whenKnown(() => this.#dispatch());
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
    const head = Array.isArray(controller.rawHeaders)
      ? clientHead(controller.rawHeaders, this.#parts.exchange.secretHeaders ?? CREDENTIALS)
      : null;
    if (head === null) {
      this.#fail(new ProxyError('origin_protocol', { reason: 'transfer_encoding' }));
      return;
    }
    this.#record.answeredWith(status, head);
    this.#idle.start();
    controller.pause();
    this.#whenKnown((recorded) => {
      if (this.#ended) return;
      this.#answer = new UpgradeAnswer(this.#request, this.#client.socket, this.#context);
      this.#answer.begin({ status, reason, head }, this.#flow(controller), (kept, outlet) =>
        recorded.gate(kept, outlet, () => this.#record.request()),
      );
      controller.resume();
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#ended) return;
    this.#idle.touch();
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
    if (this.#reads && agreed !== 'unknown') {
      const socket = this.#handOver(head);
      this.#record.release();
      this.#connected(new ResponsesConnection(this.#parts, socket, origin, agreed, this.#over));
      return;
    }
    this.#whenKnown(
      (recorded) => {
        if (this.#ended) origin.destroy();
        else this.#relay(head, agreed, origin, recorded);
      },
      () => origin.destroy(),
    );
  }

  #relay(
    head: SwitchingHead,
    agreed: ReturnType<typeof agreedDeflate>,
    origin: Duplex,
    recorded: RecordedExchange,
  ): void {
    this.#record.answered();
    this.#record.answeredWith(101, {
      headers: [],
      contentLength: -1,
      contentType: null,
      contentEncoding: null,
      requestId: head.requestId,
    });
    const socket = this.#handOver(head);
    this.#connected(new UnreadConnection(this.#parts, this.#record, recorded, agreed, socket, origin, this.#over));
  }

  /** The client's side, with all that came from it and was not read. */
  #handOver(head: SwitchingHead): Duplex {
    const socket = this.#client.handOver();
    socket.write(head.bytes);
    this.#ended = true;
    return socket;
  }

  #connected(connection: ResponsesConnection | UnreadConnection): void {
    this.#connection = connection;
    if (this.#draining) connection.drain();
  }

  /** Goes on when the ledger knows the connection. When it cannot, the client is told. */
  #whenKnown(goOn: (recorded: RecordedExchange) => void, failed: () => void = ignore): void {
    const recorded = this.#recorded ?? this.#begin();
    recorded.committed.then(
      () => goOn(recorded),
      (error: unknown) => {
        this.#recorded = null;
        failed();
        this.#fail(error instanceof ProxyError ? error : new ProxyError('ledger_unavailable', { cause: error }));
      },
    );
  }

  #begin(): RecordedExchange {
    const recorded = this.#record.begin(this.#parts.exchange.recorder);
    recorded.committed.catch(ignore); // whoever needs it asks again
    this.#recorded = recorded;
    return recorded;
  }

  #clientGone(): void {
    if (this.#ended) return;
    this.#answer?.close();
    void this.#conclude('client_aborted', null).then(() => this.#client.socket.destroy());
    this.#abort();
  }

  #fail(error: ProxyError): void {
    if (this.#ended) return;
    const concluded = this.#conclude(outcomeOf(error), error);
    this.#abort();
    const answer = this.#answer ?? new UpgradeAnswer(this.#request, this.#client.socket, this.#context);
    answer.fail(error, concluded);
  }

  /** Who is slow, the gate or the client, pauses the origin. */
  #flow(controller: Dispatcher.DispatchController): GatedExchange {
    return {
      pauseOrigin: () => controller.pause(),
      resumeOrigin: () => {
        this.#idle.touch();
        controller.resume();
      },
      waitsForGate: (waits) => (waits || this.#ended ? this.#idle.stop() : this.#idle.start()),
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
    this.#idle.stop();
    this.#client.letGo();
    const summary = this.#record.summary(outcome, error, this.#recorded);
    this.#parts.concluded(summary);
    const recorded = this.#recorded;
    let ending: Ending = { kind: 'deliver', rest: [] };
    if (recorded === null) this.#record.unjudged(this.#parts.exchange.recorder, summary);
    else ending = await finishRecord(recorded, this.#record.end(summary));
    this.#record.release();
    if (this.#client.socket.closed) this.#over();
    else this.#client.socket.once('close', () => this.#over());
    return ending;
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
