/** Failures towards an origin, from the codes of Node, OpenSSL, llhttp and undici to ours. By code, never by text. */

import { errors } from 'undici';
import { type ErrorCode, ProxyError } from '../errors.ts';

/** Verification results of OpenSSL as Node names them (node:src/crypto/crypto_common.cc, X509_V_ERR_*). */
const CERTIFICATE_CODES: ReadonlySet<string> = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CRL_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_TLS_CERT_ALTNAME_FORMAT',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNSPECIFIED', // every other X509_V_ERR, name constraints and weak keys among them
]);

const CODES: Readonly<Record<string, ErrorCode>> = {
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  UND_ERR_HEADERS_TIMEOUT: 'origin_timeout',
  UND_ERR_BODY_TIMEOUT: 'origin_timeout',
  UND_ERR_HEADERS_OVERFLOW: 'origin_protocol',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'origin_protocol',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'origin_protocol',
  // The client promised another length than it sent; undici found out after we had checked the header.
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'bad_request',
  UND_ERR_SOCKET: 'origin_reset',
  UND_ERR_CLOSED: 'shutting_down',
  UND_ERR_DESTROYED: 'shutting_down',
  ECONNRESET: 'origin_reset',
  ECONNABORTED: 'origin_reset',
  EPIPE: 'origin_reset',
  ETIMEDOUT: 'origin_timeout',
  ECONNREFUSED: 'connect_failed',
  EHOSTUNREACH: 'connect_failed',
  ENETUNREACH: 'connect_failed',
  EADDRNOTAVAIL: 'connect_failed',
  EMFILE: 'connect_failed',
  ENFILE: 'connect_failed',
};

/**
 * @param error whatever dialling, TLS or undici gave
 * @returns a ProxyError whose reason is a code from a closed or vetted set; the original is its cause
 */
export function classifyOriginError(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (Object.hasOwn(CODES, code)) return new ProxyError(CODES[code] ?? 'internal', { reason: code, cause: error });
  if (CERTIFICATE_CODES.has(code)) return new ProxyError('origin_certificate', { reason: code, cause: error });
  // TLS that is none (a plain HTTP port), alerts, versions: ERR_SSL_*. Responses that llhttp refuses: HPE_*.
  if (/^(?:ERR_SSL|HPE)_[A-Z0-9_]{1,64}$/.test(code)) {
    return new ProxyError('origin_protocol', { reason: code, cause: error });
  }
  // undici means to give llhttp's code and gives none (8.12: it looks the number up among the names).
  if (error instanceof errors.HTTPParserError)
    return new ProxyError('origin_protocol', { reason: 'http', cause: error });
  return new ProxyError('internal', { cause: error });
}
