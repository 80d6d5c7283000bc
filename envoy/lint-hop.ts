/** Rules about the way to the judge proxy: identity on both sides, limits, and the settings that keep HTTP/2 safe. */

import type { Linted, LintRule } from './lint.ts';
import { at, everywhere, isTrue, list, seconds } from './tree.ts';

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
/** Envoy's own default for every limit of a circuit breaker. */
const BREAKER_DEFAULT = 1024;
/** limits.keep_alive of the judge proxy is 65 s. */
const POOL_IDLE_SECONDS = 60;
const CONNECT_SECONDS = 30;

function clusters(config: unknown): readonly unknown[] {
  return list(at(config, 'static_resources', 'clusters'));
}

function tlsOf(cluster: unknown): unknown {
  const typed = at(cluster, 'transport_socket', 'typed_config');
  return String(at(typed, '@type')).endsWith('.UpstreamTlsContext') ? typed : undefined;
}

/** One line for each cluster that is not good. */
function each(good: (cluster: unknown, linted: Linted) => boolean, what: string): LintRule['check'] {
  return (linted) =>
    clusters(linted.config)
      .filter((cluster) => !good(cluster, linted))
      .map((cluster) => `cluster ${at(cluster, 'name')}: ${what}`);
}

/** The validation contexts that apply: inline, and by SDS the ones of the file. */
function validation(
  cluster: unknown,
  secrets: ReadonlyMap<string, unknown>,
): { readonly ca: boolean; readonly names: readonly unknown[] } {
  const common = at(tlsOf(cluster), 'common_tls_context');
  const combined = at(common, 'combined_validation_context');
  const byName =
    at(combined, 'validation_context_sds_secret_config', 'name') ??
    at(common, 'validation_context_sds_secret_config', 'name');
  const secret = at(secrets.get(String(byName)), 'validation_context');
  const contexts = [at(common, 'validation_context'), at(combined, 'default_validation_context'), secret];
  return {
    ca: contexts.some((context) => hasSource(at(context, 'trusted_ca'))),
    names: contexts.flatMap((context) => list(at(context, 'match_typed_subject_alt_names'))),
  };
}

function hasSource(source: unknown): boolean {
  return ['filename', 'inline_bytes', 'inline_string'].some((kind) => at(source, kind) !== undefined);
}

function certificates(cluster: unknown, secrets: ReadonlyMap<string, unknown>): unknown[] {
  const common = at(tlsOf(cluster), 'common_tls_context');
  const bySds = list(at(common, 'tls_certificate_sds_secret_configs')).map((entry) =>
    secrets.get(String(at(entry, 'name'))),
  );
  return [...list(at(common, 'tls_certificates')), ...bySds.map((secret) => at(secret, 'tls_certificate'))];
}

