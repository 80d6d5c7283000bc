/**
 * Contract: no key is declared and does nothing. Every key of the schema stands below with the file in which its value
 * is put to use and the words by which that file reads it; the file's syntax tree has to bear it out. A new key without a
 * line here fails, and so does a line whose reader has gone. What the effect is, the tests of that folder show.
 */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { endsWith, propertyReads } from './property-reads.fixture.ts';
import { leaves } from './schema-tree.ts';

const ROOT = resolve(import.meta.dirname, '..');

const READERS: Readonly<Record<string, readonly [file: string, words: string]>> = {
  'listen.proxy.host': ['ingress/listeners.ts', 'host'],
  'listen.proxy.port': ['ingress/listeners.ts', 'port'],
  'listen.proxy.cert': ['ingress/certificates.ts', 'files.cert'],
  'listen.proxy.key': ['ingress/certificates.ts', 'key'],
  'listen.proxy.client_ca': ['ingress/certificates.ts', 'client_ca'],
  'listen.proxy.client_names': ['ingress/listeners.ts', 'config.client_names'],
  'listen.plain.host': ['ingress/listeners.ts', 'host'],
  'listen.plain.port': ['ingress/listeners.ts', 'port'],
  'listen.admin.host': ['admin/server.ts', 'host'],
  'listen.admin.port': ['admin/server.ts', 'port'],
  'listen.admin.names': ['admin/http/own-names.ts', 'names'],
  'listen.admin.tls.cert': ['admin/http/tls.ts', 'cert'],
  'listen.admin.tls.key': ['admin/http/tls.ts', 'key'],
  'listen.admin.behind_trusted_proxy': ['admin/http/app.ts', 'behind_trusted_proxy'],
  'listen.admin.public_origin': ['admin/http/own-names.ts', 'public_origin'],
  'listen.admin.open_metrics': ['admin/http/probe-routes.ts', 'open_metrics'],
  'console.session_idle': ['admin/auth/authenticate.ts', 'session_idle'],
  'console.session_lifetime': ['admin/accounts/sessions.ts', 'session_lifetime'],
  'interception.ca_cert': ['main-certificates.ts', 'ca_cert'],
  'interception.ca_key': ['main-certificates.ts', 'ca_key'],
  'upstream.ca_files': ['main-traffic.ts', 'upstream.ca_files'],
  'upstream.connect_to': ['upstream/create-upstream.ts', 'config.connect_to'],
  'upstream.allow_addresses': ['main-traffic.ts', 'upstream.allow_addresses'],
  'routes[].name': ['enforcement/exchange-records.ts', 'route.name'],
  'routes[].hosts': ['policy/routes.ts', 'hosts'],
  'routes[].ports': ['policy/routes.ts', 'ports'],
  'routes[].action': ['policy/routes.ts', 'route.action'],
  'routes[].judge': ['enforcement/exchange-records.ts', 'route.judge'],
  'routes[].mode': ['enforcement/exchange-records.ts', 'route.mode'],
  'routes[].hold_request': ['enforcement/enforce.ts', 'hold_request'],
  'routes[].window.release': ['enforcement/window.ts', 'settings.release'],
  'routes[].window.tokens': ['enforcement/window.ts', 'settings.tokens'],
  'routes[].window.rules_tokens': ['enforcement/window.ts', 'rules_tokens'],
  'routes[].window.overlap_tokens': ['enforcement/window.ts', 'overlap_tokens'],
  'routes[].keep_alive': ['enforcement/open-gate.ts', 'keep_alive'],
  'routes[].block.status': ['enforcement/block-order.ts', 'status'],
  'routes[].block.message': ['enforcement/block-order.ts', 'message'],
  'routes[].block.style': ['enforcement/block-order.ts', 'style'],
  'routes[].block.headers': ['enforcement/block-order.ts', 'headers'],
  'routes[].block.reveal': ['enforcement/block-order.ts', 'reveal'],
  'routes[].sampling': ['enforcement/inline-verdict.ts', 'sampling'],
  'routes[].on_judge_failure': ['policy/failure-policy.ts', 'on_judge_failure'],
  // By the mode of the route, and `hold` for a request that is held.
  'on_judge_failure.observe': ['policy/failure-policy.ts', 'mode'],
  'on_judge_failure.window': ['policy/failure-policy.ts', 'mode'],
  'on_judge_failure.hold': ['policy/failure-policy.ts', 'mode'],
  'judges.*.rubric': ['main-judges.ts', 'rubric'],
  'judges.*.rules': ['main-judges.ts', 'rules'],
  'judges.*.model.base_url': ['judge/model.ts', 'base_url'],
  'judges.*.model.api_key': ['judge/model.ts', 'api_key'],
  'judges.*.model.name': ['judge/model.ts', 'name'],
  'judges.*.model.timeout': ['judge/model.ts', 'timeout'],
  'judges.*.model.ca_files': ['main-judges.ts', 'ca_files'],
  'judges.*.model.allow_addresses': ['main-judges.ts', 'allow_addresses'],
  'judges.*.small_model.base_url': ['judge/model.ts', 'base_url'],
  'judges.*.small_model.api_key': ['judge/model.ts', 'api_key'],
  'judges.*.small_model.name': ['judge/model.ts', 'name'],
  'judges.*.small_model.timeout': ['judge/model.ts', 'timeout'],
  'judges.*.small_model.ca_files': ['main-judges.ts', 'ca_files'],
  'judges.*.small_model.allow_addresses': ['main-judges.ts', 'allow_addresses'],
  'judges.*.cache.entries': ['judge/verdict-cache.ts', 'limits.entries'],
  'judges.*.cache.ttl': ['judge/verdict-cache.ts', 'limits.ttl'],
  'judges.*.cache.scope': ['judge/recall.ts', 'cache.scope'],
  'judges.*.budget.day.tokens': ['judge/budget.ts', 'tokens'],
  'judges.*.budget.day.usd': ['judge/budget.ts', 'usd'],
  'judges.*.budget.month.tokens': ['judge/budget.ts', 'tokens'],
  'judges.*.budget.month.usd': ['judge/budget.ts', 'usd'],
  'judges.*.budget.client_day.tokens': ['judge/budget.ts', 'tokens'],
  'judges.*.budget.client_day.usd': ['judge/budget.ts', 'usd'],
  'judges.*.budget.client_month.tokens': ['judge/budget.ts', 'tokens'],
  'judges.*.budget.client_month.usd': ['judge/budget.ts', 'usd'],
  'ledger.url': ['main.ts', 'ledger.url'],
  'ledger.durability': ['main.ts', 'ledger.durability'],
  'ledger.checkpoints.records': ['ledger/checkpoints.ts', 'records'],
  'ledger.checkpoints.interval': ['ledger/checkpoints.ts', 'interval'],
  'ledger.checkpoints.file': ['ledger/checkpoint-file.ts', 'file'],
  'ledger.checkpoints.key': ['ledger/checkpoint-file.ts', 'key'],
  'ledger.checkpoints.copies': ['ledger/checkpoints.ts', 'copies'],
  'log.level': ['main.ts', 'log.level'],
  'log.format': ['main.ts', 'log.format'],
  'limits.header_block': ['ingress/listeners.ts', 'limits.header_block'],
  'limits.headers': ['ingress/listeners.ts', 'headers'],
  'limits.tunnel_idle': ['ingress/tunnels.ts', 'limits.tunnel_idle'],
  'limits.tls_handshake': ['ingress/listeners.ts', 'limits.tls_handshake'],
  'limits.first_byte': ['intercept/intercept.ts', 'limits.first_byte'],
  'limits.dns': ['upstream/create-upstream.ts', 'limits.dns'],
  'limits.connect': ['upstream/create-upstream.ts', 'limits.connect'],
  'limits.origin_headers': ['upstream/pools.ts', 'limits.origin_headers'],
  'limits.origin_idle': ['forward/open-exchange.ts', 'origin_idle'],
  'limits.keep_alive': ['ingress/listeners.ts', 'keep_alive'],
  'limits.tunnels': ['ingress/tunnels.ts', 'limits.tunnels'],
  'limits.exchanges': ['forward/forward.ts', 'limits.exchanges'],
  'limits.connections_per_origin': ['upstream/pools.ts', 'limits.connections_per_origin'],
  'limits.pools': ['upstream/pools.ts', 'limits.pools'],
  'limits.leaf_certificates': ['intercept/intercept.ts', 'limits.leaf_certificates'],
  'limits.request_copy': ['forward/exchange-record.ts', 'request_copy'],
  'limits.response_copy': ['forward/exchange-record.ts', 'response_copy'],
  'limits.copies': ['main-traffic.ts', 'copies'],
  'limits.decoded_copy': ['judge/analyser.ts', 'limits.decoded_copy'],
  'limits.decode_time': ['judge/analyser.ts', 'limits.decode_time'],
  'limits.judge_queue': ['judge/worker.ts', 'limits.judge_queue'],
  'limits.judge_concurrency': ['judge/worker.ts', 'limits.judge_concurrency'],
  'limits.judge_connect': ['main-judges.ts', 'judge_connect'],
  'limits.judge_breaker_failures': ['judge/endpoints.ts', 'judge_breaker_failures'],
  'limits.judge_breaker_open': ['judge/endpoints.ts', 'judge_breaker_open'],
  'limits.judge_breaker_successes': ['judge/endpoints.ts', 'judge_breaker_successes'],
  'limits.held_copy': ['main-recorder.ts', 'limits.held_copy'],
  'limits.held': ['main-traffic.ts', 'held'],
  'limits.websocket_message': ['forward/websocket-responses.ts', 'limits.websocket_message'],
  'limits.drain': ['main-traffic.ts', 'drain'],
  'prices.*.input': ['judge/prices.ts', 'input'],
  'prices.*.cached_input': ['judge/prices.ts', 'cached_input'],
  'prices.*.output': ['judge/prices.ts', 'output'],
};

