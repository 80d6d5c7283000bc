/** JSON from the wire: parsed tolerantly, bounded in depth, read by own properties only. */

import { jsonShape } from './truncated-json.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Deeper than any schema or argument that we have seen, shallow enough to walk by recursion. */
export const MAX_DEPTH = 128;

/**
 * Of what is read as it comes, on the thread that carries all traffic: 4 million took 2.9 s (Node 26, 7.8 MiB). The
 * largest that providers send is a whole answer with the probabilities of its tokens.
 */
export const MOST_LIVE_VALUES = 100_000;

export type Parsed =
  /** `whole` false: the text ended early, and `value` is what stood there until then. */
  | { readonly ok: true; readonly value: Json; readonly whole: boolean }
  | { readonly ok: false; readonly reason: 'malformed' | 'too_deep' };

/**
 * Parses a JSON text or the beginning of one. An object with a key twice is not parsed: some readers take the first
 * value and some the last (RFC 8259 §4), and who judges one of them has not seen what the other shows.
 * @param mostValues a text of more keys and values is not parsed, as one that nests too deep is not
 */
export function parseJson(text: string, mostValues = Number.POSITIVE_INFINITY): Parsed {
  const shape = jsonShape(text, MAX_DEPTH);
  if (shape.depth > MAX_DEPTH || shape.values > mostValues) return { ok: false, reason: 'too_deep' };
  const value = tryParse(text);
  if (value !== undefined && keysIn(value) !== shape.keys) return { ok: false, reason: 'malformed' };
  if (value !== undefined) return { ok: true, value, whole: true };
  const closed = shape.closed === null ? undefined : tryParse(shape.closed);
  return closed === undefined ? { ok: false, reason: 'malformed' } : { ok: true, value: closed, whole: false };
}

function tryParse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function keysIn(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  let keys = isArray(value) ? 0 : Object.keys(value).length;
  for (const item of Object.values(value)) keys += keysIn(item);
  return keys;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** A property that the object has itself: `constructor` and its kin are absent unless the wire sent them. */
export function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The fields of one object, with a note of which were read: the rest must not be lost. */
export class Fields {
  readonly #object: JsonObject;
  readonly #read = new Set<string>();

  constructor(object: JsonObject) {
    this.#object = object;
  }

  /** Any value; it counts as read. null when absent. */
  any(key: string): Json {
    const value = own(this.#object, key);
    this.#read.add(key);
    return value ?? null;
  }

  /** A string, or null when there is none; a value of another type stays unread. */
  string(key: string): string | null {
    const value = own(this.#object, key);
    return typeof value === 'string' ? this.#take(key, value) : null;
  }

  /** A count: an integer from 0 that a double holds exactly. */
  count(key: string): number | null {
    const value = own(this.#object, key);
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? this.#take(key, value) : null;
  }

  array(key: string): readonly Json[] | null {
    const value = own(this.#object, key);
    return isArray(value) ? this.#take(key, value) : null;
  }

  object(key: string): Fields | null {
    const value = own(this.#object, key);
    return isObject(value) ? this.#take(key, new Fields(value)) : null;
  }

  /** What nobody read; absent values and nulls carry nothing. */
  unread(): [key: string, value: Json][] {
    return Object.entries(this.#object).filter(([key, value]) => value !== null && !this.#read.has(key));
  }

  #take<T>(key: string, value: T): T {
    this.#read.add(key);
    return value;
  }
}