export const HOP_RULES: readonly LintRule[] = [
  {
    name: 'cluster-present',
    why: 'the rules about the hop would have nothing to look at',
    check: ({ config }) => (clusters(config).length > 0 ? [] : ['no cluster']),
  },
  {
    name: 'upstream-tls',
    why: 'requests would go to the judge proxy in clear',
    check: each((cluster) => tlsOf(cluster) !== undefined, 'no UpstreamTlsContext'),
  },
  {
    name: 'upstream-ca',
    why: 'without a trusted CA Envoy verifies nothing and any certificate passes',
    check: each((cluster, { secrets }) => validation(cluster, secrets).ca, 'no trusted_ca'),
  },
  {
    name: 'upstream-name',
    why: 'without an exact name any certificate of the CA passes as the judge proxy, the client certificates too',
    check: each((cluster, { secrets }) => {
      const { names } = validation(cluster, secrets);
      const exact = (entry: unknown) =>
        at(entry, 'san_type') === 'DNS' && typeof at(entry, 'matcher', 'exact') === 'string';
      return names.length > 0 && names.every(exact);
    }, 'no exact DNS name in match_typed_subject_alt_names'),
  },
  {
    name: 'no-trust-override',
    why: 'each of these accepts certificates that did not verify',
    check: ({ config, secrets }) => {
      const all = [config, ...secrets.values()];
      const overrides = [
        ...all
          .flatMap((value) => everywhere(value, 'trust_chain_verification'))
          .filter((value) => value !== 'VERIFY_TRUST_CHAIN'),
        ...all.flatMap((value) => everywhere(value, 'allow_expired_certificate')).filter(isTrue),
      ];
      return overrides.map((value) => `a validation context accepts more: ${value}`);
    },
  },
  {
    name: 'client-certificate',
    why: 'the judge proxy refuses Envoy without one, with a bare 503 for every client',
    check: each((cluster, { secrets }) => {
      const found = certificates(cluster, secrets);
      return (
        found.length > 0 &&
        found.every((one) => hasSource(at(one, 'certificate_chain')) && hasSource(at(one, 'private_key')))
      );
    }, 'no client certificate'),
  },
  {
    name: 'certificates-reread',
    why: 'a file that is read once keeps an expired certificate until the restart',
    check: ({ config, secrets }) => [
      ...clusters(config)
        .filter((cluster) => list(at(tlsOf(cluster), 'common_tls_context', 'tls_certificates')).length > 0)
        .map(() => 'tls_certificates from files are read once: use SDS'),
      ...[...secrets]
        .filter(([, secret]) => everywhere(secret, 'watched_directory').length === 0)
        .map(([name]) => `secret ${name} has no watched_directory`),
    ],
  },
  {
    name: 'sni',
    why: 'auto_sni and auto_san_validation take the name from the CONNECT target, which the client chooses',
    check: ({ config }) => [
      ...clusters(config)
        .filter((cluster) => typeof at(tlsOf(cluster), 'sni') !== 'string')
        .map((cluster) => `cluster ${at(cluster, 'name')}: no sni`),
      ...['auto_sni', 'auto_san_validation', 'auto_host_sni', 'override_auto_sni_header'].flatMap((key) =>
        everywhere(config, key).map(() => `${key} is set`),
      ),
    ],
  },
  {
    name: 'tls13',
    why: "as a TLS client Envoy's default maximum is 1.2, which shows the client certificate in clear",
    check: each((cluster) => {
      const params = at(tlsOf(cluster), 'common_tls_context', 'tls_params');
      const both = [at(params, 'tls_minimum_protocol_version'), at(params, 'tls_maximum_protocol_version')];
      return both.every((version) => version === 'TLSv1_3');
    }, 'tls_params do not say TLS 1.3 twice'),
  },
  {
    name: 'connect-timeout',
    why: 'TCP and TLS together: a storm of handshakes queues in one Node thread',
    check: each(
      (cluster) => seconds(at(cluster, 'connect_timeout')) >= CONNECT_SECONDS,
      'connect_timeout is below 30 s',
    ),
  },
  {
    name: 'breakers',
    why: 'every limit is 1,024 by default and tunnels hold theirs for life; at max_connections a CONNECT hangs',
    check: each((cluster) => {
      const limits = at(cluster, 'circuit_breakers', 'thresholds', 0);
      const [requests, connections] = [Number(at(limits, 'max_requests')), Number(at(limits, 'max_connections'))];
      return (
        requests > BREAKER_DEFAULT &&
        connections > requests &&
        Number(at(limits, 'max_pending_requests')) > BREAKER_DEFAULT
      );
    }, 'circuit breakers are not raised, or max_connections is not above max_requests'),
  },
  {
    name: 'no-ejection',
    why: 'our 502 about a dead origin would count against the healthy judge proxy',
    check: each((cluster) => at(cluster, 'outlier_detection') === undefined, 'outlier_detection is set'),
  },
  {
    name: 'health-by-tcp',
    why: 'an HTTP probe goes out in absolute-form, and the judge proxy would proxy it',
    check: each((cluster) => {
      const checks = list(at(cluster, 'health_checks'));
      return checks.length > 0 && checks.every((check) => at(check, 'tcp_health_check') !== undefined);
    }, 'no TCP health check, or another kind'),
  },
  {
    name: 'pool-idle',
    why: 'a request on a connection that the judge proxy is closing gets a 503',
    check: each((cluster) => {
      const idle = at(
        cluster,
        'typed_extension_protocol_options',
        HTTP_OPTIONS,
        'common_http_protocol_options',
        'idle_timeout',
      );
      return seconds(idle) <= POOL_IDLE_SECONDS;
    }, "idle_timeout is not below the judge proxy's keep_alive"),
  },
  {
    name: 'no-cut-on-the-hop',
    why: 'streams and tunnels live as long as their ends want them to',
    check: each((cluster) => everywhere(cluster, 'max_stream_duration').length === 0, 'max_stream_duration is set'),
  },
  {
    name: 'hop',
    why: 'HTTP/2 without these settings stalls or loses every tunnel of a connection; HTTP/1.1 loses the absolute form',
    check: ({ config }) =>
      clusters(config).flatMap((cluster) => {
        const explicit = at(cluster, 'typed_extension_protocol_options', HTTP_OPTIONS, 'explicit_http_config');
        const [h1, h2] = [at(explicit, 'http_protocol_options'), at(explicit, 'http2_protocol_options')];
        if (h2 !== undefined) return http2Faults(h2);
        return isTrue(at(h1, 'send_fully_qualified_url')) ? [] : ['send_fully_qualified_url is not true'];
      }),
  },
];

function http2Faults(options: unknown): string[] {
  const [streams, stream, connection] = [
    'max_concurrent_streams',
    'initial_stream_window_size',
    'initial_connection_window_size',
  ].map((key) => Number(at(options, key)));
  const fits = (streams ?? Number.NaN) * (stream ?? Number.NaN) < (connection ?? Number.NaN);
  return [
    ...(fits
      ? []
      : ['streams × stream window is not below the connection window: slow readers stall their neighbours']),
    ...(seconds(at(options, 'connection_keepalive', 'timeout')) >= 5
      ? []
      : ['connection_keepalive.timeout is below 5 s']),
  ];
}
