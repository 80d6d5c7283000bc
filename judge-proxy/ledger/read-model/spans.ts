/** Sums by hour and day, of each client and route and of all of them, as the index is written. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { addSums, bytesOf, isNothing, noSums, type Sums, sumsOf } from './metrics.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
/** Length of the spans of a level. */
export const LEVELS = [HOUR_MS, DAY_MS] as const;
/** Stands for all clients, or all routes. */
export const ALL = -1;

interface Span {
  readonly key: readonly [level: number, client: number, route: number, start: number];
  readonly sums: Sums;
}

export class SpanStore {
  readonly #find: StatementSync;
  readonly #upsert: StatementSync;
  readonly #delete: StatementSync;
  readonly #changes = new Map<string, Span>();

  constructor(db: DatabaseSync) {
    const where = 'WHERE level = ? AND client = ? AND route = ? AND start = ?';
    this.#find = db.prepare(`SELECT sums FROM spans ${where}`);
    this.#upsert = db.prepare(
      'INSERT INTO spans VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET sums = excluded.sums',
    );
    this.#delete = db.prepare(`DELETE FROM spans ${where}`);
  }

  forget(): void {
    this.#changes.clear();
  }

  /** @param ts milliseconds since 1970 */
  add(ts: number, client: number, route: number, sums: Sums): void {
    // Higher levels and wider groups are added up at the end: the finest ones are few.
    const start = Math.floor(ts / HOUR_MS);
    addSums(this.#change(0, client, route, start), sums);
  }

  #change(level: number, client: number, route: number, start: number): Sums {
    const key = `${level} ${client} ${route} ${start}`;
    let span = this.#changes.get(key);
    if (span === undefined) {
      span = { key: [level, client, route, start], sums: noSums() };
      this.#changes.set(key, span);
    }
    return span.sums;
  }

  flush(): void {
    for (const { key, sums } of [...this.#changes.values()]) this.#spread(key, sums);
    for (const { key, sums } of this.#changes.values()) this.#write(key, sums);
    this.#changes.clear();
  }

  /** A route of its own may be 0 (none), so that "all" is another number. */
  #spread([, client, route, start]: Span['key'], sums: Sums): void {
    const day = Math.floor((start * HOUR_MS) / DAY_MS);
    for (const [c, r] of [
      [client, route],
      [client, ALL],
      [ALL, route],
      [ALL, ALL],
    ] as const) {
      addSums(this.#change(1, c, r, day), sums);
      if (c === ALL || r === ALL) addSums(this.#change(0, c, r, start), sums);
    }
  }

  #write(key: Span['key'], change: Sums): void {
    if (isNothing(change)) return;
    const stored = this.#find.get(...key)?.sums as Uint8Array | undefined;
    if (stored !== undefined) addSums(change, sumsOf(stored));
    if (isNothing(change)) this.#delete.run(...key);
    else this.#upsert.run(...key, bytesOf(change));
  }
}
