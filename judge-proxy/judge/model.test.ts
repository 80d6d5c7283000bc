/**
 * One call of the judge model against a real endpoint: what is sent, and what each kind of answer becomes. No answer
 * makes it throw, none is repeated by the client, no redirect is followed, no key is told.
 */

import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { chatCompletion } from '../../test/support/openai-shapes.ts';
import { systemClock } from '../telemetry/clock.ts';
import { answerJsonSchema } from './answer-schema.ts';
import { checkedBaseUrl, createJudgeModel, type JudgeReply } from './model.ts';
import { answering, completing, hanging, JUDGE_KEY, startJudgeServer } from './testing/judge-server.ts';
import { RUBRIC } from './testing/judgements.ts';

const CALL = { system: 'You judge.', user: 'this', schema: answerJsonSchema(RUBRIC) };
const NEVER = new AbortController().signal;

async function reply(...args: Parameters<typeof startJudgeServer>): Promise<JudgeReply> {
  await using server = await startJudgeServer(...args);
  const { reply: answer } = await server.model.ask(CALL, NEVER);
  expect(JSON.stringify(answer)).not.toContain(JUDGE_KEY);
  return answer;
}

describe('the request', () => {
  it('goes to the path below the base URL with key, schema and messages', async () => {
    await using server = await startJudgeServer(completing({}, '{}'));
    await server.model.ask(CALL, NEVER);
    const [seen] = server.origin.seen;
    expect(seen?.method).toBe('POST');
    expect(seen?.url).toBe('/v1/chat/completions');
    expect(seen?.headers.authorization).toBe(`Bearer ${JUDGE_KEY}`);
    expect(JSON.parse(seen?.body.toString() ?? '')).toEqual({
      model: 'test-judge',
      messages: [
        { role: 'system', content: 'You judge.' },
        { role: 'user', content: 'this' },
      ],
      response_format: { type: 'json_schema', json_schema: { name: 'judgement', strict: true, schema: CALL.schema } },
      temperature: 0,
    });
  });

  it.each(['gpt-5-mini', 'gpt-5', 'o3', 'openai/gpt-5-nano'])('leaves the temperature of %s alone', async (name) => {
    await using server = await startJudgeServer(completing({}, '{}'), { name });
    await server.model.ask(CALL, NEVER);
    expect(JSON.parse(server.origin.seen[0]?.body.toString() ?? '')).not.toHaveProperty('temperature');
  });
});

describe('an answer', () => {
  it('has text, model and usage', async () => {
    const completion = {
      ...chatCompletion({ model: 'test-judge-2026', text: '{"a":1}' }),
      usage: {
        prompt_tokens: 90,
        completion_tokens: 8,
        total_tokens: 98,
        prompt_tokens_details: { cached_tokens: 64 },
      },
    };
    expect(await reply(answering(200, completion))).toEqual({
      kind: 'answer',
      text: '{"a":1}',
      model: 'test-judge-2026',
      usage: { in: 90, out: 8, cached: 64 },
      outputMode: 'json_schema',
    });
  });

  it.each<[string, unknown, string]>([
    ['nothing but an object', {}, ''],
    ['no choices', { choices: [], model: 'm' }, ''],
    ['no message', { choices: [{}], model: 'm' }, ''],
    ['content that is no text', { choices: [{ message: { content: 5 } }], model: 'm' }, ''],
    [
      'usage that is none',
      { choices: [{ message: { content: 'x' } }], usage: { prompt_tokens: -1, completion_tokens: 'a' } },
      'x',
    ],
    ['null', null, ''],
    ['a text', '"hello"', ''],
  ])('with %s is an answer without text, or a failure', async (_, body, text) => {
    const answer = await reply(answering(200, body));
    if (answer.kind === 'failed') expect(answer.state).toBe('provider_error');
    else expect(answer).toMatchObject({ kind: 'answer', text, usage: null });
  });

  it.each([
    ['a refusal', completing({ message: { role: 'assistant', content: null, refusal: 'I cannot.' } })],
    ['a content filter', completing({ finish_reason: 'content_filter' })],
    [
      'a 400 of a content filter',
      answering(400, { error: { message: 'x', type: null, param: null, code: 'content_filter' } }),
    ],
    [
      'a 400 of a content policy',
      answering(400, {
        error: { message: 'x', type: 'invalid_request_error', param: null, code: 'content_policy_violation' },
      }),
    ],
  ])('of %s is a refusal', async (_, handler) => expect(await reply(handler)).toMatchObject({ kind: 'refused' }));
});

