import { expect, test } from 'vitest';
import { classifyHandshakeError, Reported } from './distrust.ts';

test.each([
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'distrust'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'distrust'],
  ['ECONNRESET', 'likely_distrust'],
  ['ERR_SSL_NO_APPLICATION_PROTOCOL', 'no_protocol'],
  ['ERR_SSL_HTTP_REQUEST', 'not_tls'],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', 'timeout'],
  ['ERR_SSL_SOMETHING_NEW', 'unknown'],
  ['constructor', 'unknown'],
])('%s is %s', (code, expected) => {
  expect(classifyHandshakeError(Object.assign(new Error('text that changes'), { code }))).toBe(expected);
});

test('an error without a code is unknown', () => {
  expect(classifyHandshakeError(new Error('unknown ca'))).toBe('unknown');
});

test('each pair is reported once, and what is remembered is bounded', () => {
  const reported = new Reported();
  expect(reported.first('c', 'h', 'distrust')).toBe(true);
  expect(reported.first('c', 'h', 'distrust')).toBe(false);
  expect(reported.first('c', 'h', 'unused')).toBe(true);
  expect(reported.first('c', 'other', 'distrust')).toBe(true);
  for (let i = 0; i < 10_000; i += 1) reported.first(`c${i}`, 'h', 'distrust');
  expect(reported.first('c', 'h', 'distrust')).toBe(true);
});
