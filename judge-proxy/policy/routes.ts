/** Routes: which action a target gets. The first route that matches host and port wins; no match is refused. */

import { formatHostPattern, type HostPattern, parseHostPattern } from '../config/host-pattern.ts';
import type { RouteConfig } from '../config/schema.ts';
import type { Authority, RouteDecision } from './types.ts';

export interface RouteTable {
  /** Never throws; the same answer for the same authority. */
  decide(authority: Authority): RouteDecision;
}

/** Why one route did or did not take a target, for `check-config`. */
export interface RouteExplanation {
  readonly route: string;
  readonly result: 'wins' | 'matches_later' | 'other_host' | 'other_port';
  /** The pattern of the route that matched the host. */
  readonly pattern: string | null;
}

interface CompiledRoute {
  readonly route: RouteConfig;
  readonly ports: ReadonlySet<number>;
  readonly exact: ReadonlySet<string>;
  /** Each begins with a dot. */
  readonly suffixes: readonly string[];
  readonly all: boolean;
}

/**
 * Prepares the routes for deciding.
 * @throws TypeError for a host pattern that `loadConfig` would have refused
 */
export function compileRoutes(routes: readonly RouteConfig[]): RouteTable {
  const compiled = routes.map(compile);
  return {
    decide(authority) {
      for (const entry of compiled) {
        if (entry.ports.has(authority.port) && matchesHost(entry, authority)) {
          return { action: entry.route.action, route: entry.route };
        }
      }
      return { action: 'deny', route: null };
    },
  };
}

/** What every route says to one target, in order: the winner and the reasons of the others. */
export function explainRoutes(routes: readonly RouteConfig[], authority: Authority): RouteExplanation[] {
  let won = false;
  return routes.map((route) => {
    const pattern = patternsOf(route).find((candidate) =>
      matchesHost(compile({ ...route, hosts: [candidate] }), authority),
    );
    if (pattern === undefined) return { route: route.name, result: 'other_host', pattern: null };
    if (!route.ports.includes(authority.port)) return { route: route.name, result: 'other_port', pattern };
    const result = won ? 'matches_later' : 'wins';
    won = true;
    return { route: route.name, result, pattern };
  });
}

function patternsOf(route: RouteConfig): string[] {
  return route.hosts.map((text) => formatHostPattern(pattern(route, text)));
}

function compile(route: RouteConfig): CompiledRoute {
  const patterns = route.hosts.map((text) => pattern(route, text));
  return {
    route,
    ports: new Set(route.ports),
    exact: new Set(patterns.flatMap((entry) => (entry.kind === 'exact' ? [entry.host] : []))),
    suffixes: patterns.flatMap((entry) => (entry.kind === 'subdomains' ? [entry.suffix] : [])),
    all: patterns.some((entry) => entry.kind === 'all'),
  };
}

function pattern(route: RouteConfig, text: string): HostPattern {
  const parsed = parseHostPattern(text);
  if (parsed === null) throw new TypeError(`route ${route.name}: not a host pattern`);
  return parsed;
}

function matchesHost(entry: CompiledRoute, authority: Authority): boolean {
  if (entry.all || entry.exact.has(authority.host)) return true;
  // An address has no sub-domains: 1.2.3.4 is not below `*.3.4`.
  return authority.kind === 'name' && entry.suffixes.some((suffix) => authority.host.endsWith(suffix));
}
