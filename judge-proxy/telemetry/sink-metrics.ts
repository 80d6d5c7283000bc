/** Sinks in numbers: what waits, what arrived, what was given up. Names are those of the config: a closed set. */

import { Gauge, type Registry } from 'prom-client';
import { ClosedSet } from './closed-set.ts';
import { PREFIX } from './instruments.ts';
import type { MetricNames, Metrics, SinkCount } from './metrics.ts';

const NUMBERS = {
  waiting: ['sink_waiting', 'Events that wait for a sink.'],
  delivered: ['sink_delivered', 'Events that a sink took since the start.'],
  failed: ['sink_failed_requests', 'Requests to a sink that failed since the start.'],
  gaps: ['sink_gaps', 'Events that a sink never gets, since the start: the ledger names them.'],
} as const satisfies Record<keyof SinkCount, readonly [name: string, help: string]>;

export function sinkMetrics(registry: Registry, { sinks = [] }: Partial<MetricNames>): Pick<Metrics, 'sink'> {
  const names = new ClosedSet(sinks);
  // Gauges, since the sinks hold the counts and tell their state as it is.
  const gauges = Object.entries(NUMBERS).map(([key, [name, help]]) => {
    const gauge = new Gauge({ name: `${PREFIX}${name}`, help, labelNames: ['sink'], registers: [registry] });
    for (const sink of sinks) gauge.set({ sink }, 0);
    return [key as keyof SinkCount, gauge] as const;
  });
  return {
    sink(name, now) {
      for (const [key, gauge] of gauges) gauge.set({ sink: names.of(name) }, now[key]);
    },
  };
}
