/** Cursors of lists that are ordered by position in the chain. Opaque to callers: the letter says what it is. */

import { ApiProblem } from '../problems.ts';

export function sequenceCursor(seq: number): string {
  return `s${seq}`;
}

/** @throws {ApiProblem} `invalid_request` for what we never gave out */
export function readSequence(cursor: string): number {
  const seq = /^s([1-9]\d{0,14})$/.exec(cursor)?.[1];
  if (seq === undefined) {
    throw new ApiProblem('invalid_request', undefined, [{ path: 'query.cursor', message: 'is none of this list' }]);
  }
  return Number(seq);
}
