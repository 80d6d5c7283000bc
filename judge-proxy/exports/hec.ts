/**
 * Events of Splunk's HTTP Event Collector, one a line: a request is any number of lines behind each other. The record is
 * the event; `fields` are indexed beside it, for counting without reading events.
 */

import { epochMs, PRODUCER, present } from './producer.ts';
import type { Item } from './record.ts';

const SOURCETYPE: Readonly<Record<Item['subject'], string>> = {
  verdicts: 'judge_proxy:verdict',
  exchanges: 'judge_proxy:exchange',
  connections: 'judge_proxy:connection',
};

export function hecEvent(item: Item): object {
  const ts = item.subject === 'exchanges' ? item.record.completed.ts : item.record.ts;
  return {
    // Seconds. `host` and `index` are left to the token of the collector.
    time: epochMs(ts) / 1_000,
    source: PRODUCER.name,
    sourcetype: SOURCETYPE[item.subject],
    event: item.record,
    fields: fieldsOf(item),
  };
}

function fieldsOf(item: Item): Readonly<Record<string, string>> {
  switch (item.subject) {
    case 'verdicts': {
      const { client, route, overall, action, state, coverage } = item.record;
      return {
        client,
        route,
        label: overall.label,
        severity: overall.severity,
        action,
        state,
        coverage: coverage.level,
      };
    }
    case 'exchanges': {
      const { opened, completed } = item.record;
      return {
        client: opened.client,
        route: opened.route,
        outcome: completed.outcome,
        coverage: completed.coverage.level,
      };
    }
    case 'connections': {
      const { client, route, action, error_code } = item.record;
      return present({ client, route, action, error_code }) as Record<string, string>;
    }
    default:
      item satisfies never;
      return {};
  }
}
