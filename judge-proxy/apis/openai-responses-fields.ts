/** Fields of an event of a streamed response, read by what they should be. */

import { isObject, type JsonObject, own } from './json.ts';

/** The `type` of an error event says that it is one, not which. */
export function withoutType(event: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(event).filter(([key]) => key !== 'type'));
}

export function objectAt(event: JsonObject, key: string): JsonObject | null {
  const value = own(event, key);
  return isObject(value) ? value : null;
}

export function indexOf(event: JsonObject, key: string): number {
  const value = own(event, key);
  return typeof value === 'number' ? value : 0;
}
