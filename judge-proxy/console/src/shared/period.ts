/** Spans of time that a page is about: one that moves with the clock, or two fixed times. */

import { useEffect, useState } from 'react';

export const SPANS = ['1h', '24h', '7d', '30d'] as const;
export type Span = (typeof SPANS)[number];

export const SPAN_NAMES: Readonly<Record<Span, string>> = {
  '1h': 'Hour',
  '24h': 'Day',
  '7d': 'Week',
  '30d': '30 days',
};

const LENGTH_MS: Readonly<Record<Span, number>> = {
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
  '30d': 2_592_000_000,
};
const MINUTE_MS = 60_000;

export interface PeriodSearch {
  readonly last?: Span;
  readonly since?: string;
  readonly until?: string;
}

export interface PeriodTimes {
  readonly since: string;
  readonly until: string;
}

/** RFC 3339 times of a period that ends at the coming full minute, so that one question serves a minute. */
export function periodOf(search: PeriodSearch, now: number): PeriodTimes {
  if (search.since !== undefined && search.until !== undefined) return { since: search.since, until: search.until };
  const until = Math.ceil((now + 1) / MINUTE_MS) * MINUTE_MS;
  return {
    since: new Date(until - LENGTH_MS[search.last ?? '24h']).toISOString(),
    until: new Date(until).toISOString(),
  };
}

/** The period of a page's search parameters; it moves on each minute. */
export function usePeriod(search: PeriodSearch): PeriodTimes {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), MINUTE_MS);
    return () => clearInterval(timer);
  }, []);
  return periodOf(search, now);
}
