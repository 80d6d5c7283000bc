/** Requests in absolute-form: decided at the door, then the forwarder's. */

import { Http2ServerRequest } from 'node:http2';
import type { ClientRequest, ClientResponse } from '../forward/forwarder.ts';
import { admit } from './admit.ts';
import type { Admitted } from './decide.ts';
import type { Peer } from './identity.ts';
import type { Reception } from './reception.ts';
import type { Visit } from './records.ts';
import { refuseResponse } from './refuse.ts';
import { http1Head, http2Head } from './request-head.ts';

export class Requests {
  readonly #reception: Reception;
  #open = 0;

  constructor(reception: Reception) {
    this.#reception = reception;
  }

  /** Requests admitted and not yet answered. */
  get open(): number {
    return this.#open;
  }

  /** Takes a request over. */
  onRequest(peer: Peer, request: ClientRequest, response: ClientResponse): void {
    const head = request instanceof Http2ServerRequest ? http2Head(request) : http1Head(request);
    const visit = this.#reception.visit(peer, head);
    const { decision } = visit;
    // Until the forwarder owns them: an aborted request must not end the process.
    request.on('error', ignore);
    response.on('error', ignore);
    if (decision.outcome === 'refuse') {
      refuseResponse(request, response, this.#reception.refuse(visit, decision.error));
      return;
    }
    void this.#admit(visit, decision, request, response);
  }

  /** Never rejects: failures are refusals. */
  async #admit(visit: Visit, decision: Admitted, request: ClientRequest, response: ClientResponse): Promise<void> {
    const { recorder, options } = this.#reception;
    const gone = new AbortController();
    this.#open += 1;
    response.once('close', () => {
      this.#open -= 1;
      gone.abort();
    });
    try {
      await admit(decision, options, gone.signal);
    } catch (error) {
      refuseResponse(request, response, this.#reception.refuse(visit, error));
      return;
    }
    if (gone.signal.aborted) {
      recorder.abandoned(visit);
      return;
    }
    recorder.admitted(visit);
    const { authority, route, client, path, action } = decision;
    const recorded = action === 'terminate';
    if (awaitsContinue(request)) response.writeContinue();
    options.forwarder.forward(request, response, { authority, secure: false, route, client, path, recorded });
  }
}

/** On HTTP/1.0 the expectation means nothing (RFC 9110 §10.1.1). Other ones are left unanswered. */
function awaitsContinue({ headers, httpVersion }: ClientRequest): boolean {
  return httpVersion !== '1.0' && headers.expect?.toLowerCase() === '100-continue';
}

function ignore(): void {}
