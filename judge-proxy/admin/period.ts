/** What callers may leave out, and times as they write them, in the form of the ledger. */

import { ApiProblem } from './problems.ts';

/** Optional is absent, never undefined. */
export type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** The same without what is undefined. */
export function defined<T extends object>(given: T): Defined<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** RFC 3339 with any offset → UTC with milliseconds: times of the ledger have one form, which sorts as text. */
export function instant(time: string): string {
  return new Date(time).toISOString();
}

/** A query without what is undefined, its times in the form of the ledger. */
export function instants<T extends { readonly since?: string | undefined; readonly until?: string | undefined }>(
  query: T,
): Defined<T> {
  const times = defined({ since: query.since, until: query.until });
  const inForm = Object.fromEntries(Object.entries(times).map(([name, time]) => [name, instant(time)]));
  return { ...defined(query), ...inForm };
}

/**
 * A period that has a length.
 * @throws {ApiProblem} `invalid_request` for one that ends before it begins
 */
export function period<T extends { readonly since: string; readonly until: string }>(query: T): Defined<T> {
  const found = { ...defined(query), since: instant(query.since), until: instant(query.until) };
  if (found.since < found.until) return found;
  throw new ApiProblem('invalid_request', 'A period ends after it begins.', [
    { path: 'query.until', message: 'has to be later than since' },
  ]);
}
