/**
 * What a failed handshake with a client means. By code: texts vary with the version of OpenSSL. Nothing here changes
 * what happens to the host: passing it through because a client refuses our certificate would let every client switch
 * inspection off.
 */

/**
 * `distrust` the client said so with an alert · `likely_distrust` it reset the connection inside the handshake, as Node
 * clients do · `unused` it closed after the handshake without a byte: a pinned key, or a spare connection ·
 * `no_protocol` no common ALPN or TLS version · `not_tls` · `timeout` · `unknown`
 */
export type HandshakeEnd =
  | 'distrust'
  | 'likely_distrust'
  | 'unused'
  | 'no_protocol'
  | 'not_tls'
  | 'timeout'
  | 'unknown';

const BY_CODE: Readonly<Record<string, HandshakeEnd>> = {
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'distrust',
  ERR_SSL_SSL_TLSV1_ALERT_UNKNOWN_CA: 'distrust',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'distrust',
  ERR_SSL_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'distrust',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'distrust',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'distrust',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: 'distrust',
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: 'distrust',
  ECONNRESET: 'likely_distrust',
  EPIPE: 'likely_distrust',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'no_protocol',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'no_protocol',
  ERR_SSL_NO_SHARED_CIPHER: 'no_protocol',
  ERR_SSL_HTTP_REQUEST: 'not_tls',
  ERR_SSL_WRONG_VERSION_NUMBER: 'not_tls',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'not_tls',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'timeout',
};

/** @param error what `tlsClientError` gave */
export function classifyHandshakeError(error: Error): HandshakeEnd {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return (Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined) ?? 'unknown';
}

/** Pairs remembered: the report is once each, and the memory bounded whatever clients do. */
const MAX_PAIRS = 10_000;

/** Which (client, host) were reported already. When it is full the oldest are forgotten, and may be reported again. */
export class Reported {
  readonly #pairs = new Set<string>();

  /** True the first time. */
  first(client: string, host: string, end: HandshakeEnd): boolean {
    const key = JSON.stringify([client, host, end]);
    if (this.#pairs.has(key)) return false;
    if (this.#pairs.size >= MAX_PAIRS) {
      const [oldest] = this.#pairs;
      if (oldest !== undefined) this.#pairs.delete(oldest);
    }
    this.#pairs.add(key);
    return true;
  }
}
