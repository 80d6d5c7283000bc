/** New connections of a pool: resolve, vet and dial each time, then TLS. */

import { buildConnector } from 'undici';
import { ProxyError } from '../errors.ts';
import type { Authority } from '../policy/types.ts';
import { type DialOptions, dial } from './dial.ts';
import { classifyOriginError } from './errors.ts';
import type { Trust } from './trust.ts';
import type { VettedTarget } from './upstream.ts';

export interface ConnectorOptions {
  readonly vet: (authority: Authority) => Promise<VettedTarget>;
  readonly trust: Trust;
  /** TCP, all attempts together, in milliseconds. */
  readonly connectMs: number;
  /** TLS handshake, in milliseconds. */
  readonly handshakeMs: number;
}

/**
 * A connector for one origin. What undici takes from the request (host, servername from the Host header) is ignored:
 * address, SNI and the checked name come from the authority alone.
 */
export function originConnector(
  authority: Authority,
  secure: boolean,
  options: ConnectorOptions,
): buildConnector.connector {
  const dialOptions: DialOptions = { timeoutMs: options.connectMs, allowHalfOpen: false };
  const startTls = buildConnector({
    allowH2: false, // undici 8 offers h2 by default (#3140, #5089, #5638)
    secureContext: options.trust.secureContext,
    rejectUnauthorized: true, // said, so that NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment changes nothing
    timeout: options.handshakeMs,
    keepAlive: false, // set by dial
  });
  return (_request, callback) => {
    const failed = (error: unknown) => callback(classifyOriginError(error), null);
    options
      .vet(authority)
      .then((target) => dial(target, dialOptions))
      .then((socket) => {
        if (!secure) return callback(null, socket);
        startTls(
          {
            protocol: 'https:',
            hostname: authority.host, // what the certificate is checked against when there is no servername
            port: String(authority.port),
            httpSocket: socket,
            // With an IP literal Node 26 throws ERR_INVALID_ARG_VALUE; RFC 6066 §3 forbids it anyway.
            ...(authority.kind === 'name' ? { servername: authority.host } : {}),
          },
          (error, tls) => (error === null ? callback(null, tls) : failed(handshakeFailure(error))),
        );
      }, failed)
      // undici's callback reports its own failures; one that throws is a defect, and the request must not hang on it.
      .catch(failed);
  };
}

function handshakeFailure(error: Error): Error {
  const timedOut = 'code' in error && error.code === 'UND_ERR_CONNECT_TIMEOUT';
  return timedOut ? new ProxyError('connect_timeout', { reason: 'tls_handshake', cause: error }) : error;
}
