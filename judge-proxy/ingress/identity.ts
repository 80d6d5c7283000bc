/** Who a connection speaks for. Pure: what the connection shows in, a client or a refusal out. */

import { ProxyError } from '../errors.ts';
import { canonicalIp } from '../upstream/ip.ts';

/** What a connection shows about its peer. */
export type Peer =
  /** The plain loopback listener: nobody vouches for anything, the socket's address is all there is. */
  | { readonly kind: 'plain'; readonly address: string | undefined }
  /** A certificate of our CA, verified by TLS. `name`: which of `client_names` it carries, null when none. */
  | { readonly kind: 'certificate'; readonly name: string | null };

/** Written by Envoy from the TCP peer, after it has removed what the client wrote. */
const CLIENT_ADDRESS_HEADER = 'x-judge-client-ip';

/**
 * @param peer what the connection shows
 * @param rawHeaders flat list of names and values; read only when the peer may say who the client is
 * @returns the client, `address:10.0.0.7` or `certificate:envoy-proxy`; or `client_unknown`
 */
export function identify(peer: Peer, rawHeaders: readonly string[]): string | ProxyError {
  if (peer.kind === 'plain') {
    const address = canonicalIp(peer.address);
    return address === undefined ? new ProxyError('client_unknown', { reason: 'gone' }) : `address:${address}`;
  }
  if (peer.name === null) return new ProxyError('client_unknown', { reason: 'certificate_name' });
  const stated = statedAddress(rawHeaders);
  return stated === undefined ? `certificate:${peer.name}` : `address:${stated}`;
}

/** The address in the header, when it stands there exactly once and is one. Anything else is not Envoy's doing. */
function statedAddress(rawHeaders: readonly string[]): string | undefined {
  let stated: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== CLIENT_ADDRESS_HEADER) continue;
    if (stated !== undefined) return undefined;
    stated = rawHeaders[i + 1] ?? '';
  }
  return canonicalIp(stated);
}
