/** The seam between forwarding and what is kept of it: known before sent, durable before done (DESIGN decision 12). */

import type { RouteConfig } from '../config/schema.ts';
import type { ErrorCode } from '../errors.ts';
import type { CapturedBody } from '../exchange/capture.ts';
import type { SecretHeader } from '../exchange/known-secret.ts';
import type { Ending, Gate, Outlet, ResponseHead } from './gate.ts';

/** What is known of an exchange before the origin sees it. */
export interface ExchangeStart {
  readonly requestId: string;
  /** As the client sent it, vetted; known again at the end. */
  readonly clientRequestId?: string | null;
  readonly client: string;
  readonly route: RouteConfig;
  readonly host: string;
  readonly port: number;
  readonly method: string;
  /** With query; the query is matched on and not kept. */
  readonly path: string;
  /** Of the request: values that are secret wherever they occur. Not kept. */
  readonly secretHeaders?: readonly SecretHeader[];
}

/** What is known at its end. `blocked`: the gate's `Outlet.stop`, or a request that `clearRequest` did not clear. */
export interface ExchangeEnd {
  readonly outcome: 'complete' | 'client_aborted' | 'origin_failed' | 'blocked';
  readonly errorCode: ErrorCode | null;
  /** null when the origin gave no answer. */
  readonly status: number | null;
  readonly clientRequestId: string | null;
  readonly originRequestId: string | null;
  /** Of the response, as `ExchangeStart.secretHeaders`. */
  readonly secretHeaders?: readonly SecretHeader[];
  readonly request: CapturedBody;
  readonly response: CapturedBody;
  /** Milliseconds from the request's arrival to the origin's first byte, null without. */
  readonly firstByteMs: number | null;
  readonly durationMs: number;
}

/** One exchange, from its opening record to its completing one. */
export interface RecordedExchange {
  readonly exchangeId: string;
  /** Resolves when the opening record is committed. Rejects with ProxyError `ledger_unavailable`. */
  readonly committed: Promise<void>;
  /** The request has to be held and judged before the origin sees it (`hold_request`). */
  readonly holdsRequest: boolean;
  /**
   * Judges a request that is held whole. Call after `committed`, and only when `holdsRequest`. The bytes are not
   * transferred: the same capture may be handed to `finish`.
   * @param request cut by `limits.held_copy` or all held bytes together: it is not judged whole then, and
   *   `on_judge_failure` decides
   * @param signal the client went away
   * @returns null to send it, else how the client is answered, after which `finish` is called with `blocked`
   */
  clearRequest(request: CapturedBody, signal: AbortSignal): Promise<Ending | null>;
  /**
   * The gate of this response, null when it is delivered as it comes. Call once, with the origin's final head.
   * @param request copy of the request so far, for what is judged before the end; asked for at most once, and its bytes
   *   are not kept or transferred, so that the tap's own capture at the end stays whole
   */
  gate(head: ResponseHead, outlet: Outlet, request: () => CapturedBody): Gate | null;
  /**
   * Analyses the pair and writes the completing record; where a gate was, judges it first. Call once, after
   * `committed` resolved.
   * @returns how the client's answer ends, when the record is committed. In `observe` also when it could not be: a
   * client never loses its answer to our ledger there; the gap is counted and logged.
   */
  finish(end: ExchangeEnd): Promise<Ending>;
}

/** A request that was answered by us, or relayed without being looked at: a line for the reviewer, no exchange. */
export interface Unjudged {
  readonly requestId: string;
  readonly client: string;
  readonly route: string;
  readonly host: string;
  readonly port: number;
  readonly action: 'tunnel' | 'deny';
  readonly code: ErrorCode | null;
  readonly reason: string | null;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly durationMs: number;
}

export interface Recorder {
  begin(start: ExchangeStart): RecordedExchange;
  /** Appends a connection record; nothing waits for it. */
  unjudged(what: Unjudged): void;
}
