/**
 * The configuration, key by key. This file is the reference: docs/configuration.md is generated from the descriptions
 * here, and a test walks every key and shows that changing it has an effect.
 */

import { z } from 'zod';
import { limits } from './limits.ts';
import { oidc } from './oidc.ts';
import { redaction, sealing } from './redaction.ts';
import { sink } from './sinks.ts';
import { duration, optionalDuration } from './units.ts';

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
        host: z
          .string()
          .default('127.0.0.1')
          .describe(
            'Address of console, admin API, health and metrics. Not loopback only with `tls` or a trusted proxy.',
          ),
        port: port.default(8889).describe('Its port; 0 takes a free one.'),
        names: z
          .array(z.string().min(1))
          .default([])
          .describe('Host names and addresses under which browsers reach it, beside those of loopback.'),
        tls: z
          .strictObject({
            cert: z
              .string()
              .default('')
              .describe('Server certificate chain, PEM. Reread when it changes. Empty: HTTP.'),
            key: z.string().default('').describe('Its private key, PEM.'),
          })
          .prefault({})
          .describe('HTTPS in place of HTTP.'),
        behind_trusted_proxy: z
          .boolean()
          .default(false)
          .describe(
            'A reverse proxy that ends TLS is the only one that reaches this listener: the last `X-Forwarded-For` is believed. Needs `public_origin`.',
          ),
        public_origin: z
          .url({ protocol: /^https$/ })
          .optional()
          .describe('Where browsers find the console through that proxy, e.g. `https://judge.example.com`.'),
        open_metrics: z
          .boolean()
          .default(false)
          .describe('/metrics without a token, for a scraper on this machine. On a loopback address only.'),
      })
      .prefault({}),
  })
  .prefault({});

const consoleSettings = z
  .strictObject({
    session_idle: duration('1h').describe('A session that is not used for so long ends.'),
    session_lifetime: duration('12h').describe('A session ends so long after sign-in, however it is used.'),
    oidc: oidc.optional().describe('Sign-in by OpenID Connect beside passwords. Off unless set.'),
  })
  .prefault({})
  .describe('The review console.');

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
    .enum(['observe', 'window', 'hold'])
    .default('observe')
    .describe(
      'How the response meets the judge: `observe` delivers and judges after, `window` delivers a stream window by window and holds every other answer, `hold` delivers after the verdict.',
    ),
  hold_request: z
    .boolean()
    .default(false)
    .describe('Judge the request before the origin sees it, and the pair afterwards.'),
  window: z
    .strictObject({
      release: z
        .enum(['cleared', 'eager'])
        .default('cleared')
        .describe(
          'What clears a window: `cleared` rules and model, `eager` rules alone, while the model judges behind the client and cuts.',
        ),
      tokens: z.int().min(16).default(400).describe('Tokens (four characters each) of a window for the model.'),
      rules_tokens: z
        .int()
        .min(1)
        .default(50)
        .describe('Tokens that the rules read at one time; with `eager` they are delivered together.'),
      overlap_tokens: z
        .int()
        .min(0)
        .default(100)
        .describe('Tokens of the text before that rules and model see again with each window.'),
    })
    .prefault({})
    .describe('For mode `window`.'),
  keep_alive: optionalDuration().describe(
    'While a stream is held, an SSE comment goes to the client this often. It commits the answer to status 200, so that a block becomes an error inside the stream. None unless set.',
  ),
  block: z
    .strictObject({
      status: z.int().min(400).max(499).default(403).describe('HTTP status of a block, while none has been sent.'),
      message: z
        .string()
        .min(1)
        .max(1_000)
        .default('This exchange was stopped by the policy of your organisation.')
        .describe('Text that the client is shown.'),
      style: z
        .enum(['error', 'finish'])
        .default('error')
        .describe(
          "`error`: the API's error, which SDKs raise. `finish`: a well-formed answer that ends by content filter or refusal.",
        ),
      headers: z.boolean().default(true).describe('`x-judge-*` headers on a block: code, request id, verdict id.'),
      reveal: z
        .enum(['nothing', 'criteria', 'evidence'])
        .default('nothing')
        .describe(
          'What a block tells of the verdict: nothing, the ids of violated criteria and rules, or also quotes.',
        ),
    })
    .prefault({})
    .describe('What the client is told when the judge stops an exchange.'),
  sampling: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe(
      'Probability with which the model is asked. Rules always judge, and an exchange that a rule hits is always asked about.',
    ),
  on_judge_failure: failurePolicy.optional().describe('Overrides the `on_judge_failure` of the mode of this route.'),
  recording: z
    .enum(['full', 'redacted', 'metadata'])
    .default('redacted')
    .describe(
      'What the ledger keeps and the judge sees of the text: `full` as it came, secrets included: they are then stored and sent to the judge model; `redacted` with placeholders where a detector found something; `metadata` none of it: rules read it, no model does.',
    ),
  seal: z
    .boolean()
    .default(false)
    .describe('Keep the original beside the record, encrypted to `sealing.recipients`. This program cannot open it.'),
});

const onJudgeFailure = z
  .strictObject({
    observe: failurePolicy.default('review').describe('For routes of mode `observe`.'),
    window: failurePolicy.default('block').describe('For routes of mode `window`.'),
    hold: failurePolicy.default('block').describe('For routes of mode `hold`, and for held requests.'),
  })
  .prefault({})
  .describe(
    'What happens when the judge failed: `allow` nothing more, `review` severity medium, so that a person looks, `block` stops the exchange, in `observe` the verdict says `would_block`.',
  );

export const judgeModel = z.strictObject({
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
  timeout: duration('30s').describe('Whole judge call. While a client waits, its wait for a turn counts, too.'),
  ca_files: z.array(file).default([]).describe('CAs trusted for the judge endpoint beside the system roots, PEM.'),
  allow_addresses: z
    .array(z.string())
    .default([])
    .describe('CIDRs, beside public addresses, at which the judge endpoint may live.'),
});

