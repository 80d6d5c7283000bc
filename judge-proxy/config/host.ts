/**
 * One spelling for every host. Policy, minting, dialling and comparison all use what `canonicalHost` gives, so no
 * spelling of an address or name can pass one of them and mean something else to another.
 */

import { isIPv4, isIPv6 } from 'node:net';

export interface CanonicalHost {
  /** Lower-case A-label name without trailing dot, or an IP literal without brackets. */
  readonly host: string;
  readonly kind: 'name' | 'ipv4' | 'ipv6';
}

/** RFC 1035 §2.3.4: 253 characters without the trailing dot, 63 a label. */
const MAX_NAME = 253;
const LABEL = /^[a-z0-9_-]{1,63}$/;

/**
 * What may not stand in a host at all. The URL parser drops tabs and line breaks, trims blanks and splits at the
 * delimiters, so they have to go before it sees the text.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const FORBIDDEN = /[\u0000-\u0020\u007f-\u009f/\\?#@]/;

/**
 * The canonical form of a host, or null when it is none. Follows the host parser of the URL standard: octal, hex,
 * short and decimal IPv4 become dotted quads, percent escapes are undone once, Unicode becomes A-labels, IPv6 is
 * compressed. Beyond it: one trailing dot goes, empty and over-long labels and characters that no DNS name of a server
 * has are refused (underscores stay: such names exist).
 * @param text a name, an IPv4 address, or an IPv6 address with or without brackets; without port
 */
export function canonicalHost(text: string): CanonicalHost | null {
  if (text === '' || text.length > 1024 || FORBIDDEN.test(text)) return null;
  const bracketed = isIPv6(text) ? `[${text}]` : text;
  if (!bracketed.startsWith('[') && bracketed.includes(':')) return null;
  const parsed = URL.parse(`http://${bracketed}/`)?.hostname;
  if (parsed === undefined) return null;
  if (parsed.startsWith('[')) return { host: parsed.slice(1, -1), kind: 'ipv6' };
  const host = parsed.endsWith('.') ? parsed.slice(0, -1) : parsed;
  if (isIPv4(host)) return { host, kind: 'ipv4' };
  if (host.length > MAX_NAME || !host.split('.').every((label) => LABEL.test(label))) return null;
  return { host, kind: 'name' };
}
