import { errors } from 'undici';
import { describe, expect, it } from 'vitest';
import { ProxyError } from '../errors.ts';
import { classifyOriginError } from './errors.ts';

function coded(code: string): Error {
  return Object.assign(new Error('connect 10.1.2.3:443 with a text that nobody may see'), { code });
}

describe('classifyOriginError', () => {
  it.each([
    [coded('CERT_HAS_EXPIRED'), 'origin_certificate CERT_HAS_EXPIRED'],
    [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'origin_certificate ERR_TLS_CERT_ALTNAME_INVALID'],
    [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'origin_certificate DEPTH_ZERO_SELF_SIGNED_CERT'],
    [coded('UNABLE_TO_GET_ISSUER_CERT_LOCALLY'), 'origin_certificate UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
    [coded('ERR_SSL_WRONG_VERSION_NUMBER'), 'origin_protocol ERR_SSL_WRONG_VERSION_NUMBER'],
    [coded('HPE_INVALID_CONSTANT'), 'origin_protocol HPE_INVALID_CONSTANT'],
    [new errors.HTTPParserError('Response does not match'), 'origin_protocol http'],
    [new errors.HeadersOverflowError(), 'origin_protocol UND_ERR_HEADERS_OVERFLOW'],
    [new errors.ResponseContentLengthMismatchError(), 'origin_protocol UND_ERR_RES_CONTENT_LENGTH_MISMATCH'],
    [new errors.RequestContentLengthMismatchError(), 'bad_request UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'],
    [new errors.HeadersTimeoutError(), 'origin_timeout UND_ERR_HEADERS_TIMEOUT'],
    [new errors.BodyTimeoutError(), 'origin_timeout UND_ERR_BODY_TIMEOUT'],
    [new errors.ConnectTimeoutError(), 'connect_timeout UND_ERR_CONNECT_TIMEOUT'],
    [new errors.SocketError('other side closed'), 'origin_reset UND_ERR_SOCKET'],
    [new errors.ClientDestroyedError(), 'shutting_down UND_ERR_DESTROYED'],
    [coded('ECONNRESET'), 'origin_reset ECONNRESET'],
    [coded('ETIMEDOUT'), 'origin_timeout ETIMEDOUT'],
    [coded('ECONNREFUSED'), 'connect_failed ECONNREFUSED'],
    [coded('EMFILE'), 'connect_failed EMFILE'],
    [new errors.InvalidArgumentError('invalid header'), 'internal'],
    [coded('ERR_SSL_<script>'), 'internal'],
    [coded('__proto__'), 'internal'],
    [coded('constructor'), 'internal'],
    [new TypeError('x'), 'internal'],
    ['a string', 'internal'],
    [undefined, 'internal'],
    [new ProxyError('address_denied', { reason: 'loopback' }), 'address_denied loopback'],
  ])('%s: %s', (error, expected) => {
    const classified = classifyOriginError(error);
    expect([classified.code, classified.reason].filter(Boolean).join(' ')).toBe(expected);
    expect(classified.message).not.toContain('10.1.2.3');
    if (!(error instanceof ProxyError)) expect(classified.cause).toBe(error);
  });
});
