/** From the hosts of `terminate` routes to name constraints, and back: does an existing CA cover them? */

import { isIP } from 'node:net';
import { allows, type NameConstraints } from './constraints.ts';
import { CertificateError } from './errors.ts';
import { canonicalName } from './hosts.ts';

/** What a route's host pattern asks of the CA. */
type Coverage =
  | { readonly kind: 'host'; readonly name: string }
  | { readonly kind: 'below'; readonly domain: string }
  | { readonly kind: 'any' };

/**
 * @param pattern `api.openai.com`, `*.example.com` or `*`
 * @throws CertificateError host_invalid, also for IP addresses: the CA excludes them all
 */
function coverageOf(pattern: string): Coverage {
  if (pattern === '*') return { kind: 'any' };
  if (pattern.startsWith('*.')) return { kind: 'below', domain: canonicalName(pattern.slice(2)) };
  if (isIP(pattern.replace(/^\[|\]$/g, '')) !== 0) {
    throw new CertificateError(
      'host_invalid',
      `${pattern} cannot be terminated: the interception CA excludes every IP address.`,
      'Terminate a host name; upstream.connect_to can send it to any address.',
    );
  }
  return { kind: 'host', name: canonicalName(pattern) };
}

/**
 * Permitted subtrees for the patterns, each once. `*.example.com` becomes `example.com`: RFC 5280 §4.2.1.10 knows
 * subtrees with their top only (a leading dot is read differently by different verifiers).
 * Empty when any host is asked for.
 */
export function subtreesFor(patterns: readonly string[]): string[] {
  const asked = patterns.map(coverageOf);
  if (asked.some((one) => one.kind === 'any')) return [];
  return [...new Set(asked.map((one) => (one.kind === 'host' ? one.name : one.kind === 'below' ? one.domain : '')))];
}

/** Whether leaves for everything that the pattern matches would be accepted. */
export function covers(constraints: NameConstraints, pattern: string): boolean {
  const asked = coverageOf(pattern);
  switch (asked.kind) {
    case 'host':
      return allows(constraints, asked.name);
    case 'below':
      return allowsAllBelow(constraints, asked.domain);
    case 'any':
      return constraints.dns.length === 0 && constraints.excludedDns.length === 0;
    default:
      return asked satisfies never;
  }
}

function allowsAllBelow({ dns, excludedDns }: NameConstraints, domain: string): boolean {
  const below = `.${domain}`;
  const withDot = (base: string) => (base === '' || base.startsWith('.') ? base : `.${base}`);
  const overlaps = excludedDns.map(withDot).some((base) => below.endsWith(base) || base.endsWith(below));
  return !overlaps && (dns.length === 0 || dns.map(withDot).some((base) => below.endsWith(base)));
}

/** Permitted subtrees that no pattern asks for: the CA can sign more than is needed. */
export function beyond(constraints: NameConstraints, patterns: readonly string[]): string[] {
  const wanted = new Set(subtreesFor(patterns));
  return wanted.size === 0 ? [] : constraints.dns.filter((base) => !wanted.has(base.replace(/^\./, '')));
}
