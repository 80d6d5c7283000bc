/** Ids that others gave to a request: kept beside ours so that a reviewer can find it in their logs, never as a key. */

import { firstValue } from './headers.ts';

/** Enough for a UUID, a ULID, a trace id or OpenAI's `req_…`. */
const MAX_LENGTH = 128;
const PRINTABLE = /^[\u0021-\u007e]+$/;

/** The id, or null when it is too long or holds anything but printable ASCII. */
export function vettedId(value: string | null | undefined): string | null {
  if (value === null || value === undefined || value.length > MAX_LENGTH) return null;
  return PRINTABLE.test(value) ? value : null;
}

/**
 * The client's own id: `x-client-request-id` (OpenAI's name for it), else `x-request-id`.
 * @param tunnelled outside a tunnel `x-request-id` is Envoy's
 */
export function clientRequestId(rawHeaders: readonly string[], tunnelled: boolean): string | null {
  const own = vettedId(firstValue(rawHeaders, 'x-client-request-id'));
  return own ?? (tunnelled ? vettedId(firstValue(rawHeaders, 'x-request-id')) : null);
}
