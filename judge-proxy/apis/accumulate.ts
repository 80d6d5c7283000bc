/** Joining what a stream sends in pieces. */

import { isArray, type Json } from './json.ts';

/** Values under keys from the wire: a Map, so that no key reaches a prototype. */
export type Pieces = Map<string, Json>;

/**
 * Joins a piece to what came before under its key: strings are concatenated, lists extended, of other values nothing
 * is lost. Lists grow in place: copying them each time would be quadratic.
 */
export function append(pieces: Pieces, key: string, piece: Json): void {
  if (piece === null) return;
  const before = pieces.get(key) ?? null;
  if (before === null) pieces.set(key, isArray(piece) ? [...piece] : piece);
  else if (typeof before === 'string' && typeof piece === 'string') pieces.set(key, before + piece);
  else pieces.set(key, extended(before, piece));
}

/** Sets a value that each piece repeats; a different one is kept beside it, so that nothing is unseen. */
export function note(pieces: Pieces, key: string, value: Json): void {
  if (value === null || pieces.get(key) === value) return;
  const before = pieces.get(key) ?? null;
  pieces.set(key, before === null ? value : extended(before, value));
}

function extended(before: Json, piece: Json): Json {
  const list: Json[] = isGrowing(before) ? before : [before];
  if (isArray(piece)) for (const item of piece) list.push(item);
  else list.push(piece);
  return list;
}

function isGrowing(value: Json): value is Json[] {
  return Array.isArray(value);
}

/** An object with these entries as own properties, whatever their names. */
export function toObject(pieces: Pieces): { [key: string]: Json } {
  return Object.fromEntries(pieces);
}
