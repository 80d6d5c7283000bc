/** `sinks`: where records go as they come. Types are closed: each is a way of asking that some receiver understands. */

import { z } from 'zod';
import { duration, optionalDuration } from './units.ts';

export const SINK_TYPES = ['webhook', 'slack', 'otlp', 'elastic', 'hec'] as const;
/** What can be sent: records of the ledger by kind, and its signed checkpoints. */
export const SINK_EVENTS = ['verdicts', 'exchanges', 'connections', 'audit', 'checkpoints'] as const;

export const sink = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/)
    .describe(
      'Shown in the console, log and metrics. The place in the ledger that was reached is kept under this name.',
    ),
  type: z
    .enum(SINK_TYPES)
    .describe(
      '`webhook`: JSON, signed. `slack`: an incoming webhook. `otlp`: OTLP/HTTP logs as JSON. `elastic`: the bulk API. `hec`: Splunk HTTP Event Collector.',
    ),
  url: z.url({ protocol: /^https?$/ }).describe('Whole address, e.g. `https://otel.example/v1/logs`.'),
  secret: z
    .string()
    .default('')
    .meta({ secret: true })
    .describe('`webhook`: signs (Standard Webhooks, `whsec_…` or text). `elastic`: API key. `hec`: token.'),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]+$/), z.string().regex(/^[\u0020-\u007e]*$/))
    .default({})
    .meta({ secret: true })
    .describe('More headers of each request.'),
  events: z.array(z.enum(SINK_EVENTS)).min(1).default(['verdicts']).describe('What is sent.'),
  routes: z.array(z.string()).optional().describe('Only of these routes. Unless set of all.'),
  labels: z
    .array(z.enum(['clean', 'violation', 'undetermined']))
    .min(1)
    .default(['clean', 'violation', 'undetermined'])
    .describe('Only verdicts with one of these labels.'),
  min_severity: z
    .enum(['none', 'low', 'medium', 'high', 'critical'])
    .default('none')
    .describe('Only verdicts of this severity or graver.'),
  format: z
    .enum(['json', 'ocsf'])
    .default('json')
    .describe('`webhook` only: our records, or OCSF findings of what is flagged.'),
  batch: z.int().min(1).max(1_000).default(100).describe('Most events of one request.'),
  digest: optionalDuration().describe(
    'Collects for so long after the first event, then sends one request. At once unless set.',
  ),
  rate: z.number().positive().max(1_000).default(10).describe('Most requests a second.'),
  timeout: duration('10s').describe('Of one request.'),
  bound: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe('Most events that wait. What comes beyond, while the sink is dead, is skipped, counted and recorded.'),
  ca_files: z.array(z.string().min(1)).default([]).describe('CAs trusted for it beside the system roots, PEM.'),
  allow_addresses: z.array(z.string()).default([]).describe('CIDRs, beside public addresses, at which it may live.'),
});

export type SinkConfig = z.output<typeof sink>;
