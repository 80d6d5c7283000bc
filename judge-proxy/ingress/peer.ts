/** What a TLS connection shows of its peer, read once a connection. */

import { Http2ServerRequest, type Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ClientRequest } from '../forward/forwarder.ts';
import type { Peer } from './identity.ts';

const NAMELESS: Peer = { kind: 'certificate', name: null };

/**
 * @param names DNS names of client certificates that are accepted
 * @returns the peer of a request; without a name when its certificate carries none of them
 */
export function peerReader(names: readonly string[]): (request: ClientRequest) => Peer {
  // By session on HTTP/2, because `session.socket` is a Proxy and not the socket of any other event (measured).
  const known = new WeakMap<Http2Session | Socket, Peer>();
  return (request) => {
    const connection = request instanceof Http2ServerRequest ? request.stream.session : request.socket;
    if (connection === undefined) return NAMELESS; // gone already
    const seen = known.get(connection);
    if (seen !== undefined) return seen;
    const peer: Peer = { kind: 'certificate', name: certifiedName(connection, names) };
    known.set(connection, peer);
    return peer;
  };
}

function certifiedName(connection: Http2Session | Socket, names: readonly string[]): string | null {
  const socket = 'socket' in connection ? connection.socket : connection;
  // Through the Proxy `instanceof` holds; anything else than an authorized TLS socket has no name.
  if (!(socket instanceof TLSSocket) || !socket.authorized) return null;
  const certificate = socket.getPeerX509Certificate();
  // SAN only, and literally: no wildcards, no common name.
  return (
    names.find((name) => certificate?.checkHost(name, { subject: 'never', wildcards: false }) !== undefined) ?? null
  );
}
