/** Opens the two bodies of an exchange: JSON, event stream, or neither; and says what is missing. */

import type { DecodedExchange } from './api.ts';
import { Fields, isObject, type Json, parseJson } from './json.ts';
import { type At, inside, type PartList } from './part-list.ts';
import { looksLikeSse, parseSse, type SseEvent } from './sse.ts';
import { SseBeside } from './sse-beside.ts';

export const REQUEST: At = { side: 'request', place: 'request', role: 'unknown' };
export const RESPONSE: At = { side: 'response', place: 'response', role: 'assistant' };

/**
 * The request's JSON object. What is no JSON object is kept as it is.
 * @returns null when there is nothing to read by fields
 */
export function openRequest(parts: PartList, exchange: DecodedExchange): Fields | null {
  if (exchange.request === null) return null;
  if (exchange.request === '') {
    if (!exchange.requestCut) parts.reasons.add('unparseable');
    return null;
  }
  return openObject(parts, REQUEST, exchange.request, exchange.requestCut);
}

export type OpenResponse =
  | { readonly kind: 'object'; readonly fields: Fields }
  | { readonly kind: 'events'; readonly events: readonly SseEvent[] }
  /** Nothing by fields: no answer, or one that was kept as it is. */
  | { readonly kind: 'none' };

/** The response as an object or as events. */
export function openResponse(parts: PartList, exchange: DecodedExchange): OpenResponse {
  const text = exchange.response;
  if (text === null) return { kind: 'none' };
  if (text.trim() === '') {
    if (!exchange.responseEnded) parts.reasons.add('stream_broken');
    else if (!exchange.responseCut) parts.reasons.add('unparseable');
    return { kind: 'none' };
  }
  if (looksLikeSse(text, exchange.responseContentType)) {
    parts.strange(inside(RESPONSE, 'beside'), new SseBeside().read(text.replace(/\r\n?/g, '\n')));
    return { kind: 'events', events: parseSse(text) };
  }
  const failed = exchange.status !== null && exchange.status >= 400;
  const fields = openObject(parts, RESPONSE, text, exchange.responseCut, failed ? 'error' : 'other');
  return fields === null ? { kind: 'none' } : { kind: 'object', fields };
}

/** Events that are no JSON object (other than the end mark) are kept and counted; clients stop at them. */
export function eventObjects(
  parts: PartList,
  events: readonly SseEvent[],
): { readonly event: SseEvent; readonly value: Json }[] {
  const found: { event: SseEvent; value: Json }[] = [];
  for (const [index, event] of events.entries()) {
    if (isEndMark(event)) continue;
    const parsed = parseJson(event.data);
    // The event at the very end may be cut anywhere; one before it must be whole.
    if (parsed.ok && (parsed.whole || !event.whole)) {
      found.push({ event, value: parsed.value });
      continue;
    }
    if (event.whole) parts.reasons.add(!parsed.ok && parsed.reason === 'too_deep' ? 'too_deep' : 'unparseable');
    parts.strange(inside({ ...RESPONSE, place: 'response.events' }, index), event.data);
  }
  return found;
}

/** `data: [DONE]`, as the official clients recognise it: by how the data begins. */
export function isEndMark(event: SseEvent): boolean {
  return event.data.startsWith('[DONE]');
}

function openObject(
  parts: PartList,
  at: At,
  text: string,
  cut: boolean,
  kept: 'other' | 'error' = 'other',
): Fields | null {
  const parsed = parseJson(text);
  if (!parsed.ok) {
    parts.reasons.add(parsed.reason === 'too_deep' ? 'too_deep' : 'unparseable');
    parts.text(inside(at, 'body'), kept, text);
    return null;
  }
  // A copy that was cut has its own reason; a text that just ends without having been cut is the sender's doing.
  if (!parsed.whole && !cut) parts.reasons.add('unparseable');
  if (isObject(parsed.value)) return new Fields(parsed.value);
  parts.reasons.add('unparseable');
  parts.value(inside(at, 'body'), kept, parsed.value);
  return null;
}
