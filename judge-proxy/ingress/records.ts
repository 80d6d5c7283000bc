/** One log line per decision and one per close, and what the ledger keeps of connections: all written here. */

import type { ErrorCode, ProxyError } from '../errors.ts';
import { ERRORS } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Action, Authority } from '../policy/types.ts';
import { type Clock, timestamp } from '../telemetry/clock.ts';
import type { Log, LogFields } from '../telemetry/log.ts';
import type { Decision } from './decide.ts';

/** One request at the door, from its first byte to the end of what became of it. */
export interface Visit {
  readonly requestId: string;
  readonly connectionId: string;
  /** Monotonic time at which the request was read. */
  readonly startedMs: number;
  readonly decision: Decision;
}

/** How an opened tunnel ended. */
export interface TunnelEnd {
  readonly reason: string;
  /** Zero for a terminated tunnel: its bytes stand in its exchanges. */
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** What is counted. Each value comes from a closed set. */
export interface DoorMetrics {
  /** One decision: what was done, and the code when it was refused. */
  decided(outcome: Decision['outcome'], code: ErrorCode | null): void;
  tunnelClosed(action: Action, end: TunnelEnd): void;
}

export interface RecorderOptions {
  readonly log: Log;
  readonly ledger: Pick<Ledger, 'connection'>;
  readonly clock: Clock;
  readonly metrics?: DoorMetrics | undefined;
}

export class Recorder {
  readonly #options: RecorderOptions;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /**
   * A refusal: to the log always, to the ledger when it names a target. What names none reached for nothing, and a
   * sender of rubbish would fill the ledger with it.
   */
  refused(visit: Visit, error: ProxyError): void {
    const { decision } = visit;
    const reason = error.reason === undefined ? {} : { reason: error.reason };
    this.#options.log.write(ERRORS[error.code].level, 'refused', {
      ...this.#fields(visit),
      code: error.code,
      status: ERRORS[error.code].status,
      ...reason,
    });
    this.#options.metrics?.decided('refuse', error.code);
    if (decision.authority === null) return;
    this.#keep(visit, decision.authority, { code: error.code, reason: error.reason ?? null, bytesUp: 0, bytesDown: 0 });
  }

  /** Bytes that were no request: nothing is known but the code. */
  unread(requestId: string, error: ProxyError): void {
    this.#options.log.write(ERRORS[error.code].level, 'refused', {
      request_id: requestId,
      code: error.code,
      status: ERRORS[error.code].status,
      ...(error.reason === undefined ? {} : { reason: error.reason }),
    });
    this.#options.metrics?.decided('refuse', error.code);
  }

  /** The 200 was sent, or the request was handed to the forwarder. */
  admitted(visit: Visit): void {
    const { outcome } = visit.decision;
    // A request in absolute-form has its exchange for a record; at `info` one line per request would be two.
    this.#options.log.write(outcome === 'forward' ? 'debug' : 'info', 'admitted', this.#fields(visit));
    this.#options.metrics?.decided(outcome, null);
  }

  /** The client went away while we resolved or dialled. */
  abandoned(visit: Visit): void {
    this.#options.log.write('info', 'abandoned', this.#fields(visit));
  }

  /**
   * An opened tunnel is closed. Blind ones go to the ledger: nothing else says that they were there, and how much went
   * through unseen. Terminated ones are stood for by their exchanges, and go there only when none could come about.
   */
  tunnelClosed(visit: Visit, end: TunnelEnd): void {
    const { decision } = visit;
    this.#options.log.write('info', 'tunnel_closed', {
      ...this.#fields(visit),
      reason: end.reason,
      ...(decision.action === 'tunnel' ? { bytes_up: end.bytesUp, bytes_down: end.bytesDown } : {}),
    });
    this.#options.metrics?.tunnelClosed(decision.action, end);
    const failed = decision.action === 'terminate' && !isOrderly(end.reason);
    if (decision.authority === null || (decision.action === 'terminate' && !failed)) return;
    this.#keep(visit, decision.authority, { code: null, ...end });
  }

  #keep(
    visit: Visit,
    authority: Authority,
    end: { code: ErrorCode | null; reason: string | null; bytesUp: number; bytesDown: number },
  ): void {
    const { decision } = visit;
    this.#options.ledger
      .connection({
        connection_id: visit.connectionId,
        ts: timestamp(this.#options.clock),
        request_id: visit.requestId,
        client: decision.client,
        route: decision.route?.name ?? null,
        host: authority.host,
        port: authority.port,
        action: decision.action,
        error_code: end.code,
        reason: end.reason,
        bytes_up: end.bytesUp,
        bytes_down: end.bytesDown,
        duration_ms: this.#elapsed(visit),
      })
      // Not awaited: nothing on the data path waits for it. The ledger counts and logs its own failures.
      .catch(() => undefined);
  }

  #fields(visit: Visit): LogFields {
    const { authority, client, route, action } = visit.decision;
    return {
      request_id: visit.requestId,
      connection_id: visit.connectionId,
      client,
      ...(route === null ? {} : { route: route.name }),
      ...(authority === null ? {} : { host: authority.host, port: authority.port }),
      action,
      duration_ms: this.#elapsed(visit),
    };
  }

  #elapsed(visit: Visit): number {
    return Math.round(this.#options.clock.monotonic() - visit.startedMs);
  }
}

/** Ends of a terminated tunnel after which nothing is missing. */
const ORDERLY: ReadonlySet<string> = new Set(['client_closed', 'shutdown']);

function isOrderly(reason: string): boolean {
  return ORDERLY.has(reason);
}
