/**
 * Name constraints (RFC 5280 §4.2.1.10): what a CA may sign for. A DNS list alone leaves every IP address signable
 * (measured with OpenSSL, Node, Python, Go and curl), so ours exclude both address families whole.
 */

import { children, content, isTagged, isUniversal, type Node, sequence, TAG, tagged, taggedBytes } from './der.ts';
import { hostKind, ipBytes } from './hosts.ts';

/** Tags of the GeneralName forms that concern hosts. */
const DNS_NAME = 2;
const DIRECTORY_NAME = 4;
const IP_ADDRESS = 7;

export interface NameConstraints {
  /** Permitted DNS subtrees: the name itself and everything below. Empty: DNS names are not limited to a list. */
  readonly dns: readonly string[];
  readonly excludedDns: readonly string[];
  /** Address and mask after another, 8 or 32 bytes. Empty: addresses are not limited to a list. */
  readonly ips: readonly Buffer[];
  readonly excludedIps: readonly Buffer[];
  /** Both 0.0.0.0/0 and ::/0 are excluded. */
  readonly excludesAllIps: boolean;
  /** Subject names are limited too, so a leaf does best with none. */
  readonly limitsSubjects: boolean;
}

export const UNCONSTRAINED: NameConstraints = {
  dns: [],
  excludedDns: [],
  ips: [],
  excludedIps: [],
  excludesAllIps: false,
  limitsSubjects: false,
};

/**
 * The extension's value that permits exactly these DNS subtrees (none: any name) and no IP address at all.
 * A host on the list takes its sub-domains with it: RFC 5280 has no way to write one name without them.
 */
export function constraintsNode(dns: readonly string[]): Node {
  const permitted = dns.map((name) => sequence(taggedBytes(DNS_NAME, Buffer.from(name, 'latin1'))));
  const excluded = [8, 32].map((length) => sequence(taggedBytes(IP_ADDRESS, Buffer.alloc(length))));
  return sequence(...(permitted.length === 0 ? [] : [tagged(0, ...permitted)]), tagged(1, ...excluded));
}

/** @throws Error when the extension holds something that is not a NameConstraints value */
export function readConstraints(node: Node): NameConstraints {
  if (!isUniversal(node, TAG.sequence)) throw new Error('nameConstraints is not a sequence');
  const permitted = subtrees(children(node).find((part) => isTagged(part, 0)));
  const excluded = subtrees(children(node).find((part) => isTagged(part, 1)));
  return {
    dns: dnsOf(permitted),
    excludedDns: dnsOf(excluded),
    ips: ipsOf(permitted),
    excludedIps: ipsOf(excluded),
    excludesAllIps: [8, 32].every((length) =>
      ipsOf(excluded).some((range) => range.length === length && isWhole(range)),
    ),
    limitsSubjects: [...permitted, ...excluded].some((base) => isTagged(base, DIRECTORY_NAME)),
  };
}

function subtrees(list: Node | undefined): readonly Node[] {
  return children(list).flatMap((subtree) => children(subtree).slice(0, 1));
}

function dnsOf(bases: readonly Node[]): string[] {
  return bases.filter((base) => isTagged(base, DNS_NAME)).map((base) => content(base).toString('latin1').toLowerCase());
}

function ipsOf(bases: readonly Node[]): Buffer[] {
  const ranges = bases.filter((base) => isTagged(base, IP_ADDRESS)).map((base) => content(base));
  if (ranges.some((range) => range.length !== 8 && range.length !== 32)) throw new Error('address range of odd length');
  return ranges;
}

function isWhole(range: Buffer): boolean {
  return range.subarray(range.length / 2).every((byte) => byte === 0);
}

/**
 * Whether a certificate for the host would stand under the constraints. Excluded wins over permitted.
 * @param host canonical name or IP literal
 * @throws CertificateError host_invalid
 */
export function allows(constraints: NameConstraints, host: string): boolean {
  if (hostKind(host) === 'name') {
    if (constraints.excludedDns.some((base) => isBelow(host, base))) return false;
    return constraints.dns.length === 0 || constraints.dns.some((base) => isBelow(host, base));
  }
  const address = ipBytes(host);
  if (constraints.excludedIps.some((range) => isInside(address, range))) return false;
  return constraints.ips.length === 0 || constraints.ips.some((range) => isInside(address, range));
}

/** A leading dot is not in RFC 5280; OpenSSL and Go read it as "sub-domains only", and so do we. */
function isBelow(name: string, base: string): boolean {
  if (base === '') return true;
  return base.startsWith('.') ? name.endsWith(base) : name === base || name.endsWith(`.${base}`);
}

function isInside(address: Buffer, range: Buffer): boolean {
  if (range.length !== address.length * 2) return false;
  const mask = range.subarray(address.length);
  return address.every((byte, i) => ((byte ^ (range[i] ?? 0)) & (mask[i] ?? 0xff)) === 0);
}