const spending = z
  .strictObject({
    tokens: z.int().min(0).optional().describe('Tokens in and out together. Unlimited unless set.'),
    usd: z.number().min(0).optional().describe('US dollars by `prices`. Unlimited unless set.'),
  })
  .prefault({});

const judge = z.strictObject({
  rubric: file.describe('Rubric file, YAML.'),
  policy: z
    .enum(['published', 'file'])
    .default('published')
    .describe(
      'Which rubric is in force: the version that was published through the admin API, the file until there is one; or the `file`: nothing can be published then, and a version that was is taken back at the start.',
    ),
  rules: z
    .array(z.enum(['secrets', 'personal_data', 'judge_manipulation']))
    .default(['secrets', 'personal_data', 'judge_manipulation'])
    .describe('Rules whose hits are findings. Secrets are redacted whether or not they are listed.'),
  model: judgeModel.optional().describe('The model. Without it rules alone judge.'),
  small_model: judgeModel
    .optional()
    .describe(
      'A cheaper model that is asked first. The model is asked when this one is unsure, failed or found something grave.',
    ),
  cache: z
    .strictObject({
      entries: z.int().min(0).default(10_000).describe('Verdicts of the model kept for equal input; 0 keeps none.'),
      ttl: duration('1h').describe('How long each is kept.'),
      scope: z
        .enum(['client', 'all_clients_dangerous'])
        .default('client')
        .describe(
          'Who may be answered by an earlier verdict: the same client, or any. The latter tells one client, by the time it waits, what another asked.',
        ),
    })
    .prefault({}),
  budget: z
    .strictObject({
      day: spending.describe('For this judge, a day (UTC).'),
      month: spending.describe('For this judge, a calendar month (UTC).'),
      client_day: spending.describe('For each client of this judge, a day (UTC).'),
      client_month: spending.describe('For each client of this judge, a calendar month (UTC).'),
    })
    .prefault({})
    .describe('What judging may cost. When it is spent, rules alone judge, and coverage says so.'),
  shadow: z
    .strictObject({
      judge: z.string().min(1).describe('Name of the judge that judges again. It decides nothing.'),
      sampling: z.number().min(0).max(1).default(1).describe('Share of the verdicts that it is asked about.'),
    })
    .optional()
    .describe(
      'A second judge on what this one has judged, to compare them before one replaces the other. Its verdicts stand apart.',
    ),
});

const ledger = z
  .strictObject({
    url: z.string().default('sqlite:data/ledger.db').describe('`sqlite:PATH`.'),
    durability: z
      .enum(['process', 'disk'])
      .default('process')
      .describe('What a committed record survives: `process` kill -9, `disk` a power cut too.'),
    checkpoints: z
      .strictObject({
        records: z.int().min(1).default(1_000).describe('A checkpoint is made after so many records.'),
        interval: duration('1m').describe('And so long after the first record that no checkpoint covers.'),
        file: file
          .optional()
          .describe(
            'File that they are appended to. Unless set beside the ledger: `data/ledger.db.checkpoints.jsonl`.',
          ),
        key: file
          .optional()
          .describe(
            'Ed25519 private key that signs them, PEM, made at the first start. Unless set beside the ledger: `data/ledger.db.checkpoints.key`.',
          ),
        copies: z
          .array(file)
          .default([])
          .describe('More files that each is appended to, e.g. on a write-once mount. The log carries each, too.'),
      })
      .prefault({})
      .describe('Signed statements of how long the ledger was and what its last hash was.'),
    retention: z
      .strictObject({
        sealed: optionalDuration().describe('Sealed originals are erased so long after the exchange began.'),
        text: optionalDuration().describe(
          'So are all words: what the judge saw, quotes, explanations, previews, notes; and sealed originals with them.',
        ),
        metadata: optionalDuration().describe(
          'So are the records themselves: who asked whom, when, and what the verdict was. Their places in the chain stay.',
        ),
      })
      .prefault({})
      .describe('How long what is kept. For ever unless set. Erasures are records of the ledger; docs/ledger.md.'),
  })
  .prefault({});

const review = z
  .strictObject({
    control_rate: z
      .number()
      .min(0)
      .max(1)
      .default(0.01)
      .describe(
        'Share of all exchanges, drawn at random whatever their verdict, that reviewers are asked to label: what the recall of the judge is computed from.',
      ),
    opinions: z
      .int()
      .min(1)
      .max(9)
      .default(1)
      .describe(
        'Reviewers by whom an exchange is labelled before it leaves the queues. Two or more tell how far people agree.',
      ),
  })
  .prefault({})
  .describe('Labels of people: docs/review.md.');

const log = z
  .strictObject({
    level: z
      .enum(['debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .describe('Lowest level that is written.'),
    format: z.enum(['json', 'pretty']).default('json').describe('One JSON object a line, or lines for people.'),
  })
  .prefault({});

const price = z.strictObject({
  input: z.number().min(0).describe('US dollars per million input tokens.'),
  cached_input: z.number().min(0).optional().describe("The same for input read from the provider's cache."),
  output: z.number().min(0).describe('US dollars per million output tokens.'),
});

export const configSchema = z.strictObject({
  listen,
  console: consoleSettings,
  interception,
  upstream,
  routes: z.array(route).min(1).describe('First matching route wins; no match is refused.'),
  on_judge_failure: onJudgeFailure,
  judges: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/), judge)
    .default({})
    .describe('Judges by name.'),
  ledger,
  review,
  sinks: z.array(sink).default([]).describe('Where records go as they come, at least once each.'),
  redaction,
  sealing,
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
