/**
 * Contract: Anthropic's own SDK, behind the real Envoy, notices nothing on a terminated host, streamed or not; every
 * exchange is read as `anthropic.messages` and judged in full, a secret in it is a finding and is written nowhere, and an
 * endpoint that is not read is on record as such.
 */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { ProxyAgent, fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import { errorBody, type MessageReply, message, messageEvents } from '../support/anthropic-shapes.ts';
import { Chain, HOSTS } from '../support/chain.ts';
import type { OriginHandler } from '../support/origin.ts';

const API_KEY = ['sk', 'ant', 'api03', 'HEADERlMNp3QrStUvWxYz0123456789'].join('-');
const LEAKED = ['sk-proj', 'a8Fj2kLmNp3QrStUvWxYz0123456789abcdefABCDEFGHIJ'].join('-');

interface Sent {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly { readonly content: string }[];
}

/** Echoes the last message; some words in it ask for something else. */
const handler: OriginHandler = (seen, res) => {
  res.setHeader('request-id', 'req_demo0001');
  const json = (status: number, body: object) =>
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (seen.url.startsWith('/v1/messages/count_tokens')) return void json(200, { input_tokens: 14 });
  const sent = JSON.parse(seen.body.toString('utf8')) as Sent;
  const asked = sent.messages.at(-1)?.content ?? '';
  if (asked.includes('overload')) return void json(529, errorBody('overloaded_error', 'Overloaded'));
  const events = messageEvents(replyTo(sent.model, asked));
  if (sent.stream !== true) return void json(200, message(replyTo(sent.model, asked)));
  const fails = asked.includes('fail');
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  for (const event of fails ? events.slice(0, 4) : events) write(event.type, event);
  if (fails) write('error', errorBody('api_error', 'Internal server error'));
  res.end();

  function write(name: string, data: object): void {
    res.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }
};

function replyTo(model: string, asked: string): MessageReply {
  if (asked.includes('leak')) return { model, text: `The key is ${LEAKED}, keep it.` };
  if (asked.includes('tool')) return { model, text: '', toolCall: { name: 'get_weather', input: { city: 'Lisbon' } } };
  return { model, text: `You said: ${asked}` };
}

describe.each(['h2', 'h1'] as const)("Anthropic's SDK through Envoy, hop %s", (hop) => {
  let chain: Chain;
  let agent: ProxyAgent;
  let client: Anthropic;

  beforeAll(async () => {
    chain = await Chain.start({ hop, handler });
    agent = new ProxyAgent({ uri: chain.proxyUrl, requestTls: { ca: await readFile(chain.caFile, 'utf8') } });
    client = new Anthropic({
      apiKey: API_KEY,
      maxRetries: 0,
      fetch: (url, init) =>
        undiciFetch(url as string, { ...(init as object), dispatcher: agent }) as unknown as Promise<Response>,
    });
  });
  afterAll(async () => {
    await agent?.close();
    await chain?.stop();
  });

  const ask = (model: string, content: string) => ({
    model,
    max_tokens: 100,
    messages: [{ role: 'user' as const, content }],
  });
  const textOf = (answer: Anthropic.Message) =>
    answer.content.map((block) => (block.type === 'text' ? block.text : ''));
  const verdictOf = (model: string): Promise<Verdict> => chain.verdict((verdict) => verdict.model_requested === model);

  it.each([
    ['JSON', 'claude-json', false],
    ['a stream', 'claude-stream', true],
  ])('%s: the client has its answer, the exchange is judged in full and is clean', async (_name, model, streamed) => {
    const params = ask(model, 'What is the capital of France?');
    const answer = streamed
      ? await client.messages.stream(params).finalMessage()
      : await client.messages.create(params);
    expect(textOf(answer)).toEqual(['You said: What is the capital of France?']);
    expect(answer.usage.cache_read_input_tokens).toBe(10);
    expect(await verdictOf(model)).toMatchObject({
      state: 'scored',
      decided_by: 'model',
      coverage: { level: 'full', reasons: [] },
      overall: { label: 'clean' },
      action: 'allowed',
      route: 'anthropic',
      host: HOSTS.anthropic,
      api: 'anthropic.messages',
      model_returned: model,
      streamed,
      status: 200,
      tokens_in: 42,
      tokens_out: answer.usage.output_tokens,
      latest_user_message: 'What is the capital of France?',
      llm_error: null,
    });
  });

  it('a streamed tool call arrives whole, and is judged', async () => {
    const answer = await client.messages.stream(ask('claude-tool', 'use the tool')).finalMessage();
    expect(answer).toMatchObject({
      stop_reason: 'tool_use',
      content: [{ type: 'tool_use', name: 'get_weather', input: { city: 'Lisbon' } }],
    });
    expect(await verdictOf('claude-tool')).toMatchObject({ coverage: { level: 'full' }, overall: { label: 'clean' } });
  });

  it.each([
    ['in a prompt', 'claude-prompt', `what is wrong with ${LEAKED}?`, false],
    ['in an answer', 'claude-answer', 'please leak', false],
    ['in a streamed answer, split over events', 'claude-split', 'please leak', true],
  ])(
    'a secret %s reaches who it was sent to, is a violation, and is written nowhere',
    async (_name, model, content, streamed) => {
      const params = ask(model, content);
      const answer = streamed
        ? await client.messages.stream(params).finalMessage()
        : await client.messages.create(params);
      expect(textOf(answer).join()).toContain(LEAKED);
      const verdict = await verdictOf(model);
      expect(verdict).toMatchObject({ overall: { label: 'violation' }, action: 'would_block' });
      expect(verdict.rule_hits.length).toBeGreaterThan(0);
      const files = (await readdir(chain.folder)).filter((name) => name.startsWith('ledger'));
      expect(files).toContain('ledger.db');
      const stored = await Promise.all(files.map((name) => readFile(join(chain.folder, name), 'latin1')));
      const judged = Buffer.concat((chain.judgeModel?.seen ?? []).map((seen) => seen.body)).toString('utf8');
      const logged = JSON.stringify(chain.proxy.lines) + chain.proxy.text.join('\n');
      for (const secret of [LEAKED, API_KEY]) {
        expect(judged.includes(secret), 'in what the judge got').toBe(false);
        expect(logged.includes(secret), 'in the log').toBe(false);
        expect(stored.join().includes(secret), 'in the ledger').toBe(false);
      }
    },
  );

  it('an error raises the SDK’s own class and is on record with its class', async () => {
    const failed = client.messages.create(ask('claude-overload', 'overload'));
    await expect(failed).rejects.toMatchObject({ status: 529, type: 'overloaded_error' });
    expect(await verdictOf('claude-overload')).toMatchObject({
      status: 529,
      llm_error: { source: 'origin', class: 'transient', status: 529, code: 'overloaded_error' },
    });
  });

  it('an error inside a stream reaches the client, and what came before it is not clean', async () => {
    const failed = client.messages.stream(ask('claude-fail', 'fail in the middle')).finalMessage();
    await expect(failed).rejects.toBeInstanceOf(APIError);
    expect(await verdictOf('claude-fail')).toMatchObject({
      status: 200,
      coverage: { level: 'partial', reasons: ['stream_broken'] },
      llm_error: { class: 'transient', code: 'api_error' },
    });
    expect((await verdictOf('claude-fail')).overall.label).not.toBe('clean');
  });

  it('an endpoint that is not read is on record with coverage none', async () => {
    const counted = await client.messages.countTokens({
      model: 'claude-count',
      messages: [{ role: 'user', content: 'count me' }],
    });
    expect(counted.input_tokens).toBe(14);
    expect(await chain.verdict((verdict) => verdict.api === 'unknown')).toMatchObject({
      host: HOSTS.anthropic,
      coverage: { level: 'none', reasons: ['unknown_api'] },
    });
  });
});
