/** Times of people, who may write anything: RFC 3339 or nothing. */

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i;

/** Milliseconds since 1970, NaN for what is no time: Date alone would read `0` as the year 2000. */
export function msOf(time: string): number {
  return RFC_3339.test(time) ? Date.parse(time) : Number.NaN;
}

/** What is no time bounds nothing in. */
export function timeBound(ts: string): number | null {
  const ms = msOf(ts);
  return Number.isNaN(ms) ? null : ms;
}
