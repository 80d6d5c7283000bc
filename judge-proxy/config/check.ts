/** What a schema cannot say: values that have to fit each other, and combinations that would open the proxy. */

import { isIP } from 'node:net';
import { checkAdmin } from './check-admin.ts';
import { checkJudges } from './check-judges.ts';
import { checkModes } from './check-modes.ts';
import { checkOidc } from './check-oidc.ts';
import { checkRedaction } from './check-redaction.ts';
import { checkRoutes } from './check-routes.ts';
import { checkSinks } from './check-sinks.ts';
import { isLoopback, parseCidr } from './cidr.ts';
import type { KeyPath } from './config-error.ts';
import { type Finding, fault } from './finding.ts';
import { canonicalHost } from './host.ts';
import type { Config } from './schema.ts';

/** Envoy keeps idle connections to us for 30 s; whoever closes first must not be us, or a request meets the close. */
const ENVOY_IDLE_MS = 30_000;

/** Everything that is wrong or doubtful with a config that fits the schema. */
export function checkConfig(config: Config): Finding[] {
  return [
    ...checkListeners(config),
    ...checkAddresses(config),
    ...checkRoutes(config),
    ...checkModes(config),
    ...checkJudges(config),
    ...checkRedaction(config),
    ...checkSinks(config),
    ...checkOidc(config.console),
    ...checkLedger(config),
    ...checkLimits(config),
    ...checkPrices(config),
  ];
}

function checkListeners({ listen }: Config): Finding[] {
  const findings: Finding[] = [];
  const loopbackOnly = (name: 'plain', host: string, port: number) => {
    if (isLoopback(host)) return;
    const fix =
      'Write 127.0.0.1 or ::1. Clients elsewhere come through Envoy and listen.proxy, which asks for a certificate.';
    const message = `listen.${name} has no authentication, so it may listen on a loopback address only (port ${port})`;
    findings.push(fault(['listen', name, 'host'], message, fix));
  };
  if (isIP(listen.proxy.host) === 0 && canonicalHost(listen.proxy.host)?.kind !== 'name') {
    findings.push(
      fault(['listen', 'proxy', 'host'], 'not an address', 'Write an IP address, e.g. 127.0.0.1 or 0.0.0.0.'),
    );
  }
  if (listen.plain !== undefined) loopbackOnly('plain', listen.plain.host, listen.plain.port);
  return [...findings, ...checkAdmin(listen.admin), ...checkPorts(portsOf(listen))];
}

type Listener = readonly [name: string, port: number];

function portsOf(listen: Config['listen']): Listener[] {
  const listeners: Listener[] = [
    ['proxy', listen.proxy.port],
    ['admin', listen.admin.port],
  ];
  return listen.plain === undefined ? listeners : [...listeners, ['plain', listen.plain.port]];
}

/** The data port and the port of health and metrics are different listeners, and never the same one. */
function checkPorts(listeners: readonly Listener[]): Finding[] {
  return listeners.flatMap(([name, port], index) => {
    const other = listeners.slice(0, index).find(([, taken]) => taken === port && port !== 0);
    if (other === undefined) return [];
    return [
      fault(
        ['listen', name, 'port'],
        `listen.${other[0]} has this port already`,
        'Choose another, or 0 for a free one.',
      ),
    ];
  });
}

function checkAddresses({ upstream, judges }: Config): Finding[] {
  const connectTo = Object.entries(upstream.connect_to).flatMap(([from, to]) => {
    const path = ['upstream', 'connect_to', from];
    const findings: Finding[] = [];
    if (!isCanonicalTarget(from)) {
      findings.push(fault(path, 'the key is not a canonical host:port', 'Write it as in "api.openai.com:443".'));
    }
    if (!isCanonicalTarget(to)) {
      findings.push(fault(path, 'the value is not a canonical address:port', 'Write it as in "127.0.0.1:4443".'));
    }
    return findings;
  });
  const lists: [KeyPath, readonly string[]][] = [[['upstream', 'allow_addresses'], upstream.allow_addresses]];
  for (const [name, judge] of Object.entries(judges)) {
    for (const key of ['model', 'small_model'] as const) {
      const model = judge[key];
      if (model !== undefined) lists.push([['judges', name, key, 'allow_addresses'], model.allow_addresses]);
    }
  }
  return [
    ...connectTo,
    ...lists.flatMap(([path, list]) => list.flatMap((text, index) => checkCidr([...path, index], text))),
  ];
}

function isCanonicalTarget(text: string): boolean {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):([1-9][0-9]{0,4})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535) return false;
  const canonical = canonicalHost(host);
  return canonical?.host === host && (canonical.kind === 'ipv6') === (bracketed !== undefined);
}

function checkCidr(path: KeyPath, text: string): Finding[] {
  if (parseCidr(text) !== null) return [];
  const fix = 'Write an address block without bits behind its prefix, e.g. 10.0.0.0/8, 192.168.1.5/32 or fd00::/8.';
  return [fault(path, 'not a CIDR', fix)];
}

function checkLedger({ ledger }: Config): Finding[] {
  const findings = checkRetention(ledger.retention);
  if (/^sqlite:./.test(ledger.url)) return findings;
  const fix = 'Write `sqlite:PATH`, e.g. sqlite:data/ledger.db.';
  return [...findings, fault(['ledger', 'url'], 'not the URL of a ledger', fix)];
}

/** Each tier takes those before it: one that is kept for less time than a later one would say what is not so. */
function checkRetention(retention: Config['ledger']['retention']): Finding[] {
  const tiers = ['sealed', 'text', 'metadata'] as const;
  return tiers.flatMap((tier, index) => {
    const kept = retention[tier];
    const longer = tiers.slice(0, index).find((shorter) => kept !== undefined && (retention[shorter] ?? 0) > kept);
    if (longer === undefined) return [];
    const message = `${longer} is kept for longer, and goes with ${tier}`;
    return [fault(['ledger', 'retention', tier], message, `Write at least as much as for ${longer}.`)];
  });
}

function checkLimits({ limits }: Config): Finding[] {
  const findings: Finding[] = [];
  if (limits.keep_alive <= ENVOY_IDLE_MS) {
    const fix =
      "Write more than 30s: Envoy's idle time has to be the shorter one, or it sends into a closed connection.";
    findings.push(fault(['limits', 'keep_alive'], 'shorter than Envoy keeps idle connections', fix));
  }
  const room = (key: 'copies' | 'held', each: readonly ('request_copy' | 'response_copy' | 'held_copy')[]) => {
    if (limits[key] >= Math.max(...each.map((one) => limits[one]))) return;
    findings.push(
      fault(['limits', key], 'smaller than what one body may take of it', `Raise it above ${each.join(' and ')}.`),
    );
  };
  room('copies', ['request_copy', 'response_copy']);
  room('held', ['held_copy']);
  return findings;
}

function checkPrices({ prices }: Config): Finding[] {
  return Object.keys(prices).flatMap((model) => {
    if (/^[^*]+\*?$/.test(model)) return [];
    return [
      fault(
        ['prices', model],
        'not a model name, nor a prefix ended by `*`',
        'Write e.g. "gpt-5-mini" or "gpt-5-mini*".',
      ),
    ];
  });
}
