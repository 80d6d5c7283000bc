/**
 * Contract: every block has the shape that the API's own answers have (OpenAI's by its published description), says what
 * the route lets it say, and nothing else; a stream that is ended goes on as it began.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../judge-proxy/apis/anthropic-messages.ts';
import type { Block } from '../../judge-proxy/apis/block.ts';
import { fallbackBlock } from '../../judge-proxy/apis/fallback-block.ts';
import { openaiChat } from '../../judge-proxy/apis/openai-chat.ts';
import { openaiResponses } from '../../judge-proxy/apis/openai-responses.ts';
import { openaiResponsesWebSocket } from '../../judge-proxy/apis/openai-responses-websocket.ts';
import { parseSse } from '../../judge-proxy/apis/sse.ts';
import * as chat from '../../judge-proxy/apis/testing/chat-fixtures.ts';
import { sse } from '../../judge-proxy/apis/testing/exchange.ts';
import { describeWithDescription } from '../../judge-proxy/apis/testing/openai-description.ts';
import { BLOCK, type Case, tailCases, wholeCases } from './cases.ts';

type Fields = Record<string, unknown>;
const apis = [openaiChat, openaiResponses, anthropicMessages] as const;

/** The data of the events behind those that the client had. */
function added(one: Case): Fields[] {
  const had = parseSse(one.released ?? '').length;
  return parseSse(one.body)
    .slice(had)
    .filter((event) => event.data !== '[DONE]')
    .map((event) => JSON.parse(event.data) as Fields);
}

describeWithDescription('by the description', (description) => {
  const SCHEMAS = {
    chat: { whole: 'CreateChatCompletionResponse', event: 'CreateChatCompletionStreamResponse' },
    responses: { whole: 'Response', event: 'ResponseStreamEvent' },
  } as const;

  it.each([...wholeCases(), ...tailCases()].filter((one) => one.api !== 'messages'))('$name', (one) => {
    if (one.api === 'messages') return;
    const { whole, event } = SCHEMAS[one.api];
    const isStream = one.released !== null || (one.streamed && one.style === 'finish');
    if (!isStream) {
      const schema = one.style === 'error' ? 'ErrorResponse' : whole;
      expect(description.faults(schema, JSON.parse(one.body))).toEqual([]);
      return;
    }
    const schema = one.style === 'error' && one.api === 'chat' ? 'ErrorResponse' : event;
    for (const data of added(one)) expect(description.faults(schema, data), JSON.stringify(data)).toEqual([]);
  });
});

describeWithDescription('over WebSocket, by the description', (description) => {
  it('an error has the shape of the lane’s own', () => {
    const { body } = openaiResponsesWebSocket.block(BLOCK, { streamed: true, model: 'm-1' });
    expect(description.faults('ResponseWsError', { ...JSON.parse(body), stream_id: 'a' })).toEqual([]);
    expect(JSON.parse(body)).toMatchObject({ status: 403, error: { code: BLOCK.code, message: BLOCK.message } });
  });
});

describe('streams go on as they began', () => {
  it.each(tailCases().filter((one) => one.api === 'responses'))('$name: numbers and identity', (one) => {
    const all = parseSse(one.body).map((event) => JSON.parse(event.data) as Fields);
    expect(all.map((event) => event.sequence_number)).toEqual(all.map((_event, index) => index));
    const had = parseSse(one.released ?? '').length;
    const last = all.at(-1)?.response as Fields | undefined;
    if (one.style === 'finish' && had > 0) expect(last?.id).toBe('resp_1');
  });

  it('Chat Completions keep the id, the model and the time of the stream', () => {
    const [one] = tailCases().filter(({ name }) => name === 'chat two choices, finish behind 3');
    expect(one).toBeDefined();
    const ends = one === undefined ? [] : added(one);
    expect(ends).toMatchObject([
      {
        id: 'chatcmpl-C1',
        created: 1_790_000_000,
        model: 'gpt-5-mini-2026-01-01',
        choices: [{ index: 0 }, { index: 1 }],
      },
      { choices: [{ index: 0, delta: {}, finish_reason: 'content_filter' }, { finish_reason: 'content_filter' }] },
    ]);
  });

  it('nothing follows an end that the client has', () => {
    for (const [api, events] of [
      [openaiChat, [...chat.TEXT, '[DONE]']],
      [openaiChat, [{ error: { message: 'x' } }]],
      [openaiResponses, [{ type: 'response.completed', response: { id: 'r', output: [] } }]],
      [anthropicMessages, [{ type: 'message_start', message: {} }, { type: 'message_stop' }]],
    ] as const) {
      const reader = api.streamReader();
      for (const event of parseSse(sse(events))) {
        reader.read(event);
        reader.released(event);
      }
      expect(reader.block(BLOCK)).toBe('');
      expect(reader.block({ ...BLOCK, style: 'finish' })).toBe('');
    }
  });

  it('only what was released counts: an id that the client never got is not told', () => {
    const reader = openaiChat.streamReader('asked-for');
    for (const event of parseSse(sse(chat.TEXT))) reader.read(event);
    const tail = reader.block({ ...BLOCK, style: 'finish' });
    expect(tail).not.toContain('chatcmpl-C1');
    expect(tail).toContain('"model":"asked-for"');
  });
});

