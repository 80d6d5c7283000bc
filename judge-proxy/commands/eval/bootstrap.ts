/**
 * Bootstrap intervals (Efron and Tibshirani 1993, percentile method). Whole groups are drawn, not rows: a pair and its
 * benign twin share most of their text, and rows that hang together would make intervals too narrow.
 */

import { quantile } from './quantile.ts';
import type { Random } from './random.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  readonly resamples: number;
  /** Share of the resamples that lies inside, e.g. 0.95. */
  readonly level: number;
  readonly random: Random;
}

/**
 * @param groups rows that are drawn together
 * @param measure figures of one resample; null where a figure is not defined for it
 * @returns per figure its interval, null when it was defined in fewer than half of the resamples
 */
export function bootstrap<Row, Key extends string>(
  groups: readonly (readonly Row[])[],
  measure: (rows: readonly Row[]) => Readonly<Record<Key, number | null>>,
  options: BootstrapOptions,
): Record<Key, Interval | null> {
  const drawn = new Map<Key, number[]>();
  for (let i = 0; i < options.resamples; i++) {
    for (const [key, value] of entries(measure(resample(groups, options.random)))) {
      const values = drawn.get(key) ?? [];
      drawn.set(key, values);
      if (value !== null) values.push(value);
    }
  }
  const tail = (1 - options.level) / 2;
  const intervals = [...drawn].map(([key, values]): [Key, Interval | null] => {
    const low = quantile(values, tail);
    const high = quantile(values, 1 - tail);
    const enough = values.length * 2 >= options.resamples;
    return [key, enough && low !== null && high !== null ? { low, high } : null];
  });
  return Object.fromEntries(intervals) as Record<Key, Interval | null>;
}

function resample<Row>(groups: readonly (readonly Row[])[], random: Random): Row[] {
  const rows: Row[] = [];
  for (let i = 0; i < groups.length; i++) rows.push(...(groups[Math.floor(random() * groups.length)] ?? []));
  return rows;
}

function entries<Key extends string, Value>(record: Readonly<Record<Key, Value>>): [Key, Value][] {
  return Object.entries(record) as [Key, Value][];
}
