/** The answer of an origin that did not switch to WebSocket: delivered like any other, gated where the route holds. */

import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Ending, Gate, Outlet, ResponseHead } from '../enforcement/gate.ts';
import type { ProxyError, RefusalContext } from '../errors.ts';
import { Delivery } from './delivery.ts';
import { GatedAnswer, type GatedExchange, type KeptHead } from './gated-answer.ts';

export class UpgradeAnswer {
  readonly #delivery: Delivery;
  readonly #context: RefusalContext;
  #gated: GatedAnswer | null = null;
  #flow: GatedExchange | null = null;
  #clientSlow = false;

  constructor(request: IncomingMessage, socket: Duplex, context: RefusalContext) {
    this.#delivery = new Delivery(responseOn(request, socket));
    this.#context = context;
  }

  /** @param open asks the recorder for the gate of this answer */
  begin(kept: KeptHead, exchange: GatedExchange, open: (head: ResponseHead, outlet: Outlet) => Gate | null): void {
    const { status, reason, head } = kept;
    this.#flow = exchange;
    const gated = new GatedAnswer(this.#delivery, kept, exchange, this.#context);
    const { contentType, contentEncoding, secretHeaders = [] } = head;
    const gate = open({ status, contentType, contentEncoding, secretHeaders }, gated);
    if (gate === null) {
      this.#delivery.head(status, reason, head);
      return;
    }
    gated.open(gate);
    this.#gated = gated;
  }

  chunk(chunk: Buffer): void {
    if (this.#gated !== null) this.#gated.push(chunk);
    else if (!this.#delivery.chunk(chunk)) this.#awaitClient();
  }

  end(ending: Ending, how: 'complete' | 'stopped'): void {
    if (this.#gated !== null) this.#gated.end(ending, how === 'complete' ? { kind: how, trailers: [] } : { kind: how });
    else this.#delivery.finish([]);
  }

  /** The origin failed: half an answer is cut, none at all becomes an error of ours when that is recorded. */
  fail(error: ProxyError, recorded: Promise<unknown>): void {
    this.#gated?.close();
    if (this.#delivery.headWritten) this.#delivery.cut();
    else void recorded.then(() => this.#delivery.refuse(error, this.#context));
  }

  close(): void {
    this.#gated?.close();
  }

  #awaitClient(): void {
    if (this.#clientSlow) return;
    this.#clientSlow = true;
    this.#flow?.pauseOrigin();
    this.#delivery.onceDrained(() => {
      this.#clientSlow = false;
      this.#flow?.resumeOrigin();
    });
  }
}

/** A response on a connection that its HTTP server has let go of; the connection ends with it. */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.on('error', ignore);
  response.on('finish', () => socket.end());
  socket.resume(); // unread input would turn the close of the connection into a reset
  response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0]);
  return response;
}

function ignore(): void {}
