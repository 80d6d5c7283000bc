/** How Anthropic's SDKs understand an event. */

import { isObject, type Json, own } from './json.ts';
import type { SseEvent } from './sse.ts';

/**
 * The SDK goes by the name of the event: under `event: error` it raises whatever the data is, and a ping needs no data.
 * The data's own `type` counts for everything else, because that is what it hands on.
 */
export function named(event: SseEvent, value: Json): Json {
  if (!isObject(value)) return value;
  const type = own(value, 'type');
  if (event.event === 'error' && type !== 'error') return { type: 'error', error: value };
  return typeof type === 'string' || event.event === null ? value : { ...value, type: event.event };
}