describe('what a block says', () => {
  const reveal = { violated: ['credentials'], evidence: [{ place: 'response.content[0].text', quote: 'AKIA' }] };
  const write = (block: Block) => [
    ...apis.flatMap((api) => [
      api.block(block, { streamed: false, model: null }).body,
      api.block(block, { streamed: true, model: null }).body,
      api.streamReader().block(block),
    ]),
    fallbackBlock(block, { streamed: false, model: null }).body,
  ];

  it('findings only where the route says so, under `judge` of the error', () => {
    for (const body of write(BLOCK)) expect(body).not.toContain('judge":');
    for (const body of write({ ...BLOCK, reveal })) {
      const event = parseSse(body)[0]?.data ?? body;
      expect((JSON.parse(event) as { error: Fields }).error.judge).toEqual(reveal);
    }
    for (const body of write({ ...BLOCK, reveal: { ...reveal, evidence: [] } })) expect(body).not.toContain('evidence');
    for (const body of write({ ...BLOCK, style: 'finish', reveal }).slice(0, -1)) expect(body).not.toContain('AKIA');
  });

  it.each([...apis.map((api) => [api.name, api.block] as const), ['unknown', fallbackBlock] as const])(
    '%s: headers of the judge only where the route says so, and never a retry',
    (_name, write) => {
      const request = { streamed: false, model: 'm' };
      const named = (block: Block) => {
        const { headers } = write(block, request);
        return Object.fromEntries(headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]]] : [])));
      };
      expect(named(BLOCK)).toMatchObject({
        'x-judge-code': 'blocked_by_judge',
        'x-judge-request-id': BLOCK.requestId,
        'x-judge-verdict-id': BLOCK.verdictId,
        'x-should-retry': 'false',
      });
      expect(Object.keys(named({ ...BLOCK, verdictId: null }))).not.toContain('x-judge-verdict-id');
      expect(Object.keys(named({ ...BLOCK, headers: false })).join()).not.toContain('x-judge');
      expect(named({ ...BLOCK, headers: false })['x-should-retry']).toBe('false');
    },
  );

  it('says which of the two it is', () => {
    for (const body of write({ ...BLOCK, code: 'judge_unavailable' })) expect(body).toContain('"judge_unavailable"');
  });

  it('is whole and well-formed for any message', () => {
    const message = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(message, fc.constantFrom('error', 'finish'), fc.boolean(), (text, style, streamed) => {
        const block: Block = { ...BLOCK, message: text, style };
        for (const write of [...apis.map((api) => api.block), fallbackBlock]) {
          const { headers, body } = write(block, { streamed, model: text });
          expect(Number(headers[headers.indexOf('content-length') + 1])).toBe(Buffer.byteLength(body));
          const data = headers[headers.indexOf('content-type') + 1]?.startsWith('text/event-stream')
            ? parseSse(body).map((event) => event.data)
            : [body];
          for (const one of data.filter((each) => each !== '[DONE]')) expect(() => JSON.parse(one)).not.toThrow();
        }
      }),
    );
  });

  it('names the time of the request, and the model that was asked for', () => {
    const { body } = openaiChat.block({ ...BLOCK, style: 'finish' }, { streamed: false, model: 'm-1' });
    expect(JSON.parse(body)).toMatchObject({ created: Math.floor(0x019aa8f00000 / 1000), model: 'm-1' });
    const other = openaiChat.block({ ...BLOCK, style: 'finish', requestId: 'x' }, { streamed: false, model: null });
    expect(JSON.parse(other.body)).toMatchObject({ id: 'chatcmpl-x', created: 0, model: 'unknown' });
  });
});
