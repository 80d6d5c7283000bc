/** Rules about routes: what goes to the judge proxy, how long it may take, what is sent twice. */

import type { LintRule } from './lint.ts';
import { managers } from './lint-edge.ts';
import { at, everywhere, list, seconds } from './tree.ts';

/** Retries of what provably reached nobody. */
const SAFE_RETRIES: ReadonlySet<string> = new Set(['connect-failure', 'refused-stream', 'reset-before-request']);
const TUNNEL_IDLE_SECONDS = 3600;

interface Host {
  readonly name: string;
  readonly domains: readonly unknown[];
  readonly routes: readonly unknown[];
}

function hosts(config: unknown): Host[] {
  return managers(config)
    .flatMap((hcm) => list(at(hcm, 'route_config', 'virtual_hosts')))
    .map((host) => ({
      name: String(at(host, 'name')),
      domains: list(at(host, 'domains')),
      routes: list(at(host, 'routes')),
    }));
}

function forwarding(config: unknown): { readonly where: string; readonly match: unknown; readonly route: unknown }[] {
  return hosts(config).flatMap(({ name, routes }) =>
    routes
      .map((entry, index) => ({ where: `${name}[${index}]`, match: at(entry, 'match'), route: at(entry, 'route') }))
      .filter(({ route }) => route !== undefined),
  );
}

function isConnect(match: unknown): boolean {
  return at(match, 'connect_matcher') !== undefined;
}

export const ROUTE_RULES: readonly LintRule[] = [
  {
    name: 'connect-passed-on',
    why: 'with connect_config Envoy ends the CONNECT itself: no target for us, no policy',
    check: ({ config }) => everywhere(config, 'connect_config').map(() => 'connect_config is present'),
  },
  {
    name: 'connect-first',
    why: 'a CONNECT has no path, so a prefix before it hides nothing, but without its route it gets 404 or 403',
    check: ({ config }) =>
      hosts(config).flatMap(({ name, routes }) => {
        const connect = routes.findIndex((entry) => isConnect(at(entry, 'match')));
        const rest = routes.findIndex((entry) => at(entry, 'match', 'prefix') === '/');
        return connect >= 0 && (rest < 0 || connect < rest) ? [] : [`${name}: no CONNECT route before the prefix /`];
      }),
  },
  {
    name: 'connect-allowed',
    why: 'without the upgrade Envoy answers every CONNECT with 403',
    check: ({ config }) =>
      forwarding(config)
        .filter(({ match }) => isConnect(match))
        .filter(
          ({ route }) => !list(at(route, 'upgrade_configs')).some((entry) => at(entry, 'upgrade_type') === 'CONNECT'),
        )
        .map(({ where }) => `${where}: upgrade_configs lacks CONNECT`),
  },
  {
    name: 'no-cut-on-routes',
    why: 'the default timeout of 15 s covers a whole response and cuts every longer stream',
    check: ({ config }) => [
      ...forwarding(config).flatMap(({ where, route }) => [
        ...(seconds(at(route, 'timeout')) === 0 ? [] : [`${where}: timeout is not 0s`]),
        ...(seconds(at(route, 'idle_timeout')) >= TUNNEL_IDLE_SECONDS ? [] : [`${where}: idle_timeout is below 1 h`]),
      ]),
      ...everywhere(config, 'per_try_timeout').map(() => 'per_try_timeout is set'),
      ...everywhere(config, 'per_try_idle_timeout').map(() => 'per_try_idle_timeout is set'),
    ],
  },
  {
    name: 'safe-retries',
    why: 'the judge proxy, and the origin behind it, would see a request twice',
    check: ({ config }) =>
      everywhere(config, 'retry_on')
        .flatMap((conditions) => String(conditions).split(','))
        .map((condition) => condition.trim())
        .filter((condition) => !SAFE_RETRIES.has(condition))
        .map((condition) => `retry_on has ${condition}`),
  },
  {
    name: 'own-names',
    why: 'what is addressed to the proxy itself would run in a circle',
    check: ({ config }) => {
      const guarded = hosts(config).filter(({ routes }) =>
        routes.every((entry) => at(entry, 'direct_response') !== undefined),
      );
      const names = new Set(guarded.flatMap(({ domains }) => domains));
      return ownNames(config)
        .filter((name) => !names.has(name))
        .map((name) => `${name} is forwarded`);
    },
  },
];

/** What names this proxy or the judge proxy, by the addresses of the configuration. */
function ownNames(config: unknown): string[] {
  const port = at(config, 'static_resources', 'listeners', 0, 'address', 'socket_address', 'port_value');
  const judges = list(at(config, 'static_resources', 'clusters')).flatMap((cluster) =>
    everywhere(cluster, 'socket_address'),
  );
  const judgeNames = judges.map((judge) => `${at(judge, 'address')}:${at(judge, 'port_value')}`);
  return [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, ...judgeNames];
}
