/** Every path and method has one answer: a format that reads it, or none, which is recorded as not judged. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deploymentOf } from './paths.ts';
import { API_NAMES, apis, findApi } from './registry.ts';
import { anyText } from './testing/exchange.ts';
import { describeWithDescription } from './testing/openai-description.ts';

const nameOf = (method: string, path: string) => findApi(method, path)?.name ?? null;
const CHAT = 'openai.chat_completions';
const RESPONSES = 'openai.responses';
const RESPONSES_WEBSOCKET = 'openai.responses_websocket';
const MESSAGES = 'anthropic.messages';

describe('findApi', () => {
  it.each([
    ['POST', '/v1/chat/completions', CHAT],
    ['POST', '/v1/chat/completions?beta=true', CHAT],
    ['POST', '/chat/completions', CHAT],
    ['POST', '/openai/deployments/my-model/chat/completions?api-version=2026-01-01', CHAT],
    ['POST', '/api/v1/chat/completions/', CHAT],
    ['POST', '/v1//chat/completions', CHAT],
    ['POST', '/v1/%63hat/completions', CHAT],
    ['POST', '/V1/Chat/Completions', CHAT],
    ['POST', '/v1/responses', RESPONSES],
    ['POST', '/openai/v1/responses?x=/chat/completions', RESPONSES],
    ['GET', '/v1/chat/completions', null],
    ['GET', '/v1/responses', RESPONSES_WEBSOCKET],
    ['GET', '/v1/responses/resp_1', null],
    ['POST', '/v1/chat/completions/chatcmpl-1', null],
    ['POST', '/v1/responses/compact', null],
    ['POST', '/v1/responses/resp_1/cancel', null],
    ['POST', '/v1/completions', null],
    ['POST', '/v1/notresponses', null],
    ['POST', '/v1/embeddings?to=/v1/responses', null],
    ['POST', '/%zz/responses', RESPONSES],
    ['POST', '/v1/messages', MESSAGES],
    ['POST', '/v1/messages?beta=true', MESSAGES],
    ['POST', '/anthropic/v1/messages', MESSAGES],
    ['GET', '/v1/messages', null],
    ['POST', '/messages', null],
    ['POST', '/v1/threads/thread_1/messages', null],
    ['POST', '/v1/messages/count_tokens', null],
    ['POST', '/v1/messages/batches', null],
    ['post', '/v1/responses', null],
    ['POST', '', null],
  ])('%s %s: %s', (method, path, name) => {
    expect(nameOf(method, path)).toBe(name);
  });

  it('never throws and never names what is not listed (property)', () => {
    fc.assert(
      fc.property(fc.constantFrom('POST', 'GET'), anyText, (method, path) => {
        for (const suffix of ['', '/responses', '/chat/completions', '/v1/messages']) {
          const name = nameOf(method, path + suffix);
          if (name !== null) expect(API_NAMES).toContain(name);
        }
      }),
    );
  });

  it('has one name for each format, fit for a metric label', () => {
    expect(new Set(API_NAMES).size).toBe(apis.length);
    for (const name of API_NAMES) expect(name).toMatch(/^[a-z]+\.[a-z_]+$/);
  });
});

it('reads the deployment of an Azure path', () => {
  expect(deploymentOf('/openai/deployments/a%2Fb/chat/completions?deployments/x/')).toBe('a/b');
  expect(deploymentOf('/v1/chat/completions')).toBeNull();
});

describeWithDescription('the published description', ({ operations }) => {
  it('maps each of its operations to a format or to none', () => {
    const read = operations.filter(({ method, path }) => findApi(method, `/v1${path}`) !== null);
    expect(operations.length).toBeGreaterThan(180);
    expect(read.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'POST /chat/completions',
      'POST /responses',
      'POST /responses?beta=true',
    ]);
  });
});
