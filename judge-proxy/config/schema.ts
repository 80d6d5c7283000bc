/**
 * The configuration, key by key. This file is the reference: docs/configuration.md is generated from the descriptions
 * here, and a test walks every key and shows that changing it has an effect.
 */

import { z } from 'zod';
import { duration, size } from './units.ts';

const port = z.int().min(0).max(65_535);
const file = z.string().min(1);

const listen = z
  .strictObject({
    proxy: z
      .strictObject({
        host: z.string().default('127.0.0.1').describe('Address of the mTLS listener that Envoy connects to.'),
        port: port.default(8888).describe('Its port; 0 takes a free one.'),
        cert: file.default('certs/server.crt').describe('Server certificate chain, PEM. Reread when it changes.'),
        key: file.default('certs/server.key').describe('Its private key, PEM.'),
        client_ca: file.default('certs/ca.crt').describe('CA whose client certificates are accepted, PEM.'),
        client_names: z
          .array(z.string())
          .default(['envoy-proxy'])
          .describe('DNS names of client certificates whose holders may say who the client is.'),
      })
      .prefault({}),
    plain: z
      .strictObject({
        host: z.string().default('127.0.0.1').describe('Loopback address only: clients are not authenticated here.'),
        port: port.describe('Port of the plain HTTP proxy listener, for use without Envoy.'),
      })
      .optional()
      .describe('The same proxy without Envoy and without TLS. Off unless set.'),
    admin: z
      .strictObject({
        host: z.string().default('127.0.0.1').describe('Loopback address only.'),
        port: port.default(8889).describe('Port of health and metrics; 0 takes a free one.'),
      })
      .prefault({}),
  })
  .prefault({});

const interception = z
  .strictObject({
    ca_cert: file.default('certs/intercept-ca.crt').describe('Interception CA, PEM. Clients must trust it.'),
    ca_key: file.default('certs/intercept-ca.key').describe('Its private key, PEM.'),
  })
  .prefault({});

const upstream = z
  .strictObject({
    ca_files: z.array(file).default([]).describe("CAs trusted for origins beside the system's roots, PEM."),
    connect_to: z
      .record(z.string(), z.string())
      .default({})
      .describe('Staging and tests: `host:port` is dialled at exactly this `address:port` instead.'),
    allow_addresses: z
      .array(z.string())
      .default([])
      .describe('CIDRs that the address guard lets through although they are not public.'),
  })
  .prefault({});

const failurePolicy = z.enum(['allow', 'block', 'review']);

const route = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/)
    .describe('Shown in verdicts, logs and refusals.'),
  hosts: z.array(z.string().min(1)).min(1).describe('`api.openai.com`, `*.example.com` (sub-domains only) or `*`.'),
  ports: z.array(z.int().min(1).max(65_535)).min(1).default([443]).describe('Ports that the route covers.'),
  action: z.enum(['tunnel', 'terminate', 'deny']).describe('Relay blindly, terminate and record, or refuse.'),
  judge: z.string().optional().describe('Name of a judge, for `terminate`. Without it exchanges are recorded only.'),
  mode: z
    .enum(['observe'])
    .default('observe')
    .describe('How the response meets the judge: `observe` delivers, judges after.'),
  on_judge_failure: failurePolicy
    .default('review')
    .describe(
      'What a verdict says when the judge failed: `allow` nothing more, `review` severity medium, so that a person looks, `block` also `would_block`.',
    ),
});

const judge = z.strictObject({
  rubric: file.describe('Rubric file, YAML.'),
  rules: z
    .array(z.enum(['secrets', 'personal_data', 'judge_manipulation']))
    .default(['secrets', 'personal_data', 'judge_manipulation'])
    .describe('Rules whose hits are findings. Secrets are redacted whether or not they are listed.'),
  model: z
    .strictObject({
      base_url: z
        .url({ protocol: /^https?$/ })
        .default('https://api.openai.com/v1')
        .describe('OpenAI-compatible endpoint.'),
      api_key: z
        .string()
        .default('')
        .meta({ secret: true })
        .describe('Key of the judge model. Empty: rules alone judge, and coverage says so.'),
      name: z.string().min(1).default('gpt-5-mini').describe('Model that judges.'),
      timeout: duration('30s').describe('Whole judge call, waiting in our queue not included.'),
      ca_files: z.array(file).default([]).describe('CAs trusted for the judge endpoint beside the system roots, PEM.'),
      allow_addresses: z
        .array(z.string())
        .default([])
        .describe('CIDRs, beside public addresses, at which the judge endpoint may live.'),
    })
    .optional()
    .describe('The model. Without it rules alone judge.'),
});

