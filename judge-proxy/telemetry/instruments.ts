/** Counters, gauges and histograms of one registry, all with the prefix of this program. */

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** A judge or an origin answers in tens of milliseconds to minutes. */
export const SLOW_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];
/** Commits and analyses take a fraction of a millisecond to a second. */
export const FAST_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

export const PREFIX = 'judge_proxy_';

export function counter(registry: Registry, name: string, help: string, labelNames: string[] = []): Counter {
  return new Counter({ name: `${PREFIX}${name}`, help, labelNames, registers: [registry] });
}

export function gauge(registry: Registry, name: string, help: string, labelNames: string[]): Gauge {
  return new Gauge({ name: `${PREFIX}${name}`, help, labelNames, registers: [registry] });
}

export function histogram(
  registry: Registry,
  name: string,
  help: string,
  buckets: number[],
  labelNames: string[] = [],
): Histogram {
  return new Histogram({ name: `${PREFIX}${name}`, help, buckets, labelNames, registers: [registry] });
}
