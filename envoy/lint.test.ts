/**
 * The shipped configuration is clean on both hops, and Envoy itself accepts it. Every rule of the lint is seen failing on
 * a copy with one thing changed; most of these copies Envoy accepts.
 */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Document, parse, parseDocument } from 'yaml';
import { findEnvoy } from './find.ts';
import { prepareFiles } from './launch.ts';
import { type Linted, lint, RULES, readForLint } from './lint.ts';
import { readConfig, useHttp1Hop } from './patch.ts';

const SHIPPED = join(import.meta.dirname, 'envoy.yaml');
const run = promisify(execFile);

type Keys = readonly (string | number)[];
const LISTENER: Keys = ['static_resources', 'listeners', 0];
const HCM: Keys = [...LISTENER, 'filter_chains', 0, 'filters', 0, 'typed_config'];
const ROUTES: Keys = [...HCM, 'route_config'];
const CONNECT: Keys = [...ROUTES, 'virtual_hosts', 1, 'routes', 0];
const CLUSTER: Keys = ['static_resources', 'clusters', 0];
const OPTIONS: Keys = [
  ...CLUSTER,
  'typed_extension_protocol_options',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
];
const H2: Keys = [...OPTIONS, 'explicit_http_config', 'http2_protocol_options'];
const TLS: Keys = [...CLUSTER, 'transport_socket', 'typed_config'];
const COMMON: Keys = [...TLS, 'common_tls_context'];
const VALIDATION: Keys = [...COMMON, 'combined_validation_context'];
const FORMAT: Keys = [...HCM, 'access_log', 0, 'typed_config', 'log_format', 'json_format'];
const EARLY: Keys = [...HCM, 'early_header_mutation_extensions', 0, 'typed_config', 'mutations'];

