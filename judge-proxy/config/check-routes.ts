/** Routes that cannot work, or never match. First match wins, so an order mistake can turn a denial into a pass. */

import { type Finding, fault, warning } from './finding.ts';
import { covers, formatHostPattern, type HostPattern, parseHostPattern } from './host-pattern.ts';
import type { Config, RouteConfig } from './schema.ts';

/** Findings about `routes`. */
export function checkRoutes(config: Config): Finding[] {
  const names = new Map<string, number>();
  return config.routes.flatMap((route, index) => {
    const findings = [
      ...checkHosts(route, index),
      ...checkJudge(route, index, config),
      ...checkOrder(config.routes, index),
    ];
    const first = names.get(route.name);
    if (first !== undefined) {
      findings.push(
        fault(['routes', index, 'name'], `routes[${first}] has this name already`, 'Give each route its own.'),
      );
    } else {
      names.set(route.name, index);
    }
    return findings;
  });
}

function checkHosts(route: RouteConfig, index: number): Finding[] {
  return route.hosts.flatMap((text, position) => {
    const path = ['routes', index, 'hosts', position];
    const pattern = parseHostPattern(text);
    if (pattern === null) {
      const fix =
        'Write a host without scheme, port and path: `api.openai.com`, `*.example.com`, `*` or an IP address.';
      return [fault(path, 'not a host pattern', fix)];
    }
    const canonical = formatHostPattern(pattern);
    if (canonical !== text) {
      return [
        fault(path, 'not in the canonical form, which verdicts and certificates show', `Write \`${canonical}\`.`),
      ];
    }
    return route.action === 'terminate' ? checkTerminated(pattern, path) : [];
  });
}

function checkTerminated(pattern: HostPattern, path: readonly (string | number)[]): Finding[] {
  if (pattern.kind === 'all') {
    const fix = 'List the hosts: the interception CA may sign for those and for no others.';
    return [fault(path, '`terminate` needs named hosts', fix)];
  }
  if (pattern.kind === 'exact' && pattern.address) {
    const fix = 'Plain http:// to it is judged; for HTTPS give the origin a name.';
    return [warning(path, 'the interception CA excludes every IP address, so HTTPS to it fails in clients', fix)];
  }
  return [];
}

function checkJudge(route: RouteConfig, index: number, { judges }: Config): Finding[] {
  if (route.judge === undefined) return [];
  const path = ['routes', index, 'judge'];
  if (route.action !== 'terminate') {
    return [
      fault(
        path,
        `a judge has no effect on a route with action \`${route.action}\``,
        'Remove it, or terminate the route.',
      ),
    ];
  }
  if (Object.hasOwn(judges, route.judge)) return [];
  const known = Object.keys(judges);
  const fix =
    known.length === 0 ? 'Add it under `judges`.' : `Known judges: ${known.map((name) => `\`${name}\``).join(', ')}.`;
  return [fault(path, 'no judge has this name', fix)];
}

/** A route behind others that take all of its hosts, or some of them. */
function checkOrder(routes: readonly RouteConfig[], index: number): Finding[] {
  const route = routes[index];
  if (route === undefined) return [];
  const targets = route.ports.flatMap((port) => route.hosts.map((host) => ({ host, port })));
  const takers = targets.map(({ host, port }) => routes.slice(0, index).find((earlier) => takes(earlier, host, port)));
  const taken = takers.flatMap((taker, position) =>
    taker === undefined ? [] : [{ taker, target: targets[position] }],
  );
  const [first] = taken;
  if (first === undefined) return [];
  const fix = `Move it before \`${first.taker.name}\`: the first matching route wins.`;
  if (taken.length === targets.length) {
    return [fault(['routes', index], `the route never matches: \`${first.taker.name}\` takes its hosts before`, fix)];
  }
  const what = `${first.target?.host}:${first.target?.port}`;
  return [warning(['routes', index], `\`${first.taker.name}\` takes ${what} before this route can`, fix)];
}

function takes(earlier: RouteConfig, host: string, port: number): boolean {
  const inner = parseHostPattern(host);
  if (inner === null || !earlier.ports.includes(port)) return false;
  return earlier.hosts.some((text) => {
    const outer = parseHostPattern(text);
    return outer !== null && covers(outer, inner);
  });
}