test('every key of the schema has a reader, and every reader a key', () => {
  expect(
    leaves()
      .map((leaf) => leaf.path)
      .toSorted(),
  ).toEqual(Object.keys(READERS).toSorted());
});

test.each(Object.entries(READERS))('%s is read', (_, [file, words]) => {
  const reads = propertyReads(file, readFileSync(resolve(ROOT, file), 'utf8'));
  expect(endsWith(reads, words), `${file} does not read ${words}`).toBe(true);
});

describe('reading the syntax tree', () => {
  test.each([
    ['config.limits.dns', true],
    ['this.#options.config.limits.dns', true],
    ['config?.limits?.dns', true],
    ['f(config).limits.dns', true],
    ['configs[0].limits.dns', true],
    ['const { dns } = config.limits', true],
    ['const { limits: { dns } } = config', true],
    ['const { dns: ms = 1 } = config.limits', true],
    ['function f({ limits: { dns } }) { return dns; }', true],
    ['// config.limits.dns', false],
    ['"config.limits.dns"', false],
    ['config.limits.dnsx', false],
    ['config.unlimits.dns', false],
    ['const config = { limits: { dns: 1 } }', false],
    ['let x: typeof config.limits.dns', false],
    ['config.limits; other.dns', false],
  ])('%s: %s', (source, expected) => {
    expect(endsWith(propertyReads('a.ts', source), 'limits.dns')).toBe(expected);
  });
});
