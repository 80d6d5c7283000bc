/** Ids that others gave to a request: kept beside ours so that a reviewer can find it in their logs, never as a key. */

/** Enough for a UUID, a ULID, a trace id or OpenAI's `req_…`. */
const MAX_LENGTH = 128;
const PRINTABLE = /^[\u0021-\u007e]+$/;

/** The id, or null when it is too long or holds anything but printable ASCII. */
export function vettedId(value: string | null): string | null {
  return value !== null && value.length <= MAX_LENGTH && PRINTABLE.test(value) ? value : null;
}