/** One change of the shipped file, and the rule that must find it. `undefined` deletes. */
const CHANGES: readonly (readonly [rule: string, path: Keys, value: unknown])[] = [
  ['admin-loopback', ['admin', 'address', 'socket_address', 'address'], '0.0.0.0'],
  ['admin-paths', ['admin', 'allow_paths'], undefined],
  ['admin-paths', ['admin', 'allow_paths', 0], { prefix: '/' }],
  ['admin-paths', ['admin', 'allow_paths', 0], { exact: '/config_dump' }],
  ['manager-present', [...LISTENER, 'filter_chains'], undefined],
  ['http1-only', [...HCM, 'codec_type'], 'AUTO'],
  ['http10-connect', [...HCM, 'http_protocol_options', 'accept_http_10'], undefined],
  ['client-is-peer', [...HCM, 'use_remote_address'], undefined],
  ['client-is-peer', [...HCM, 'xff_num_trusted_hops'], 1],
  ['client-is-peer', [...HCM, 'preserve_external_request_id'], true],
  ['forged-headers', [...EARLY, 0], undefined],
  ['forged-headers', [...EARLY, 8], { remove_on_match: { key_matcher: { prefix: 'x-judge-' } } }],
  ['client-address', [...ROUTES, 'request_headers_to_remove'], ['x-forwarded-proto']],
  ['client-address', [...ROUTES, 'request_headers_to_add', 0, 'append_action'], undefined],
  ['client-address', [...ROUTES, 'request_headers_to_add', 0, 'header', 'value'], '%REQ(X-FORWARDED-FOR)%'],
  ['target-untouched', [...HCM, 'strip_matching_host_port'], true],
  ['target-untouched', [...HCM, 'merge_slashes'], true],
  ['target-untouched', [...CONNECT, 'route', 'auto_host_rewrite'], true],
  ['no-cut-at-the-edge', [...HCM, 'request_timeout'], '60s'],
  ['no-cut-at-the-edge', [...HCM, 'delayed_close_timeout'], '0.1s'],
  ['no-cut-at-the-edge', [...HCM, 'common_http_protocol_options', 'max_stream_duration'], '600s'],
  ['no-cut-at-the-edge', [...HCM, 'common_http_protocol_options', 'max_connection_duration'], '600s'],
  ['access-log', [...HCM, 'access_log'], undefined],
  ['access-log', [...FORMAT, 'tag'], 'other'],
  ['log-without-secrets', [...FORMAT, 'auth'], '%REQ(Proxy-Authorization)%'],
  ['log-without-secrets', [...FORMAT, 'path'], '%REQ(:PATH)%'],
  ['local-replies', [...HCM, 'local_reply_config', 'mappers', 0, 'headers_to_add'], undefined],
  [
    'local-replies',
    [...HCM, 'local_reply_config', 'mappers', 0, 'body_format_override', 'json_format', 'why'],
    '%RESPONSE_CODE_DETAILS%',
  ],
  ['connect-passed-on', [...CONNECT, 'route', 'upgrade_configs', 0, 'connect_config'], {}],
  ['connect-first', CONNECT, undefined],
  ['connect-first', [...ROUTES, 'virtual_hosts', 0, 'routes', 1], undefined],
  ['connect-allowed', [...CONNECT, 'route', 'upgrade_configs'], undefined],
  ['no-cut-on-routes', [...CONNECT, 'route', 'timeout'], undefined],
  ['no-cut-on-routes', [...CONNECT, 'route', 'idle_timeout'], '300s'],
  ['no-cut-on-routes', [...ROUTES, 'virtual_hosts', 1, 'routes', 1, 'route', 'idle_timeout'], undefined],
  ['no-cut-on-routes', [...ROUTES, 'virtual_hosts', 1, 'retry_policy', 'per_try_idle_timeout'], '60s'],
  ['safe-retries', [...ROUTES, 'virtual_hosts', 1, 'retry_policy', 'retry_on'], 'connect-failure,gateway-error'],
  ['own-names', [...ROUTES, 'virtual_hosts', 0, 'domains', 2], undefined],
  ['own-names', [...LISTENER, 'address', 'socket_address', 'port_value'], 3128],
  [
    'own-names',
    [...ROUTES, 'virtual_hosts', 0, 'routes', 2],
    { match: { prefix: '/' }, route: { cluster: 'llm-as-judge-proxy' } },
  ],
  ['cluster-present', ['static_resources', 'clusters'], []],
  ['upstream-tls', [...CLUSTER, 'transport_socket'], undefined],
  ['upstream-ca', [...VALIDATION, 'validation_context_sds_secret_config'], undefined],
  ['upstream-name', [...VALIDATION, 'default_validation_context'], undefined],
  [
    'upstream-name',
    [...VALIDATION, 'default_validation_context', 'match_typed_subject_alt_names', 0, 'matcher'],
    { suffix: 'proxy' },
  ],
  ['no-trust-override', [...VALIDATION, 'default_validation_context', 'trust_chain_verification'], 'ACCEPT_UNTRUSTED'],
  ['no-trust-override', [...VALIDATION, 'default_validation_context', 'allow_expired_certificate'], true],
  ['client-certificate', [...COMMON, 'tls_certificate_sds_secret_configs'], undefined],
  [
    'certificates-reread',
    [...COMMON, 'tls_certificates'],
    [{ certificate_chain: { filename: 'c' }, private_key: { filename: 'k' } }],
  ],
  ['sni', [...TLS, 'sni'], undefined],
  ['sni', [...OPTIONS, 'upstream_http_protocol_options'], { auto_sni: true }],
  ['tls13', [...COMMON, 'tls_params'], undefined],
  ['tls13', [...COMMON, 'tls_params', 'tls_minimum_protocol_version'], 'TLSv1_2'],
  ['connect-timeout', [...CLUSTER, 'connect_timeout'], undefined],
  ['breakers', [...CLUSTER, 'circuit_breakers'], undefined],
  ['breakers', [...CLUSTER, 'circuit_breakers', 'thresholds', 0, 'max_connections'], 8000],
  ['no-ejection', [...CLUSTER, 'outlier_detection'], {}],
  ['health-by-tcp', [...CLUSTER, 'health_checks', 0, 'tcp_health_check'], undefined],
  ['pool-idle', [...OPTIONS, 'common_http_protocol_options', 'idle_timeout'], undefined],
  ['no-cut-on-the-hop', [...OPTIONS, 'common_http_protocol_options', 'max_stream_duration'], '60s'],
  ['hop', [...H2, 'initial_stream_window_size'], 1_048_576],
  ['hop', [...H2, 'connection_keepalive'], undefined],
  ['hop', [...OPTIONS, 'explicit_http_config'], { http_protocol_options: {} }],
];

