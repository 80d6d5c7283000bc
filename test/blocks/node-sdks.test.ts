/**
 * Contract: whatever the judge stops, and wherever, openai-node and anthropic's Node SDK raise their own error with our
 * code and text, or return an answer that says why it ended; with the plain calls and with the helpers that assemble; they
 * ask once and never hang.
 */

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { ContentFilterFinishReasonError } from 'openai/core/error';
import { makeParseableResponseFormat } from 'openai/lib/parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as chat from '../../judge-proxy/apis/testing/chat-fixtures.ts';
import { type Case, tailCase, tailCases, wholeCases } from './cases.ts';
import { type BlockOrigin, serveCases } from './origin.ts';
import { faults, type Outcome } from './outcome.ts';

const MESSAGES = [{ role: 'user' as const, content: 'hi' }];
const CHAT = { model: 'm-1', messages: MESSAGES };
const RESPONSE = { model: 'm-1', input: 'hi' };
const MESSAGE = { model: 'm-1', max_tokens: 9, messages: MESSAGES };

type Call = (url: string, streamed: boolean) => Promise<Outcome>;

/** As its users call it: two retries, which is the default. */
const openai = (url: string) => new OpenAI({ apiKey: 'k', baseURL: `${url}/v1` });
const anthropic = (url: string) => new Anthropic({ apiKey: 'k', baseURL: url });

const plain: Readonly<Record<Case['api'], Call>> = {
  async chat(url, streamed) {
    if (!streamed) return chatOutcome(await openai(url).chat.completions.create(CHAT));
    const finish = new Map<number, string>();
    let refusal = '';
    for await (const chunk of await openai(url).chat.completions.create({ ...CHAT, stream: true }))
      for (const choice of chunk.choices) {
        if (choice.finish_reason !== null) finish.set(choice.index, choice.finish_reason);
        refusal = (choice.delta.refusal ?? '') === '' ? refusal : (choice.delta.refusal ?? '');
      }
    return returned([...finish.values()], refusal);
  },
  async responses(url, streamed) {
    if (!streamed) return responseOutcome(await openai(url).responses.create(RESPONSE));
    let last: OpenAI.Responses.ResponseStreamEvent | null = null;
    let sequence = -1;
    for await (const event of await openai(url).responses.create({ ...RESPONSE, stream: true })) {
      expect(event.sequence_number).toBe(++sequence);
      last = event;
    }
    return last?.type === 'response.incomplete'
      ? responseOutcome(last.response)
      : returned([last?.type ?? 'none'], null);
  },
  async messages(url, streamed) {
    if (!streamed) return messageOutcome(await anthropic(url).messages.create(MESSAGE));
    const open = new Set<number>();
    let stopped: Anthropic.RawMessageDeltaEvent['delta'] | null = null;
    let last = '';
    for await (const event of await anthropic(url).messages.create({ ...MESSAGE, stream: true })) {
      if (event.type === 'content_block_start') open.add(event.index);
      if (event.type === 'content_block_stop') expect(open.delete(event.index)).toBe(true);
      if (event.type === 'message_delta') stopped = event.delta;
      last = event.type;
    }
    expect(open.size).toBe(0);
    return returned(
      [last === 'message_stop' ? (stopped?.stop_reason ?? 'none') : last],
      stopped?.stop_details?.explanation,
    );
  },
};

/** Helpers that put the stream together. */
const assembled: Readonly<Record<Case['api'], Call>> = {
  chat: async (url) => chatOutcome(await openai(url).chat.completions.stream(CHAT).finalChatCompletion()),
  responses: async (url) => responseOutcome(await openai(url).responses.stream(RESPONSE).finalResponse()),
  messages: async (url) => messageOutcome(await anthropic(url).messages.stream(MESSAGE).finalMessage()),
};

describe.each([
  ['before anything was sent, plain calls', wholeCases(), plain],
  ['before anything was sent, helpers', wholeCases().filter((one) => one.streamed), assembled],
  ['behind each event, plain calls', tailCases(), plain],
  ['behind each event, helpers', tailCases(), assembled],
] as const)('%s', (_name, cases, calls) => {
  let origin: BlockOrigin;
  beforeAll(async () => {
    origin = await serveCases(cases);
  });
  afterAll(async () => {
    await origin[Symbol.asyncDispose]();
  });

  it.each(cases.map((one, index) => [one.name, one, index] as const))('%s', async (_title, one, index) => {
    const seen = await calls[one.api](origin.url(index), one.streamed).catch(raised);
    expect(faults(one, seen, origin.requests(index)), JSON.stringify(seen)).toEqual([]);
  });
});

describe('structured outputs', () => {
  const format = { type: 'json_schema', json_schema: { name: 'a', strict: true, schema: { type: 'object' } } } as const;
  const events = [
    chat.chunk({ role: 'assistant', content: '{"city":' }),
    chat.chunk({ content: '"Rome"}' }),
    chat.chunk({}, { finish: 'stop' }),
  ];

  it.each([
    ['error', 1],
    ['finish', 1],
    ['error', 2],
    ['finish', 2],
  ] as const)('%s behind %i: an answer that was cut is never taken for a whole one', async (style, released) => {
    const one = tailCase({ name: 'JSON', api: 'chat', events }, style, released);
    await using origin = await serveCases([one]);
    const response_format = makeParseableResponseFormat(format, (content) => JSON.parse(content) as unknown);
    const stream = openai(origin.url(0)).chat.completions.stream({ ...CHAT, response_format });
    const error = await stream.finalChatCompletion().then(
      () => null,
      (problem: unknown) => problem,
    );
    expect(error).toBeInstanceOf(style === 'error' ? OpenAI.APIError : ContentFilterFinishReasonError);
    expect(origin.requests(0)).toBe(1);
  });
});

function returned(finish: readonly string[], refusal: string | null | undefined): Outcome {
  return { raised: null, status: null, code: null, message: null, finish, refusal: refusal ?? null };
}

function chatOutcome(completion: OpenAI.ChatCompletion): Outcome {
  const { choices } = completion;
  return returned(
    choices.map((choice) => choice.finish_reason),
    choices.at(-1)?.message.refusal,
  );
}

function responseOutcome(response: OpenAI.Responses.Response): Outcome {
  const item = response.output.at(-1);
  const part = item?.type === 'message' ? item.content.at(-1) : undefined;
  const finish = `${response.status} ${response.incomplete_details?.reason}`;
  return returned([finish], part?.type === 'refusal' ? part.refusal : null);
}

function messageOutcome(message: Anthropic.Message): Outcome {
  return returned([message.stop_reason ?? 'none'], message.stop_details?.explanation);
}

function raised(error: unknown): Outcome {
  const none = { finish: [], refusal: null };
  if (error instanceof OpenAI.APIError) {
    const { status, code, message } = error;
    return { raised: error.constructor.name, status: status ?? null, code: code ?? null, message, ...none };
  }
  if (error instanceof Anthropic.APIError) {
    const body = error.error as { error?: { details?: { error_code?: string } } };
    const code = body.error?.details?.error_code ?? null;
    return { raised: error.constructor.name, status: error.status ?? null, code, message: error.message, ...none };
  }
  return { raised: String(error), status: null, code: null, message: null, ...none };
}