describe('a failure', () => {
  const error = (code: string | null, type: string) => ({
    error: { message: `secret ${JUDGE_KEY}`, type, param: null, code },
  });

  it.each<[number, object | string, Record<string, string>, string, boolean, number | null]>([
    [429, error('rate_limit_exceeded', 'requests'), { 'retry-after': '7' }, 'rate_limit', true, 7_000],
    [
      429,
      error('rate_limit_exceeded', 'requests'),
      { 'retry-after-ms': '120', 'retry-after': '7' },
      'rate_limit',
      true,
      120,
    ],
    [
      429,
      error('rate_limit_exceeded', 'requests'),
      { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' },
      'rate_limit',
      true,
      null,
    ],
    [429, error('insufficient_quota', 'insufficient_quota'), { 'retry-after': '7' }, 'quota', false, null],
    [500, 'Internal Server Error', {}, 'transient', true, null],
    [503, error(null, 'overloaded'), { 'retry-after': '-3' }, 'transient', true, null],
    [408, {}, {}, 'transient', true, null],
    [401, error('invalid_api_key', 'invalid_request_error'), {}, 'auth', false, null],
    [403, {}, {}, 'auth', false, null],
    [402, {}, {}, 'quota', false, null],
    [400, error('context_length_exceeded', 'invalid_request_error'), {}, 'permanent', false, null],
    [404, error('model_not_found', 'invalid_request_error'), {}, 'permanent', false, null],
    [302, '', { location: 'http://127.0.0.1:1/v1/chat/completions' }, 'permanent', false, null],
    [307, '', { location: '/v1/elsewhere' }, 'permanent', false, null],
  ])('%i %j is of its class, and asked once', async (status, body, headers, errorClass, again, retryAfterMs) => {
    await using server = await startJudgeServer(answering(status, body, headers));
    const { reply: answer } = await server.model.ask(CALL, NEVER);
    expect(answer).toMatchObject({ kind: 'failed', state: 'provider_error', again, retryAfterMs });
    expect(answer).toMatchObject({ error: { source: 'judge', class: errorClass, status } });
    expect(JSON.stringify(answer)).not.toContain(JUDGE_KEY);
    expect(server.origin.seen).toHaveLength(1);
  });

  it('of a redirect is not followed by any fetch', async () => {
    const handler = answering(307, '', { location: '/v1/elsewhere' });
    await using server = await startJudgeServer(handler, { fetch: globalThis.fetch });
    expect((await server.model.ask(CALL, NEVER)).reply).toMatchObject({ kind: 'failed', error: { status: 307 } });
    expect(server.origin.seen.map(({ url }) => url)).toEqual(['/v1/chat/completions']);
  });

  it('to connect is transient', async () => {
    const gone = await startJudgeServer();
    await gone.origin.close();
    expect((await gone.model.ask(CALL, NEVER)).reply).toMatchObject({
      kind: 'failed',
      again: true,
      error: { class: 'transient', status: null },
    });
    await gone[Symbol.asyncDispose]();
  });

  it('of a cut answer is transient', async () => {
    const cut = await reply((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
      response.write('{"choices":[');
      response.socket?.end();
    });
    expect(cut).toMatchObject({ kind: 'failed', state: 'provider_error', again: true });
  });

  it('of an answer without end is bounded', async () => {
    const endless = await reply((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const block = Buffer.alloc(65_536, ' ');
      const more = () => {
        while (!response.destroyed && response.write(block)) {}
      };
      response.on('drain', more);
      more();
    });
    expect(endless).toMatchObject({ kind: 'failed', state: 'provider_error' });
  });
});

describe('time', () => {
  it.each([
    ['no answer', hanging],
    [
      'headers and nothing more',
      (_: unknown, response: import('node:http').ServerResponse) => void response.writeHead(200).flushHeaders(),
    ],
  ])('runs out on %s', async (_, handler) => {
    expect(await reply(handler, { timeout: 80 })).toEqual({
      kind: 'failed',
      state: 'timeout',
      error: null,
      again: true,
      retryAfterMs: null,
    });
  });

  it('ends when the caller gives up, and the endpoint sees it', async () => {
    await using server = await startJudgeServer(hanging);
    const stop = new AbortController();
    const arrived = server.origin.next();
    const aborted = once(server.origin.events, 'abort');
    const answer = server.model.ask(CALL, stop.signal);
    await arrived;
    stop.abort();
    expect((await answer).reply).toEqual({ kind: 'aborted' });
    await aborted;
  });
});

describe('a base URL', () => {
  it.each([
    ['https://api.openai.com/v1', 'https://api.openai.com/v1'],
    ['https://api.openai.com/v1/', 'https://api.openai.com/v1'],
    ['http://127.0.0.1:8000', 'http://127.0.0.1:8000'],
    ['http://[::1]:8000/openai/v1', 'http://[::1]:8000/openai/v1'],
  ])('%s is taken', (text, url) => expect(checkedBaseUrl(text)).toBe(url));

  it.each([
    ...['https://a.example/v1/../admin', 'https://a.example/./v1', 'https://a.example/v1?x=', 'https://a.example/v1#'],
    ...[
      'https://user@a.example/v1',
      'https://a.example@b.example/v1',
      'https://a.example/v1\r\nHost: b',
      'https://a.example/v1 ',
    ],
    ...[
      'https://a.example/%2e%2e/x',
      'https://a.example\\@b.example',
      'file:///etc/passwd',
      'ftp://a.example',
      'a.example',
      '',
    ],
    ...['https://a.example//b.example', 'https://a.example:99999999/', 'javascript:alert(1)'],
  ])('%j is refused', (text) => expect(() => checkedBaseUrl(text)).toThrow(/base_url/));
});

it('refuses a key that would break a header, without showing it', () => {
  const create = () =>
    createJudgeModel({
      base_url: 'https://a.example',
      api_key: 'se\ncret',
      name: 'm',
      timeout: 1,
      fetch,
      clock: systemClock,
    });
  expect(create).toThrow(/^the API key of the judge has characters that no key has$/);
});
