/** Search parameters of a page: plain text in the address, checked by the schemas of the API. */

import type { z } from 'zod';

/** `?a=b` as an object of texts; the router's own way would read `?q=007` as the number 7. */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

/** The opposite of `parseSearch`, in one order, so that one list has one address. What is undefined or empty is left out. */
export function stringifySearch(search: Record<string, unknown>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    if (value !== undefined && value !== null && value !== '') parameters.set(key, String(value));
  }
  parameters.sort();
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/** What an address may hold for a schema: each field may be missing. */
export type SearchOf<S extends z.ZodObject> = { [K in keyof z.input<S>]?: z.input<S>[K] };

/**
 * A validator for a route: keeps what the schema takes, as text, and drops the rest. An address that somebody typed
 * wrong still shows the page.
 */
export function searchOf<S extends z.ZodObject>(schema: S): (search: Record<string, unknown>) => SearchOf<S> {
  return (search) => {
    const kept = Object.entries(schema.shape).flatMap(([key, field]) => {
      const value = search[key];
      if (value === undefined || value === '') return [];
      return (field as z.ZodType).safeParse(value).success ? [[key, value]] : [];
    });
    return Object.fromEntries(kept) as SearchOf<S>;
  };
}
