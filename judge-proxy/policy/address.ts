/**
 * The address guard: which IP addresses may be dialled. Public unicast only, by the special-purpose registries of IANA
 * (RFC 6890 and its updates), fail-closed for IPv6: outside 2000::/3 nothing is public. Addresses that carry an IPv4
 * address inside are judged by it, because that is where the packets end.
 */

import { type AddressBits, addressBits, type Cidr, contains, parseCidr } from '../config/cidr.ts';

/** Why an address is not public. */
export type AddressClass =
  | 'invalid' // not an address: brackets, zone id, octal and other spellings
  | 'unspecified'
  | 'loopback'
  | 'private'
  | 'link_local'
  | 'metadata' // credentials of the cloud machine are served here
  | 'shared' // carrier-grade NAT, RFC 6598
  | 'multicast'
  | 'broadcast'
  | 'documentation'
  | 'benchmark'
  | 'transition' // 6to4, Teredo, IPv4-compatible, local NAT64: deprecated or of local use, no public origin lives there
  | 'reserved';

export type AddressCheck = { readonly allowed: true } | { readonly allowed: false; readonly class: AddressClass };

export interface AddressGuard {
  /** @param ip an address as a resolver or socket gives it: no brackets, no zone id */
  check(ip: string): AddressCheck;
}

type Block = readonly [cidr: Cidr, is: AddressClass];

/**
 * Addresses that serve credentials to whoever asks. A block in `allow_addresses` does not open them: only the very
 * address with its full prefix does.
 */
const METADATA: readonly Block[] = blocks([
  ['169.254.169.254/32', 'metadata'], // AWS, Google, Azure, OCI and others
  ['169.254.170.2/32', 'metadata'], // Amazon ECS tasks
  ['169.254.170.23/32', 'metadata'], // Amazon EKS pod identity
  ['100.100.100.200/32', 'metadata'], // Alibaba Cloud
  ['192.0.0.192/32', 'metadata'], // Oracle Cloud, classic
  ['168.63.129.16/32', 'metadata'], // Azure's host agent, in public space
  ['fd00:ec2::254/128', 'metadata'], // AWS
  ['fd00:ec2::23/128', 'metadata'], // Amazon EKS pod identity
  ['fd20:ce::254/128', 'metadata'], // Google
]);

const IPV4: readonly Block[] = blocks([
  ['0.0.0.0/32', 'unspecified'],
  ['0.0.0.0/8', 'reserved'], // "this network": Linux connects 0.0.0.0 to itself
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'shared'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link_local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.2.0/24', 'documentation'],
  ['192.88.99.0/24', 'transition'], // 6to4 relays, RFC 7526
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'benchmark'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['255.255.255.255/32', 'broadcast'],
  ['240.0.0.0/4', 'reserved'],
]);

const IPV6: readonly Block[] = blocks([
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'link_local'],
  ['fec0::/10', 'private'], // site-local, RFC 3879
  ['ff00::/8', 'multicast'],
  ['2001:2::/48', 'benchmark'],
  ['2001:db8::/32', 'documentation'],
  ['3fff::/20', 'documentation'], // RFC 9637
  ['2001::/23', 'reserved'], // protocol assignments
]);

const GLOBAL_UNICAST = cidr('2000::/3');

/** IPv4 in IPv6. `at`: bits to the right of the IPv4 address; `flip`: it is stored inverted. */
interface Embedding {
  readonly block: Cidr;
  readonly at: bigint;
  readonly flip: boolean;
  /** An embedded public address makes the whole public. */
  readonly publicWithin: boolean;
}

const EMBEDDINGS: readonly Embedding[] = [
  // NAT64 (RFC 6052): in networks without IPv4, DNS64 gives these for every IPv4 origin.
  { block: cidr('64:ff9b::/96'), at: 0n, flip: false, publicWithin: true },
  { block: cidr('64:ff9b:1::/48'), at: 0n, flip: false, publicWithin: false }, // NAT64 of local use, RFC 8215
  { block: cidr('2002::/16'), at: 80n, flip: false, publicWithin: false }, // 6to4
  { block: cidr('2001::/32'), at: 64n, flip: false, publicWithin: false }, // Teredo: its server …
  { block: cidr('2001::/32'), at: 0n, flip: true, publicWithin: false }, // … and its client
  { block: cidr('::/96'), at: 0n, flip: false, publicWithin: false }, // IPv4-compatible, RFC 4291 §2.5.5.1
  { block: cidr('::ffff:0:0:0/96'), at: 0n, flip: false, publicWithin: false }, // IPv4-translated, RFC 2765
];

/**
 * A guard that lets public addresses through, and those that the operator lists.
 * @param allow CIDRs, e.g. `10.0.0.0/8`; an embedded form is opened only by its own IPv6 block
 * @throws TypeError for a CIDR that `loadConfig` would have refused
 */
export function createAddressGuard(allow: readonly string[]): AddressGuard {
  const allowed = allow.map(cidr);
  return {
    check(ip) {
      const address = addressBits(ip);
      if (address === null) return { allowed: false, class: 'invalid' };
      const is = classify(address);
      if (is === null) return { allowed: true };
      const named = allowed.some((block) => contains(block, address) && (is !== 'metadata' || isWhole(block)));
      return named ? { allowed: true } : { allowed: false, class: is };
    },
  };
}

/** The class of an address; null for a public one. */
function classify(address: AddressBits): AddressClass | null {
  const metadata = find(METADATA, address);
  if (metadata !== null) return metadata;
  return address.version === 4 ? find(IPV4, address) : classifyIpv6(address);
}

function classifyIpv6(address: AddressBits): AddressClass | null {
  if (address.bits <= 1n) return find(IPV6, address);
  const embeddings = EMBEDDINGS.filter((entry) => contains(entry.block, address));
  for (const entry of embeddings) {
    const is = classify({ version: 4, bits: embedded(entry, address.bits) });
    if (is !== null) return is;
  }
  if (embeddings.length > 0) return embeddings.every((entry) => entry.publicWithin) ? null : 'transition';
  const is = find(IPV6, address);
  return is ?? (contains(GLOBAL_UNICAST, address) ? null : 'reserved');
}

function embedded(entry: Embedding, bits: bigint): bigint {
  const ipv4 = (bits >> entry.at) & 0xffff_ffffn;
  return entry.flip ? ipv4 ^ 0xffff_ffffn : ipv4;
}

function find(list: readonly Block[], address: AddressBits): AddressClass | null {
  return list.find(([block]) => contains(block, address))?.[1] ?? null;
}

function isWhole(block: Cidr): boolean {
  return block.prefix === (block.version === 4 ? 32 : 128);
}

function blocks(list: readonly (readonly [text: string, is: AddressClass])[]): Block[] {
  return list.map(([text, is]) => [cidr(text), is]);
}

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === null) throw new TypeError(`not a CIDR: ${text}`);
  return parsed;
}