const ledger = z
  .strictObject({
    url: z.string().default('sqlite:data/ledger.db').describe('`sqlite:PATH`.'),
    durability: z
      .enum(['process', 'disk'])
      .default('process')
      .describe('What a committed record survives: `process` kill -9, `disk` a power cut too.'),
  })
  .prefault({});

const log = z
  .strictObject({
    level: z
      .enum(['debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .describe('Lowest level that is written.'),
    format: z.enum(['json', 'pretty']).default('json').describe('One JSON object a line, or lines for people.'),
  })
  .prefault({});

const limits = z
  .strictObject({
    header_block: size('64KiB').describe('Header block of a request or response.'),
    headers: duration('15s').describe('Time for the request headers to arrive.'),
    tunnel_idle: duration('1h').describe('A tunnel without a byte in either direction is closed after this.'),
    tls_handshake: duration('10s').describe('TLS handshake with a client or an origin.'),
    first_byte: duration('15s').describe('Time between our 200 and the first byte of a terminated tunnel.'),
    dns: duration('5s').describe('Resolving a name.'),
    connect: duration('10s').describe('Connecting to an origin.'),
    origin_headers: duration('15m').describe('Time until the first response header of an origin.'),
    origin_idle: duration('15m').describe(
      'An origin silent for this long in the middle of a response is given up, and so is a client in the middle of a body.',
    ),
    keep_alive: duration('65s').describe("Idle connection from Envoy or a client. Keep it above Envoy's 30 s."),
    tunnels: z.int().min(1).default(10_000).describe('Open tunnels, blind and terminated together.'),
    exchanges: z.int().min(1).default(2_000).describe('Requests in flight on terminated hosts.'),
    connections_per_origin: z.int().min(1).default(256).describe('Connections to one origin for one client.'),
    pools: z.int().min(1).default(1_000).describe('Origin pools (origin × client) kept.'),
    leaf_certificates: z.int().min(1).default(1_000).describe('Leaf certificates kept.'),
    request_copy: size('4MiB').describe('Copy of a request body for the judge.'),
    response_copy: size('1MiB').describe('Copy of a response body for the judge.'),
    copies: size('256MiB').describe('All copies held at one time.'),
    decoded_copy: size('4MiB').describe('A copy after its content coding is undone.'),
    decode_time: duration('250ms').describe('Time to undo the content coding of one copy.'),
    judge_queue: z
      .int()
      .min(1)
      .default(1_000)
      .describe('Judgements that may wait for the model; above it the verdict says queue_full.'),
    judge_concurrency: z.int().min(1).default(16).describe('Model calls at one time.'),
    drain: duration('10s').describe('Time that open exchanges and tunnels have to end after SIGTERM.'),
  })
  .prefault({});

const price = z.strictObject({
  input: z.number().min(0).describe('US dollars per million input tokens.'),
  cached_input: z.number().min(0).optional().describe("The same for input read from the provider's cache."),
  output: z.number().min(0).describe('US dollars per million output tokens.'),
});

export const configSchema = z.strictObject({
  listen,
  interception,
  upstream,
  routes: z.array(route).min(1).describe('First matching route wins; no match is refused.'),
  judges: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/), judge)
    .default({})
    .describe('Judges by name.'),
  ledger,
  log,
  limits,
  prices: z
    .record(z.string(), price)
    .default({})
    .describe('Price of models, by model name or a prefix of it ended by `*`. Unknown models have cost null.'),
});

/** The configuration after defaults, with durations in milliseconds and sizes in bytes. */
export type Config = z.output<typeof configSchema>;
export type RouteConfig = Config['routes'][number];
export type JudgeConfig = Config['judges'][string];
export type Limits = Config['limits'];
