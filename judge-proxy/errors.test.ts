import { describe, expect, test } from 'vitest';
import { ERRORS, type ErrorCode, ProxyError, refusal } from './errors.ts';

const CODES = Object.keys(ERRORS) as ErrorCode[];

function headersOf(headers: readonly string[]): Map<string, string> {
  const pairs: [string, string][] = [];
  for (let index = 0; index < headers.length; index += 2) pairs.push([headers[index] ?? '', headers[index + 1] ?? '']);
  expect(new Set(pairs.map(([name]) => name)).size).toBe(pairs.length);
  return new Map(pairs);
}

describe('the table', () => {
  test.each(CODES)('%s has an error status, and texts for people', (code) => {
    const entry = ERRORS[code];
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
    expect(entry.message).toMatch(/^[A-Z].*\.$/);
    expect(entry.remedy).toMatch(/^[A-Z].*\.$/);
  });
});

describe('a refusal', () => {
  test.each(CODES)('%s: status, code and ids, in a body that SDKs of OpenAI can read', (code) => {
    const answer = refusal(new ProxyError(code), { requestId: 'r-1' });
    expect(answer.status).toBe(ERRORS[code].status);
    expect(JSON.parse(answer.body)).toEqual({
      error: { code, message: ERRORS[code].message, type: 'judge_proxy_error', param: null, request_id: 'r-1' },
    });
    const headers = headersOf(answer.headers);
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('content-length')).toBe(String(Buffer.byteLength(answer.body)));
    expect(headers.get('x-judge-code')).toBe(code);
    expect(headers.get('x-judge-request-id')).toBe('r-1');
  });

  test('names the route and the reason when there are some', () => {
    const answer = refusal(new ProxyError('origin_certificate', { reason: 'expired' }), {
      requestId: 'r',
      route: 'openai',
    });
    expect(JSON.parse(answer.body).error).toMatchObject({ route: 'openai', reason: 'expired' });
  });

  test('counts bytes, not characters', () => {
    const answer = refusal(new ProxyError('route_denied'), { requestId: 'r', route: 'bücher' });
    expect(headersOf(answer.headers).get('content-length')).toBe(String(Buffer.byteLength(answer.body)));
  });

  test('shows nothing of the cause', () => {
    const cause = new Error('connect ECONNREFUSED 10.0.0.1:443 planted');
    const error = new ProxyError('connect_failed', { cause });
    expect(error.cause).toBe(cause);
    expect(error.message).toBe(ERRORS.connect_failed.message);
    expect(JSON.stringify(refusal(error, { requestId: 'r' }))).not.toMatch(/planted|10\.0\.0\.1/);
  });

  test('Retry-After comes exactly with what passes by itself', () => {
    const retried = CODES.filter((code) =>
      headersOf(refusal(new ProxyError(code), { requestId: 'r' }).headers).has('retry-after'),
    );
    expect(retried.sort()).toEqual(['ledger_unavailable', 'shutting_down', 'too_many_exchanges', 'too_many_tunnels']);
    for (const code of retried) expect(ERRORS[code].status).toBe(503);
  });
});
