/** The seam between the doors (ingress, intercept) and forwarding. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { RouteConfig } from '../config/schema.ts';
import type { ProxyError, RefusalContext } from '../errors.ts';
import type { Authority } from '../policy/types.ts';
import type { UpgradeRequest } from './websocket-upgrade.ts';

/** Where one request goes and under whose name: decided before, by the CONNECT authority or the absolute-form URL. */
export interface ForwardTarget {
  readonly authority: Authority;
  /** TLS towards the origin: inside a CONNECT tunnel yes, in absolute-form http:// no. */
  readonly secure: boolean;
  readonly route: RouteConfig;
  /** Client identity, e.g. `address:10.0.0.7`. */
  readonly client: string;
  /** Origin-form target with query, as the client wrote it. */
  readonly path: string;
  /** False for plain HTTP on a `tunnel` route: forwarded without record of its content. */
  readonly recorded: boolean;
}

export type ClientRequest = IncomingMessage | Http2ServerRequest;
export type ClientResponse = ServerResponse | Http2ServerResponse;

export interface Forwarder {
  /**
   * Takes over the request until its response has ended. Never throws; failures become refusals or a cut.
   * `Expect: 100-continue` is answered by the door that the request came in by.
   */
  forward(request: ClientRequest, response: ClientResponse, target: ForwardTarget): void;
  /** Takes over a request for a WebSocket, and its connection until that is closed. Never throws. */
  upgrade(upgrade: UpgradeRequest, target: ForwardTarget): void;
  /** Answers a request with an error of ours before anything is sent, and records that it was refused. */
  refuse(request: ClientRequest, response: ClientResponse, target: ForwardTarget, error: ProxyError): void;
  /** Only logs and records a refusal that the caller answers itself. Returns what its body shows. */
  refused(target: ForwardTarget, error: ProxyError): RefusalContext;
  /** Requests in flight. */
  readonly active: number;
  /** WebSockets that are open, and handshakes under way; they are in `active`, too. */
  readonly webSockets: number;
  /** Resolves when no request is in flight; new ones are refused with `shutting_down`. */
  drain(): Promise<void>;
}
