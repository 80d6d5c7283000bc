/**
 * Targets as clients write them, in the three places where they can: the CONNECT target, the Host header and the
 * absolute-form URL. All come out as the same canonical value, so that they can be compared and decided on.
 */

import { canonicalHost } from '../config/host.ts';
import type { Authority } from './types.ts';

/** Printable ASCII. Hosts on the wire are ASCII (RFC 3986 §3.2.2); Node hands other bytes on as Latin-1, which no host is. */
const ASCII = /^[\u0021-\u007e]+$/;
const HOST_AND_PORT = /^(\[[^\]]*\]|[^:[\]]+)(?::([0-9]{1,5}))?$/;

/**
 * Reads the target of CONNECT (RFC 9110 §9.3.6: host and port, both demanded).
 * @returns null when it is not a target: no port, port 0, userinfo, a path, a bad host
 */
export function parseAuthority(text: string): Authority | null {
  return read(text, undefined);
}

/**
 * Reads a Host header or `:authority`.
 * @param defaultPort the port when none is written: 443 inside TLS, 80 otherwise
 */
export function parseHostHeader(text: string, defaultPort: number): Authority | null {
  return read(text, defaultPort);
}

/**
 * Reads the target of a request in absolute-form (RFC 9112 §3.2.2). Only http: what is https comes by CONNECT.
 * @returns the target and the origin-form path with query, byte for byte as written; null for another scheme, userinfo,
 * a fragment, or a bad host
 */
export function parseAbsoluteUrl(url: string): { authority: Authority; path: string; scheme: 'http' } | null {
  const match = /^http:\/\/([^/?#]*)([^#]*)$/i.exec(url);
  const [, host, rest] = match ?? [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (host === undefined || rest === undefined || /[\u0000-\u0020\u007f]/.test(rest)) return null;
  const authority = parseHostHeader(host, 80);
  if (authority === null) return null;
  // A target without path, with or without query, means the path `/` (RFC 9112 §3.2.1).
  return { authority, path: rest.startsWith('/') ? rest : `/${rest}`, scheme: 'http' };
}

/** `host:port`, with brackets round IPv6: the form of CONNECT, `connect_to` and log lines. */
export function formatAuthority(authority: Authority): string {
  return authority.kind === 'ipv6' ? `[${authority.host}]:${authority.port}` : `${authority.host}:${authority.port}`;
}

/** True when both name the same host and port. */
export function sameAuthority(a: Authority, b: Authority): boolean {
  return a.host === b.host && a.port === b.port;
}

function read(text: string, defaultPort: number | undefined): Authority | null {
  if (!ASCII.test(text)) return null;
  const [, host, digits] = HOST_AND_PORT.exec(text) ?? [];
  if (host === undefined) return null;
  const port = digits === undefined ? defaultPort : Number(digits);
  if (port === undefined || port < 1 || port > 65_535) return null;
  const canonical = canonicalHost(host);
  return canonical === null ? null : { host: canonical.host, kind: canonical.kind, port };
}
