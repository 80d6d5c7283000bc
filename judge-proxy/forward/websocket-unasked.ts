/** A WebSocket on which nothing was asked: there is nothing to judge, and yet somebody was connected. */

import type { WebSocketParts } from './websocket-parts.ts';

/**
 * Writes a line for the reviewer: a connection, no exchange.
 * @param passed bytes of pings and the like
 * @param since monotonic milliseconds
 */
export function recordUnasked(
  { exchange, target, requestId }: WebSocketParts,
  passed: { readonly bytesUp: number; readonly bytesDown: number },
  since: number,
): void {
  const { authority, route, client } = target;
  exchange.recorder.unjudged({
    ...{ requestId: requestId(), client, route: route.name, host: authority.host, port: authority.port },
    ...{ action: 'tunnel', code: null, reason: 'websocket_without_request' },
    ...{ bytesUp: passed.bytesUp, bytesDown: passed.bytesDown },
    durationMs: Math.round(exchange.clock.monotonic() - since),
  });
}
