/**
 * What the origin tells of the session rather than of a response: limits, keep-alives, whether steering was taken. Where
 * answers are held, such a message goes out at once; so it is believed only when it has no room for words of a model.
 */

import { isArray, isObject, type Json, parseJson } from './json.ts';

const SESSION = /^(?:keepalive|[a-z_.]*rate_limits[a-z_.]*|response\.steer\.(?:accepted|pending|failed))$/;
/** Larger messages are no such thing (the limits that OpenAI sends are under 1 KiB). */
const MOST_BYTES = 4_096;
/** Names, ids, times and numbers, none of them prose. */
const WORD = /^[\w.:+%/-]{0,80}$/;

/** Whether a type is one of the session's. */
export function isSessionType(type: string): boolean {
  return SESSION.test(type);
}

/** Whether the message is one JSON object of names and numbers, no name twice. */
export function isPlain(message: Uint8Array): boolean {
  if (message.length > MOST_BYTES) return false;
  const text = Buffer.from(message.buffer, message.byteOffset, message.byteLength).toString('utf8');
  const parsed = parseJson(text);
  return parsed.ok && parsed.whole && isObject(parsed.value) && isBare(parsed.value);
}

function isBare(value: Json): boolean {
  if (typeof value === 'string') return WORD.test(value);
  if (isArray(value)) return value.every(isBare);
  if (!isObject(value)) return true;
  return Object.entries(value).every(([name, inner]) => WORD.test(name) && isBare(inner));
}
