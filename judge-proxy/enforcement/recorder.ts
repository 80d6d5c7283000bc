/** The seam between forwarding and what is kept of it: known before sent, durable before done (DESIGN decision 12). */

import type { RouteConfig } from '../config/schema.ts';
import type { ErrorCode } from '../errors.ts';
import type { CapturedBody } from '../exchange/capture.ts';

/** What is known of an exchange before the origin sees it. */
export interface ExchangeStart {
  readonly requestId: string;
  readonly client: string;
  readonly route: RouteConfig;
  readonly host: string;
  readonly port: number;
  readonly method: string;
  /** With query; the query is matched on and not kept. */
  readonly path: string;
}

/** What is known at its end. */
export interface ExchangeEnd {
  readonly outcome: 'complete' | 'client_aborted' | 'origin_failed';
  readonly errorCode: ErrorCode | null;
  /** null when the origin gave no answer. */
  readonly status: number | null;
  readonly clientRequestId: string | null;
  readonly originRequestId: string | null;
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
  /**
   * Analyses the pair and writes the completing record. Call once, after `committed` resolved.
   * @returns resolves when it is committed, or when it could not be: a client never loses its answer to our ledger.
   * The gap is counted and logged.
   */
  finish(end: ExchangeEnd): Promise<void>;
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
