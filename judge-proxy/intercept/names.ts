/**
 * Whose name counts. A tunnel was opened for one authority, and policy decided on that one; SNI, Host and an absolute
 * target inside may only repeat it. Otherwise CONNECT to an allowed host would reach another.
 */

import { isIP } from 'node:net';
import { canonicalHost } from '../config/host.ts';
import { ProxyError } from '../errors.ts';
import { parseHostHeader } from '../policy/authority.ts';
import type { Authority } from '../policy/types.ts';

/** What one request inside a tunnel says about its target. */
export interface InnerNames {
  /** Request target as written. */
  readonly target: string;
  /** First Host; a repeated one is refused by forward/framing.ts. */
  readonly host: string | undefined;
}

/** Inside TLS, whatever the port (RFC 9110 §4.2.2). */
const DEFAULT_PORT = 443;

/**
 * @returns the origin-form path, byte for byte as written, or the refusal
 */
export function agreedPath(names: InnerNames, authority: Authority): string | ProxyError {
  const { target, host } = names;
  // HTTP/1.0 may do without Host; llhttp refuses its absence on 1.1.
  if (host !== undefined && !agrees(host, authority)) return new ProxyError('name_mismatch', { reason: 'host' });
  if (target.charCodeAt(0) === SLASH || target === '*') return target;
  // Absolute-form inside the tunnel: legal (RFC 9112 §3.2.2), and one more place for another name.
  const [, scheme = '', named = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^#]*)$/i.exec(target) ?? [];
  if (scheme.toLowerCase() !== 'https') return new ProxyError('name_mismatch', { reason: 'target_scheme' });
  if (!agrees(named, authority)) return new ProxyError('name_mismatch', { reason: 'target' });
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Host value against the authority, the default port and one trailing dot folded. */
function agrees(host: string, authority: Authority): boolean {
  // Nearly every request, without parsing.
  if (host === authority.host && authority.port === DEFAULT_PORT) return true;
  const named = parseHostHeader(host, DEFAULT_PORT);
  return named !== null && named.host === authority.host && named.port === authority.port;
}

/**
 * SNI against the authority.
 * @param servername as Node reports it; false when the client sent none, which addresses must not (RFC 6066 §3)
 */
export function sniAgrees(servername: string | false | null, authority: Authority): boolean {
  if (typeof servername !== 'string' || servername === '' || servername === authority.host) return true;
  if (isIP(servername) !== 0 && authority.kind === 'name') return false;
  return canonicalHost(servername)?.host === authority.host;
}

const SLASH = 0x2f;
