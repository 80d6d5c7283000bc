/**
 * Contract: a webhook is signed as Standard Webhooks 1.0.0 says, so that the libraries of its receivers check it. The first
 * case is the example of the specification.
 */

import { expect, test } from 'vitest';
import { signed } from './signature.ts';

test('the example of the specification', () => {
  const headers = signed(
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'msg_p5jXN8AQM9LWM0D4loKWxJek',
    1_614_265_330,
    '{"test": 2432232314}',
  );
  expect(headers).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('text is a key as it is, and another key, id, time or body is another signature', () => {
  const of = (secret: string, id: string, seconds: number, body: string) => signed(secret, id, seconds, body);
  const first = of('a secret of words', 'msg_1', 1, '{}')['webhook-signature'];
  expect(first).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
  for (const other of [
    of('another secret', 'msg_1', 1, '{}'),
    of('a secret of words', 'msg_2', 1, '{}'),
    of('a secret of words', 'msg_1', 2, '{}'),
    of('a secret of words', 'msg_1', 1, '{ }'),
  ]) {
    expect(other['webhook-signature']).not.toBe(first);
  }
});

test('without a secret there is no signature', () => {
  expect(Object.keys(signed('', 'msg_1', 1, '{}'))).toEqual(['webhook-id', 'webhook-timestamp']);
});
