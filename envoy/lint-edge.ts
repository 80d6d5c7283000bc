/** Rules about the side that clients see, and about Envoy itself: admin, connection manager, headers, logs. */

import type { LintRule } from './lint.ts';
import { at, entries, everywhere, isTrue, list, seconds } from './tree.ts';

const ADMIN_PATHS: ReadonlySet<string> = new Set([
  '/ready',
  '/listeners',
  '/stats',
  '/drain_listeners',
  '/healthcheck/fail',
  '/quitquitquit',
]);

/** Headers that only Envoy or the judge proxy may write. */
const FORGEABLE = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-client-cert',
  'forwarded',
  'x-real-ip',
  'x-request-id',
];
const FORGEABLE_PREFIXES = ['x-judge-', 'x_judge_', 'x-envoy-'];

/** Format operators that would write a credential or a query into the log. */
const SECRET_OPERATOR =
  /%(REQ|RESP|TRAILER)\((authorization|proxy-authorization|cookie|set-cookie|x-api-key|:path)\b|%PATH\(WQ/i;

const LOOPBACK: ReadonlySet<unknown> = new Set(['127.0.0.1', '::1', 'localhost']);

/** All HTTP connection managers of all listeners. */
export function managers(config: unknown): unknown[] {
  return list(at(config, 'static_resources', 'listeners'))
    .flatMap((listener) => list(at(listener, 'filter_chains')))
    .flatMap((chain) => list(at(chain, 'filters')))
    .map((filter) => at(filter, 'typed_config'))
    .filter((typed) => String(at(typed, '@type')).endsWith('.HttpConnectionManager'));
}

export const EDGE_RULES: readonly LintRule[] = [
  {
    name: 'admin-loopback',
    why: 'the admin port has no authentication',
    check: ({ config }) => {
      const address = at(config, 'admin', 'address', 'socket_address', 'address');
      return LOOPBACK.has(address) ? [] : [`admin.address is ${address}`];
    },
  },
  {
    name: 'admin-paths',
    why: 'config_dump, certs and the like tell every neighbour on this machine how the proxy is built',
    check: ({ config }) => {
      const allowed = list(at(config, 'admin', 'allow_paths'));
      if (allowed.length === 0) return ['admin.allow_paths is empty: every path answers'];
      const paths = allowed.map((entry) => at(entry, 'exact') ?? at(entry, 'prefix'));
      return paths.filter((path) => !ADMIN_PATHS.has(String(path))).map((path) => `admin.allow_paths has ${path}`);
    },
  },
  {
    name: 'manager-present',
    why: 'the other rules would have nothing to look at',
    check: ({ config }) => (managers(config).length > 0 ? [] : ['no HTTP connection manager']),
  },
  {
    name: 'http1-only',
    why: 'AUTO takes h2c with prior knowledge on the proxy port',
    check: ({ config }) =>
      unless(managers(config), (hcm) => at(hcm, 'codec_type') === 'HTTP1', 'codec_type is not HTTP1'),
  },
  {
    name: 'http10-connect',
    why: 'Python before 3.12 sends CONNECT in HTTP/1.0 (Envoy issue 43487)',
    check: ({ config }) =>
      unless(
        managers(config),
        (hcm) => isTrue(at(hcm, 'http_protocol_options', 'accept_http_10')),
        'accept_http_10 is not set',
      ),
  },
  {
    name: 'client-is-peer',
    why: 'the client address would come from a header that the client writes',
    check: ({ config }) =>
      managers(config).flatMap((hcm) => [
        ...(isTrue(at(hcm, 'use_remote_address')) ? [] : ['use_remote_address is not true']),
        ...((at(hcm, 'xff_num_trusted_hops') ?? 0) === 0 ? [] : ['xff_num_trusted_hops is not 0']),
        ...(isTrue(at(hcm, 'preserve_external_request_id'))
          ? ["preserve_external_request_id keeps the client's id"]
          : []),
      ]),
  },
  {
    name: 'forged-headers',
    why: 'a client could say who it is, or speak as Envoy or the judge proxy',
    check: ({ config }) =>
      managers(config).flatMap((hcm) => {
        const mutations = everywhere(at(hcm, 'early_header_mutation_extensions'), 'mutations').flatMap(list);
        const removed = new Set(mutations.map((mutation) => at(mutation, 'remove')));
        const prefixes = new Set(
          mutations
            .map((mutation) => at(mutation, 'remove_on_match', 'key_matcher'))
            .filter((matcher) => isTrue(at(matcher, 'ignore_case')))
            .map((matcher) => at(matcher, 'prefix')),
        );
        return [
          ...FORGEABLE.filter((name) => !removed.has(name)).map((name) => `${name} is not removed early`),
          ...FORGEABLE_PREFIXES.filter((name) => !prefixes.has(name)).map((name) => `${name}* is not removed early`),
        ];
      }),
  },
  {
    name: 'client-address',
    why: 'without removal a formatter that yields nothing leaves a forged value; without overwrite it is appended',
    check: ({ config }) =>
      managers(config).flatMap((hcm) => {
        const routes = at(hcm, 'route_config');
        const added = list(at(routes, 'request_headers_to_add')).find(
          (entry) => at(entry, 'header', 'key') === 'x-judge-client-ip',
        );
        const value = at(added, 'header', 'value');
        return [
          ...(list(at(routes, 'request_headers_to_remove')).includes('x-judge-client-ip')
            ? []
            : ['x-judge-client-ip is not removed']),
          ...(value === '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%' ? [] : [`x-judge-client-ip is ${value}`]),
          ...(at(added, 'append_action') === 'OVERWRITE_IF_EXISTS_OR_ADD' ? [] : ['x-judge-client-ip is appended']),
        ];
      }),
  },
  {
    name: 'target-untouched',
    why: 'target, host or path would be another one for us than for the client',
    check: ({ config }) => {
      const changing = [...entries(config)].filter(
        ([key, value]) => CHANGES_TARGET.has(key) && value !== false && value !== 'KEEP_UNCHANGED',
      );
      return changing.map(([key]) => `${key} is set`);
    },
  },
  {
    name: 'no-cut-at-the-edge',
    why: 'streams and tunnels live as long as their ends want them to',
    check: ({ config }) =>
      managers(config).flatMap((hcm) => [
        ...(bounded(at(hcm, 'request_timeout'), 3600) ? ['request_timeout below 1 h cuts slow uploads'] : []),
        ...(seconds(at(hcm, 'delayed_close_timeout') ?? '1s') < 0.5
          ? ['delayed_close_timeout below 0.5 s loses bytes']
          : []),
        ...(at(hcm, 'common_http_protocol_options', 'max_connection_duration') === undefined
          ? []
          : ['max_connection_duration on clients']),
        ...everywhere(hcm, 'max_stream_duration').map(() => 'max_stream_duration is set'),
      ]),
  },
  {
    name: 'access-log',
    why: 'operators find our lines by the tag; text format does not escape what clients write',
    check: ({ config }) =>
      managers(config).flatMap((hcm) => {
        const formats = list(at(hcm, 'access_log')).map((log) => at(log, 'typed_config', 'log_format'));
        if (formats.length === 0) return ['no access log'];
        return formats
          .filter((format) => at(format, 'json_format', 'tag') !== 'upstream_proxy_chaining')
          .map(() => 'the access log is not JSON with the tag upstream_proxy_chaining');
      }),
  },
  {
    name: 'log-without-secrets',
    why: 'the access log would hold credentials or queries',
    check: ({ config }) =>
      everywhere(config, 'log_format')
        .flatMap((format) => [...entries(format)])
        .filter(([, value]) => typeof value === 'string' && SECRET_OPERATOR.test(value))
        .map(([key, value]) => `${key}: ${value}`),
  },
  {
    name: 'local-replies',
    why: "clients tell Envoy's refusals from ours by the marker; the details hold names of the judge's certificate",
    check: ({ config }) =>
      managers(config).flatMap((hcm) => {
        const mappers = list(at(hcm, 'local_reply_config', 'mappers'));
        const marked = everywhere(mappers, 'key').includes('x-judge-edge');
        const leaks = JSON.stringify(mappers).includes('RESPONSE_CODE_DETAILS');
        return [
          ...(marked ? [] : ['x-judge-edge is not set']),
          ...(leaks ? ['RESPONSE_CODE_DETAILS goes to clients'] : []),
        ];
      }),
  },
];

const CHANGES_TARGET: ReadonlySet<string> = new Set([
  'strip_matching_host_port',
  'strip_any_host_port',
  'strip_port_mode',
  'strip_trailing_host_dot',
  'auto_host_rewrite',
  'host_rewrite_literal',
  'host_rewrite_header',
  'host_rewrite_path_regex',
  'prefix_rewrite',
  'regex_rewrite',
  'path_rewrite_policy',
  'scheme_header_transformation',
  'append_x_forwarded_host',
  'normalize_path',
  'merge_slashes',
  'path_with_escaped_slashes_action',
]);

function unless(values: readonly unknown[], good: (value: unknown) => boolean, what: string): string[] {
  return values.filter((value) => !good(value)).map(() => what);
}

/** Whether a duration is set, is not 0 and lies below a floor in seconds. */
function bounded(value: unknown, floor: number): boolean {
  return value !== undefined && seconds(value) !== 0 && !(seconds(value) >= floor);
}
