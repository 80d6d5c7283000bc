/**
 * Signs webhooks as Standard Webhooks does (standardwebhooks.com, specification 1.0.0): HMAC-SHA-256 over id, time and
 * body, so that nobody else can make one, and an old one cannot be sent again as new.
 */

import { createHmac } from 'node:crypto';

/**
 * @param secret `whsec_` with base64, or text that is taken as it is
 * @param id of the delivery: the same when it is tried again
 * @param seconds since 1970, when it is sent
 * @returns headers; without a secret those without the signature
 */
export function signed(secret: string, id: string, seconds: number, body: string): Record<string, string> {
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(seconds) };
  if (secret === '') return headers;
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${signature}` };
}
