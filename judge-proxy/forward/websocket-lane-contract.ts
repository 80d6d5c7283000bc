/** The seam between one response on a WebSocket and its connection. */

import type { ExchangeParts } from './exchange-parts.ts';
import type { ExchangeSummary } from './exchange-record.ts';
import type { ForwardTarget } from './forwarder.ts';
import type { OriginHead } from './headers.ts';
import type { LaneExchange } from './websocket-lane.ts';

/** What an exchange asks of its connection. */
export interface LaneConnection {
  /** A whole message of the origin goes to the client. */
  send(frame: Uint8Array): void;
  /** An event of ours goes to the client, on the lane of the exchange. */
  say(lane: string | null, event: string): void;
  pauseOrigin(exchange: LaneExchange): void;
  resumeOrigin(exchange: LaneExchange): void;
  concluded(summary: ExchangeSummary): void;
  /** What the client has to get before anything of this exchange; null: nothing. */
  before(exchange: LaneExchange): Promise<void> | null;
}

export interface LaneOptions {
  readonly parts: ExchangeParts;
  readonly target: ForwardTarget;
  readonly originHead: OriginHead;
  readonly requestId: string;
  /** `stream_id`, null without. */
  readonly lane: string | null;
  /** Asked for by a request, which is answered in its turn. */
  readonly inTurn: boolean;
}

/** Whether the request may go to the origin. */
export type Clearance = 'send' | 'drop';
