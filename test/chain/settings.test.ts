/**
 * Contract: every key of the schema has an effect, and a test that saw it. The table names for each key the test that
 * runs the judge proxy, or the real part of it, with the key changed. A key that is added without a line fails here, and
 * so does a line whose test has gone. That each key has a reader at all, judge-proxy/config/effects.test.ts shows.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { leaves } from '../../judge-proxy/config/schema-tree.ts';
import { ROOT } from '../support/chain.ts';

const LISTEN = 'test/chain/settings-listen.test.ts';
const ADMIN = 'test/chain/settings-admin.test.ts';
const TIME = 'test/chain/settings-limits-time.test.ts';
const SIZE = 'test/chain/settings-limits-size.test.ts';
const JUDGE = 'test/chain/settings-judge.test.ts';
const RECORDS = 'test/chain/settings-records.test.ts';
const LEDGER = 'test/chain/settings-ledger.test.ts';
const MODES = 'test/chain/settings-modes.test.ts';
const FAILURE = 'test/chain/settings-failure.test.ts';
const BLOCK = 'test/chain/settings-block.test.ts';
const HELD = 'test/chain/settings-held.test.ts';
const COSTS = 'test/chain/settings-cost.test.ts';
const CASCADE = 'test/chain/settings-cascade.test.ts';
const BREAKER = 'test/chain/settings-breaker.test.ts';
const REDACTION = 'test/chain/settings-redaction.test.ts';
const OIDC = 'test/chain/settings-oidc.test.ts';
const SINKS = 'test/chain/settings-sinks.test.ts';
const POLICIES = 'test/chain/policies.test.ts';
const SHADOW = 'test/chain/shadow.test.ts';

type Proof = readonly [file: string, ...titles: readonly string[]];

const ADDRESSES: Proof = [LISTEN, 'each host is the address that is bound, each port the one that is listened on'];
const SERVER_PAIR: Proof = [
  LISTEN,
  'cert and key are the pair that is shown, and the key has to belong to the certificate',
];
const ADMIN_PAIR: Proof = [ADMIN, 'tls: HTTPS with that pair, taken up again when it is renewed'];
const ADMIN_PROXY: Proof = [
  ADMIN,
  'behind_trusted_proxy and public_origin: its name, its origin, its cookies, and the address that it forwards',
];
const SESSIONS: Proof = [ADMIN, 'session_idle and session_lifetime: when a session ends, whichever is first'];
const PROVIDER: Proof = [OIDC, 'issuer, client_id and client_secret: who is asked, as whom, and with which secret'];
const CLAIMS: Proof = [OIDC, 'user_claim, role_claim and roles: who it is, and what they may'];
const REACHED: Proof = [OIDC, 'ca_files and allow_addresses: whose certificate is believed, and where it may live'];
const SIGNING: Proof = [LISTEN, 'ca_cert and ca_key sign what clients see, and belong together'];
const COVERED: Proof = [LISTEN, 'hosts and ports say what a route covers; 443 alone unless others are given'];
const QUEUE: Proof = [
  SIZE,
  'judge_concurrency and judge_queue: one asks, one waits, and the third verdict says why there is none',
];
const OF_A_MODE: Proof = [
  FAILURE,
  'on_judge_failure: unset, what watches asks for a person and what holds stops',
  'on_judge_failure: %s of the mode holds for routes that say nothing',
];
const BUDGET: Proof = [COSTS, '%s: once it is spent rules alone judge, for every client'];
const CLIENT_BUDGET: Proof = [COSTS, '%s: once a client has spent it rules alone judge this client'];
const CHECKPOINT_PLACES: Proof = [
  LEDGER,
  'file, key and copies: where checkpoints go, and with which key they are signed',
];
const RETENTION: Proof = [
  'test/chain/settings-retention.test.ts',
  '%s: is erased so long after the exchange, and the chain holds',
];
const REVIEW = 'test/chain/settings-review.test.ts';
const PATTERNS: Proof = [REDACTION, 'patterns: what they match is taken out, under their name'];
const JSON_PATHS: Proof = [REDACTION, 'json_paths: what stands there is taken out everywhere, under their name'];
const SEALS: Proof = [REDACTION, 'seal and recipients: the original is kept for who has the key'];
const COST: Proof = [JUDGE, '%s: is what a million tokens cost'];

const PROVEN: Readonly<Record<string, readonly Proof[]>> = {
  'listen.proxy.host': [ADDRESSES],
  'listen.proxy.port': [ADDRESSES],
  'listen.proxy.cert': [SERVER_PAIR],
  'listen.proxy.key': [SERVER_PAIR],
  'listen.proxy.client_ca': [[LISTEN, 'client_ca decides whose certificates are accepted']],
  'listen.proxy.client_names': [[LISTEN, 'client_names decides which of them may speak, on both protocols']],
  'listen.plain.host': [ADDRESSES],
  'listen.plain.port': [ADDRESSES],
  'listen.admin.host': [ADDRESSES],
  'listen.admin.port': [ADDRESSES],
  'listen.admin.names': [[ADMIN, 'names: hosts that are answered beside those of loopback']],
  'listen.admin.tls.cert': [ADMIN_PAIR],
  'listen.admin.tls.key': [ADMIN_PAIR],
  'listen.admin.behind_trusted_proxy': [ADMIN_PROXY],
  'listen.admin.public_origin': [ADMIN_PROXY],
  'listen.admin.open_metrics': [[ADMIN, 'open_metrics: without a token, or nobody']],
  'console.session_idle': [SESSIONS],
  'console.session_lifetime': [SESSIONS],
  'console.oidc.issuer': [PROVIDER],
  'console.oidc.client_id': [PROVIDER],
  'console.oidc.client_secret': [PROVIDER],
  'console.oidc.name': [[OIDC, 'name: what the button says']],
  'console.oidc.scopes': [[OIDC, 'scopes: what the provider is asked for']],
  'console.oidc.user_claim': [CLAIMS],
  'console.oidc.role_claim': [CLAIMS],
  'console.oidc.roles': [CLAIMS],
  'console.oidc.ca_files': [REACHED],
  'console.oidc.allow_addresses': [REACHED],
  'interception.ca_cert': [SIGNING],
  'interception.ca_key': [SIGNING],
  'upstream.ca_files': [[LISTEN, 'ca_files are trusted for origins, and nobody else is']],
  'upstream.connect_to': [[LISTEN, 'connect_to leads a name to the address that it gives']],
  'upstream.allow_addresses': [[LISTEN, 'allow_addresses lets through what the guard refuses']],
  'routes[].name': [[LISTEN, 'name stands in verdicts and refusals']],
  'routes[].hosts': [COVERED],
  'routes[].ports': [COVERED],
  'routes[].action': [[LISTEN, 'action decides whose certificate the client sees, or that it sees none']],
  'routes[].judge': [[LISTEN, 'judge names who judges; without it exchanges are recorded only']],
  'routes[].mode': [
    [LISTEN, 'mode is one of those that are there, and stands in the verdict'],
    [MODES, 'mode: in hold nothing arrives before the verdict, in observe nothing waits for it'],
  ],
  'routes[].hold_request': [[MODES, 'hold_request: the origin does not see what the judge stops']],
  'routes[].window.release': [[MODES, 'window.release: cleared waits for the model, eager for the rules alone']],
  'routes[].window.tokens': [[MODES, 'window.tokens: a window for the model has so many']],
  'routes[].window.rules_tokens': [
    [MODES, 'window.rules_tokens: so many are read, and with eager delivered, together'],
  ],
  'routes[].window.overlap_tokens': [[MODES, 'window.overlap_tokens: so much of the text before is seen again']],
  'routes[].keep_alive': [
    [MODES, 'keep_alive: comments go out while a stream waits (%s)', 'none goes out unless it is set'],
  ],
  'routes[].block.status': [[BLOCK, 'block.status: is the one of the answer']],
  'routes[].block.message': [[BLOCK, 'block.message: is what the client reads']],
  'routes[].block.style': [[BLOCK, 'block.style: finish is a well-formed answer that ended by content filter']],
  'routes[].block.headers': [[BLOCK, 'block.headers: without them none of ours is there']],
  'routes[].block.reveal': [[BLOCK, 'block.reveal: nothing, the ids of what was violated, or its evidence too']],
  'routes[].sampling': [
    [COSTS, 'sampling: so many exchanges the model is asked about, and always about one that a rule hits'],
  ],
  'routes[].recording': [[REDACTION, 'recording: how much of the text is kept']],
  'routes[].seal': [SEALS],
  'redaction.patterns[].name': [PATTERNS],
  'redaction.patterns[].pattern': [PATTERNS],
  'redaction.json_paths[].name': [JSON_PATHS],
  'redaction.json_paths[].path': [JSON_PATHS],
  'redaction.headers': [[REDACTION, 'headers: their values are taken out, and those of credentials always']],
  'sealing.recipients': [SEALS],
  'routes[].on_judge_failure': [
    [JUDGE, 'on_judge_failure: says what the verdict says when the judge failed'],
    [FAILURE, 'on_judge_failure: %s of the route holds against all else'],
  ],
  'on_judge_failure.observe': [OF_A_MODE],
  'on_judge_failure.window': [OF_A_MODE],
  'on_judge_failure.hold': [OF_A_MODE],
  'judges.*.rubric': [[JUDGE, 'rubric: its criteria are asked, and its hash stands in the verdict']],
  'judges.*.policy': [[POLICIES, 'ends, names the version and the way out; the way out works, and is in the chain']],
  'judges.*.shadow.judge': [[SHADOW, 'judge: is asked about what the first has judged, and about nothing else']],
  'judges.*.shadow.sampling': [[SHADOW, 'sampling: about that share of the verdicts']],
  'judges.*.rules': [[JUDGE, 'rules: those that are listed give hits; what is not listed does not']],
  'judges.*.model.base_url': [[JUDGE, 'base_url: is asked there']],
  'judges.*.model.api_key': [[JUDGE, 'api_key: is shown to it, and without one nobody is asked']],
  'judges.*.model.name': [[JUDGE, 'name: is asked for']],
  'judges.*.model.timeout': [[JUDGE, 'timeout: is not waited for any longer']],
  'judges.*.model.ca_files': [[JUDGE, 'ca_files: are trusted for it, and nobody else is']],
  'judges.*.model.allow_addresses': [[JUDGE, 'allow_addresses: an address that is not public has to be listed']],
  'judges.*.small_model.base_url': [[CASCADE, 'small_model.base_url: is asked there']],
  'judges.*.small_model.api_key': [
    [CASCADE, 'small_model.api_key: is shown to it, and without one only the model is asked'],
  ],
  'judges.*.small_model.name': [[CASCADE, 'small_model.name: is asked for']],
  'judges.*.small_model.timeout': [
    [CASCADE, 'small_model.timeout: is not waited for any longer, and the model answers'],
  ],
  'judges.*.small_model.ca_files': [[CASCADE, 'small_model.ca_files: are trusted for it, and nobody else is']],
  'judges.*.small_model.allow_addresses': [
    [CASCADE, 'small_model.allow_addresses: an address that is not public has to be listed'],
  ],
  'judges.*.cache.entries': [
    [
      COSTS,
      'entries: an equal exchange is not asked about again, unless none are kept',
      'entries: the one used longest ago goes first',
    ],
  ],
  'judges.*.cache.ttl': [[COSTS, 'ttl: what is older is asked about again']],
  'judges.*.cache.scope': [[COSTS, 'scope: nobody is answered by what another client asked, unless that is wanted']],
  'judges.*.budget.day.tokens': [BUDGET],
  'judges.*.budget.day.usd': [BUDGET],
  'judges.*.budget.month.tokens': [BUDGET],
  'judges.*.budget.month.usd': [BUDGET],
  'judges.*.budget.client_day.tokens': [CLIENT_BUDGET],
  'judges.*.budget.client_day.usd': [CLIENT_BUDGET],
  'judges.*.budget.client_month.tokens': [CLIENT_BUDGET],
  'judges.*.budget.client_month.usd': [CLIENT_BUDGET],
  'ledger.url': [[RECORDS, 'url: is the file that holds the records']],
  'ledger.durability': [
    [RECORDS, 'durability: with disk every commit is synced to it, with process none is'],
    // Where strace does not run:
    ['judge-proxy/ledger/failures.test.ts', '%s is synchronous = %i in WAL mode'],
  ],
  'ledger.checkpoints.records': [[LEDGER, 'records: one is made after so many, without waiting for the end']],
  'ledger.checkpoints.interval': [[LEDGER, 'interval: one is made so long after a record']],
  'ledger.checkpoints.file': [CHECKPOINT_PLACES],
  'ledger.checkpoints.key': [CHECKPOINT_PLACES],
  'ledger.checkpoints.copies': [CHECKPOINT_PLACES],
  'ledger.retention.sealed': [RETENTION],
  'ledger.retention.text': [RETENTION],
  'ledger.retention.metadata': [RETENTION],
  'sinks[].name': [[SINKS, 'name: its place in the ledger, and its number in the metrics']],
  'sinks[].type': [[SINKS, 'type and url: who is asked, and how']],
  'sinks[].url': [[SINKS, 'type and url: who is asked, and how']],
  'sinks[].secret': [[SINKS, 'secret and headers: what the receiver knows us by']],
  'sinks[].headers': [[SINKS, 'secret and headers: what the receiver knows us by']],
  'sinks[].events': [[SINKS, 'events, routes, labels and min_severity: what is sent']],
  'sinks[].routes': [[SINKS, 'events, routes, labels and min_severity: what is sent']],
  'sinks[].labels': [[SINKS, 'events, routes, labels and min_severity: what is sent']],
  'sinks[].min_severity': [[SINKS, 'events, routes, labels and min_severity: what is sent']],
  'sinks[].format': [[SINKS, 'format: findings in place of records']],
  'sinks[].batch': [[SINKS, 'batch and digest: how many go together, and how long they are collected']],
  'sinks[].digest': [[SINKS, 'batch and digest: how many go together, and how long they are collected']],
  'sinks[].rate': [[SINKS, 'rate: the second request waits']],
  'sinks[].timeout': [[SINKS, 'timeout: who does not answer in time is asked again']],
  'sinks[].bound': [[SINKS, 'bound: so many wait, the rest stays in the ledger']],
  'sinks[].ca_files': [[SINKS, 'ca_files and allow_addresses: whom it trusts, and where it may live']],
  'sinks[].allow_addresses': [[SINKS, 'ca_files and allow_addresses: whom it trusts, and where it may live']],
  'review.control_rate': [[REVIEW, 'control_rate: of all exchanges this share is in the control sample']],
  'review.opinions': [[REVIEW, 'opinions: an exchange leaves the queue when so many have labelled it']],
  'log.level': [[RECORDS, 'level: lines below it are not written']],
  'log.format': [[RECORDS, 'format: lines for people are no JSON']],
  'limits.header_block': [
    [
      SIZE,
      'header_block: of a request on a listener',
      'header_block: of a request in a tunnel',
      'header_block: of the answer of an origin',
    ],
    [
      'judge-proxy/ingress/door-limits.test.ts',
      'above limits.header_block are refused on HTTP/2 too, and the connection goes on',
    ],
  ],
  'limits.headers': [[TIME, 'headers: a head that does not come to its end %s']],
  'limits.tunnel_idle': [[TIME, 'tunnel_idle: a tunnel in which nobody says anything']],
  'limits.tls_handshake': [
    [
      TIME,
      'tls_handshake: a client that begins none, on the mTLS listener',
      'tls_handshake: a client that breaks off in the middle of it, in its tunnel',
      'tls_handshake: one that accepts and then says nothing',
    ],
  ],
  'limits.first_byte': [[TIME, 'first_byte: a client that says nothing in its tunnel']],
  'limits.dns': [[TIME, 'dns: a name server that does not answer']],
  'limits.connect': [[TIME, 'connect: one that does not accept']],
  'limits.origin_headers': [[TIME, 'origin_headers: one that does not answer']],
  'limits.origin_idle': [[TIME, 'origin_idle: one that falls silent in the middle']],
  'limits.keep_alive': [
    [TIME, 'keep_alive: a connection that is idle %s'],
    [
      'judge-proxy/ingress/door-http2.test.ts',
      'without a stream is closed after limits.keep_alive, and one with a tunnel is not',
    ],
  ],
  'limits.tunnels': [[SIZE, 'tunnels: one too many is refused']],
  'limits.exchanges': [[SIZE, 'exchanges: one too many is refused']],
  'limits.connections_per_origin': [
    [SIZE, 'connections_per_origin: a request more than there are connections waits for one'],
  ],
  'limits.pools': [[SIZE, 'pools: connections of the origin that was used longest ago are given up']],
  'limits.leaf_certificates': [[SIZE, 'leaf_certificates: one that had to go is made anew']],
  'limits.request_copy': [[SIZE, 'request_copy: what is longer is judged in part, and delivered whole']],
  'limits.response_copy': [[SIZE, 'response_copy: what is longer is judged in part, and delivered whole']],
  'limits.copies': [[SIZE, 'copies: all copies together have room for so much, and what has none is not judged']],
  'limits.decoded_copy': [[SIZE, 'decoded_copy: decoding stops there']],
  'limits.decode_time': [[SIZE, 'decode_time: decoding stops after it']],
  'limits.judge_queue': [QUEUE],
  'limits.judge_concurrency': [QUEUE],
  'limits.judge_connect': [[BREAKER, 'judge_connect: an endpoint that does not accept is given up after it']],
  'limits.judge_breaker_failures': [
    [BREAKER, 'judge_breaker_failures: so many in a row open it, for this endpoint alone'],
  ],
  'limits.judge_breaker_open': [[BREAKER, 'judge_breaker_open: after it one call tries']],
  'limits.judge_breaker_successes': [
    [BREAKER, 'judge_breaker_successes: after %i of them calls go side by side again'],
  ],
  'limits.held_copy': [
    [
      HELD,
      'held_copy: of an answer that is longer not all is held: it is stopped, or passes unjudged',
      'held_copy: a request that is longer is not sent',
    ],
  ],
  'limits.held': [[HELD, 'held: all together have room for so much']],
  'limits.websocket_message': [
    ['test/chain/settings-websocket.test.ts', 'websocket_message: of a longer message so much is judged'],
  ],
  'limits.drain': [
    [
      'test/chain/lifecycle.test.ts',
      'lets an open stream end',
      'cuts what is open at the deadline, says so, and keeps the record',
    ],
  ],
  'prices.*.input': [COST],
  'prices.*.cached_input': [COST],
  'prices.*.output': [COST],
};

test('every key of the schema has a test that saw its effect, and every line a key', () => {
  expect(
    leaves()
      .map((leaf) => leaf.path)
      .toSorted(),
  ).toEqual(Object.keys(PROVEN).toSorted());
});

describe('the tests of a key are there', () => {
  it.each(Object.entries(PROVEN))('%s', (_key, proofs) => {
    expect(proofs.length).toBeGreaterThan(0);
    for (const [file, ...titles] of proofs) {
      const source = readFileSync(join(ROOT, file), 'utf8');
      expect(titles.length).toBeGreaterThan(0);
      for (const title of titles) expect(called(source).has(title), `${file} has no test '${title}'`).toBe(true);
    }
  });

  it('a title counts as the first argument of a call, not in a comment or a text', () => {
    const source = `it('yes', () => {}); it.each([1])('too', () => {}); // it is 'not'\nconst x = 'nor this';`;
    expect([...called(source)]).toEqual(['yes', 'too']);
  });
});

/** Texts that are the first of several arguments of a call. */
function called(source: string): Set<string> {
  return new Set([...source.matchAll(/\(\s*'((?:[^'\\\n]|\\.)*)',/g)].map((match) => match[1] ?? ''));
}
