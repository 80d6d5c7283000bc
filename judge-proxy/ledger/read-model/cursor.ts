/** Cursors of pages: opaque to whoever asks, and never trusted when they come back. */

/** A question that cannot be answered as it was asked. */
export class BadCursorError extends Error {
  override readonly name = 'BadCursorError';
}

type Place = readonly (number | string)[];

export function cursorOf(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/**
 * @param shape what the cursor must hold
 * @returns null without a cursor: the first page
 * @throws {BadCursorError} for one that is not ours
 */
export function placeOf<T extends Place>(cursor: string | undefined, shape: Shape<T>): T | null {
  if (cursor === undefined) return null;
  const place = parsed(cursor);
  const types: readonly string[] = shape;
  if (!Array.isArray(place) || place.length !== types.length) throw new BadCursorError('not a cursor');
  for (const [at, type] of types.entries()) {
    const isFit = type === 'number' ? Number.isSafeInteger(place[at]) : typeof place[at] === 'string';
    if (!isFit) throw new BadCursorError('not a cursor');
  }
  return place as unknown as T;
}

type Shape<T extends Place> = { readonly [K in keyof T]: T[K] extends number ? 'number' : 'string' };

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw new BadCursorError('not a cursor');
  }
}

/** Rows of a page at most. */
export const MOST_ROWS = 200;

export function rowLimit(limit: number): number {
  return Math.max(1, Math.min(MOST_ROWS, Math.trunc(limit) || 1));
}
