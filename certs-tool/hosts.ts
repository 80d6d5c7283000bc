/** Host names and IP literals in the forms that certificates hold. */

import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { CertificateError } from './errors.ts';

/** Labels of letters, digits, hyphens and (as DNS allows, and some hosts use) underscores, RFC 1035 §2.3.4 lengths. */
const NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** The same as a person may write it: upper case and other alphabets too. */
const WRITTEN = /^[A-Za-z0-9._\u{80}-\u{10ffff}-]+$/u;

export type HostKind = 'name' | 'ip';

/**
 * @param host lower-case A-label name without a trailing dot, or an IP literal without brackets or zone
 * @throws CertificateError host_invalid
 */
export function hostKind(host: string): HostKind {
  if (isIP(host) !== 0 && !host.includes('%')) return 'ip';
  if (NAME.test(host)) return 'name';
  throw invalid(host);
}

function invalid(host: string): CertificateError {
  return new CertificateError(
    'host_invalid',
    `${JSON.stringify(host.slice(0, 260))} is not a host name.`,
    'Write the name without scheme, port and path; international names as xn--….',
  );
}

/**
 * The canonical form of a name that a person wrote: lower case, A-labels, no trailing dot. Addresses are no names.
 * @throws CertificateError host_invalid
 */
export function canonicalName(written: string): string {
  // domainToASCII stops at a slash, silently; so what cannot be in a name is refused before.
  if (!WRITTEN.test(written)) throw invalid(written);
  // '' for what is no name; an address for spellings such as 127.1, which are no names either.
  const ascii = domainToASCII(written.replace(/\.$/, ''));
  if (ascii === '' || hostKind(ascii) === 'ip') throw invalid(written);
  return ascii;
}

/** The canonical form of a name or address that a person wrote; IPv6 with or without brackets. */
export function canonicalHost(written: string): string {
  const bare = written.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? canonicalName(written) : bare.toLowerCase();
}

/** The 4 or 16 bytes of an IP literal, as iPAddress holds them (RFC 5280 §4.2.1.6). */
export function ipBytes(literal: string): Buffer {
  return isIP(literal) === 4 ? Buffer.from(literal.split('.').map(Number)) : ipv6Bytes(literal);
}

/** The literal for 4 or 16 bytes; IPv6 in eight groups. */
export function ipText(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.');
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16)).join(':');
}

function ipv6Bytes(literal: string): Buffer {
  const [head = '', tail] = literal.split('::');
  const left = groups(head);
  const right = groups(tail ?? '');
  return Buffer.concat([left, Buffer.alloc(16 - left.length - right.length), right]);
}

/** `2001:db8:0` or `ffff:127.0.0.1` as bytes. */
function groups(text: string): Buffer {
  if (text === '') return Buffer.alloc(0);
  return Buffer.concat(
    text.split(':').map((group) => {
      if (group.includes('.')) return ipBytes(group);
      const value = Number.parseInt(group, 16);
      return Buffer.from([value >> 8, value & 0xff]);
    }),
  );
}

/** One spelling for each host, so that two lists can be compared: addresses by their bytes. */
export function comparable(host: string): string {
  return hostKind(host) === 'ip' ? ipBytes(host).toString('hex') : host;
}
