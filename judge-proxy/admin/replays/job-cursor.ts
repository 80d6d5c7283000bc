/** Cursors of the lists of replays. Opaque to callers. */

import { ApiProblem } from '../problems.ts';

/** @param parts what the next page begins after */
export function writeCursor(...parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** @throws {ApiProblem} `invalid_request` for what we never gave out */
export function readCursor(cursor: string): readonly [string, string] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(parts) && parts.length === 2) {
      const [first, second]: unknown[] = parts;
      if (typeof first === 'string' && typeof second === 'string') return [first, second];
    }
  } catch {
    // Not JSON: told below.
  }
  throw new ApiProblem('invalid_request', undefined, [{ path: 'cursor', message: 'is none of this list' }]);
}