describe('lint', () => {
  let text: string;
  let shipped: Linted;
  beforeAll(async () => {
    text = await readFile(SHIPPED, 'utf8');
    shipped = await readForLint(SHIPPED);
  });

  function changed(change: (document: Document) => void): Linted {
    const document = parseDocument(text);
    change(document);
    return { config: document.toJS(), secrets: shipped.secrets };
  }

  test('finds nothing in the shipped configuration, with either hop', () => {
    expect(lint(shipped)).toEqual([]);
    expect(lint(changed(useHttp1Hop))).toEqual([]);
  });

  test.each(CHANGES)('%s finds %j = %j', (rule, path, value) => {
    const linted = changed((document) => {
      if (value === undefined) expect(document.deleteIn(path), 'nothing to delete').toBe(true);
      else document.setIn(path, document.createNode(value));
    });
    expect(lint(linted).map((finding) => finding.rule)).toContain(rule);
  });

  test.each([
    ['upstream-ca', 'chain_ca', (secret: string) => secret.replace('trusted_ca', 'crl')],
    ['client-certificate', 'envoy_client', (secret: string) => secret.replace('private_key', 'password')],
    ['certificates-reread', 'envoy_client', (secret: string) => secret.replace('watched_directory', 'ocsp_staple')],
  ])('%s looks into the SDS file of %s', (rule, name, change) => {
    const secret = JSON.parse(change(JSON.stringify(shipped.secrets.get(name)))) as unknown;
    const secrets = new Map(shipped.secrets).set(name, secret);
    expect(lint({ config: shipped.config, secrets }).map((finding) => finding.rule)).toContain(rule);
  });

  test('every rule is seen failing above', () => {
    const seen = new Set(CHANGES.map(([rule]) => rule));
    expect(RULES.map((rule) => rule.name).filter((name) => !seen.has(name))).toEqual([]);
  });

  test('a finding says what and why', () => {
    const [finding] = lint(changed((document) => document.deleteIn([...COMMON, 'tls_params'])));
    expect(finding).toMatchObject({
      rule: 'tls13',
      what: expect.stringContaining('llm-as-judge-proxy'),
      why: expect.stringContaining('1.2'),
    });
  });
});

test('the HTTP/1.1 block in the comments is the one that the launcher puts in', async () => {
  const document = await readConfig(SHIPPED);
  useHttp1Hop(document);
  const lines = (await readFile(SHIPPED, 'utf8')).split('\n');
  const from = lines.findIndex((line) => line.trim() === 'http2_protocol_options:');
  const to = lines.findIndex((line) => line.trim().startsWith('# HTTP/1.1'));
  // By hand: delete the one block, take the # from the other.
  const byHand = lines
    .toSpliced(from, to - from)
    .map((line) => line.replace(/^( *)#(?=http_protocol_options| {2}\S)/, '$1'));
  expect(from).toBeGreaterThan(0);
  expect(parse(byHand.join('\n'))).toEqual(document.toJS());
});

describe('envoy --mode validate', () => {
  let work: string;
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'judge-validate-'));
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  test.each(['h2', 'h1'] as const)('accepts the shipped configuration with hop %s', async (hop) => {
    const { path } = await findEnvoy();
    const at = {
      listen: { host: '127.0.0.1', port: 8080 },
      adminPort: 9901,
      judge: { host: 'llm-as-judge-proxy', port: 8888 },
    };
    const args = await prepareFiles({ ...at, certDir: work, hop, workDir: work });
    const { stdout, stderr } = await run(path, ['--mode', 'validate', ...args]);
    expect(stdout + stderr).toContain('OK');
    expect(stderr).not.toMatch(/deprecated/i);
  });
});
