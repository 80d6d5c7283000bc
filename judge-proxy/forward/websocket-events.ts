/** Events of our own on Responses over WebSocket, and events of the origin as one line each. */

import { parseSse } from '../apis/sse.ts';
import type { ProxyError } from '../errors.ts';
import { OPCODE, writeFrame } from '../exchange/websocket-frames.ts';

/** An error of ours as the event that clients of this protocol read (`ResponseWsError`). */
export function errorEvent(error: ProxyError, requestId: string): string {
  const { code, message } = error;
  const details = { type: 'judge_proxy_error', code, message, param: null, request_id: requestId };
  return JSON.stringify({ type: 'error', status: 503, error: details });
}

/**
 * The frame of an event for the client, on the lane of whoever waits for it.
 * @param event a JSON object; the lane goes in as its first member
 * @param lane null for the one without a name
 */
export function eventFrame(event: string, lane: string | null): Uint8Array {
  const placed = lane === null ? event : `{"stream_id":${JSON.stringify(lane)},${event.slice(1)}`;
  return writeFrame(OPCODE.text, Buffer.from(placed), null);
}

/** A block is one event as JSON, or several as an event stream. */
export function eventsOf(block: string): string[] {
  return block.startsWith('{') ? [block] : parseSse(block).map(({ data }) => data);
}

/** JSON without line ends: between its tokens they mean nothing, and in its strings they cannot stand. */
export function oneLine(message: Uint8Array): Uint8Array {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  if (!bytes.includes(0x0a) && !bytes.includes(0x0d)) return message;
  return bytes.map((byte) => (byte === 0x0a || byte === 0x0d ? 0x20 : byte));
}
