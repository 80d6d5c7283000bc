/** IP addresses as numbers, and blocks of them. */

import { isIPv4, isIPv6 } from 'node:net';

export interface AddressBits {
  readonly version: 4 | 6;
  readonly bits: bigint;
}

/** A block of addresses: the first `prefix` bits of `base` count. */
export interface Cidr {
  readonly version: 4 | 6;
  readonly base: bigint;
  readonly prefix: number;
}

/** ::ffff:0:0/96: IPv4 addresses in the notation of IPv6 (RFC 4291 §2.5.5.2). */
const MAPPED = 0xffffn;

/**
 * The number behind an address; null when the text is not exactly an address: brackets, zone ids, short and octal forms
 * are refused. An IPv4-mapped IPv6 address is the IPv4 address, because that is what the kernel connects to.
 */
export function addressBits(ip: string): AddressBits | null {
  if (isIPv4(ip)) return { version: 4, bits: ipv4Bits(ip) };
  if (!isIPv6(ip) || ip.includes('%')) return null;
  const bits = ipv6Bits(ip);
  return bits >> 32n === MAPPED ? { version: 4, bits: bits & 0xffff_ffffn } : { version: 6, bits };
}

/** Reads `10.0.0.0/8` or `fd00::/8`; null when it is no CIDR, or has bits set behind its prefix. */
export function parseCidr(text: string): Cidr | null {
  const match = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text);
  const [, ip, length] = match ?? [];
  if (ip === undefined || length === undefined) return null;
  const address = addressBits(ip);
  // A mapped block would be ambiguous: it is to be written as the IPv4 block that it is.
  if (address === null || (address.version === 4) !== isIPv4(ip)) return null;
  const prefix = Number(length);
  const width = address.version === 4 ? 32 : 128;
  if (prefix > width) return null;
  const cidr = { version: address.version, base: address.bits, prefix };
  return address.bits & ((1n << BigInt(width - prefix)) - 1n) ? null : cidr;
}

/** True when the address lies in the block. */
export function contains(cidr: Cidr, address: AddressBits): boolean {
  if (cidr.version !== address.version) return false;
  const shift = BigInt((cidr.version === 4 ? 32 : 128) - cidr.prefix);
  return cidr.base >> shift === address.bits >> shift;
}

/** 127.0.0.0/8 or ::1, as literal. A name is never loopback: what it resolves to may change. */
export function isLoopback(ip: string): boolean {
  const address = addressBits(ip);
  if (address === null) return false;
  return address.version === 4 ? address.bits >> 24n === 127n : address.bits === 1n;
}

function ipv4Bits(ip: string): bigint {
  return ip.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

/** The URL parser writes any spelling of an IPv6 address as hexadecimal groups with at most one `::`. */
function ipv6Bits(ip: string): bigint {
  const [head = '', tail] = new URL(`http://[${ip}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}
