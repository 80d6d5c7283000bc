/**
 * What a receiver's answer means. Nothing of its text is kept: it may hold anything, our own events included. Pure.
 */

/**
 * `delivered`: it has them, but for those that it refused for good and those that it wants again. `retry`: nothing is
 * known to have arrived. `split`: something in it cannot be taken; smaller requests tell what.
 */
export type Outcome =
  | { readonly kind: 'delivered'; readonly refused: readonly number[]; readonly again: readonly number[] }
  | { readonly kind: 'retry'; readonly afterMs: number | null; readonly code: string }
  | { readonly kind: 'split'; readonly code: string };

export const DELIVERED: Outcome = { kind: 'delivered', refused: [], again: [] };

/** Longer patience than an hour is taken for a mistake (RFC 9110 §10.2.3 sets no bound). */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/**
 * By status alone. 413 and what says that the content is wrong is for smaller requests; every other refusal (keys,
 * addresses, quotas, their own failures) passes or is mended by people, so nothing is given up for it.
 * @param nowMs for Retry-After as a date
 */
export function outcomeOf(status: number, retryAfter: string | null, nowMs: number): Outcome {
  if (status >= 200 && status < 300) return DELIVERED;
  const code = `http_${status}`;
  if (status === 400 || status === 413 || status === 422) return { kind: 'split', code };
  return { kind: 'retry', afterMs: retryAfterMs(retryAfter, nowMs), code };
}

/** Seconds or an HTTP date; null for what is neither. */
export function retryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const ms = /^\d{1,9}$/.test(value.trim()) ? Number(value) * 1_000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}

/**
 * The answer of a bulk request, which is 200 whatever became of its items. 409 is an item that is there already: a second
 * delivery.
 * @param count items that were sent; an answer that does not tell of each is no delivery
 */
export function bulkOutcome(body: unknown, count: number): Outcome {
  const items = (body as { items?: unknown } | null)?.items;
  if (!Array.isArray(items) || items.length !== count) return { kind: 'retry', afterMs: null, code: 'bad_answer' };
  const statuses = items.map(statusOfItem);
  const at = (wanted: (status: number) => boolean) =>
    [...statuses.keys()].filter((index) => wanted(statuses[index] ?? 0));
  const again = at((status) => status === 429 || status >= 500 || status < 200);
  const refused = at((status) => status >= 300 && status < 500 && status !== 429 && status !== 409);
  if (again.length === count) return { kind: 'retry', afterMs: null, code: 'items_refused' };
  return { kind: 'delivered', refused, again };
}

function statusOfItem(item: unknown): number {
  if (typeof item !== 'object' || item === null) return 0;
  const status = (Object.values(item)[0] as { status?: unknown } | null | undefined)?.status;
  return typeof status === 'number' ? status : 0;
}

/** Waiting after failures in a row: 1 s, doubled, at most 5 minutes, ± 10 %; the receiver's word counts more. */
export function retryMs(failures: number, afterMs: number | null, random: number): number {
  const own = Math.min(300_000, 1_000 * 2 ** Math.min(failures - 1, 20));
  return Math.round(Math.max(own * (0.9 + random * 0.2), afterMs ?? 0));
}
