/**
 * Contract: what a client sent for a response and the events of its lane are read as a Responses exchange; what steered
 * it is read, too; what no message of this protocol is, or was not seen, is said to be missing. A block is an `error`
 * event as OpenAI's description has it.
 */

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { DecodedExchange } from './api.ts';
import type { Block } from './block.ts';
import { openaiResponsesWebSocket as api } from './openai-responses-websocket.ts';
import { parseSse } from './sse.ts';
import { describeWithDescription } from './testing/openai-description.ts';

const CREATE = { type: 'response.create', stream_id: 'a', model: 'gpt-5-mini', input: 'the question', generate: true };
const STEER = { type: 'response.steer', previous_response_id: 'resp_0', input: 'rather this' };
const message = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'the answer' }] };
const EVENTS = [
  { type: 'response.created', stream_id: 'a', response: { id: 'resp_1', output: [] } },
  {
    type: 'response.completed',
    stream_id: 'a',
    response: { id: 'resp_1', status: 'completed', model: 'gpt-5-mini-2026', output: [message] },
  },
];

const lines = (...messages: unknown[]) => messages.map((each) => JSON.stringify(each)).join('\n');
const events = (...list: unknown[]) => list.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('');

function read(more: Partial<DecodedExchange> = {}) {
  return api.read({
    ...{ method: 'GET', path: '/v1/responses', status: 200, request: lines(CREATE), response: events(...EVENTS) },
    ...{ responseContentType: 'text/event-stream', requestCut: false, responseCut: false, responseEnded: true },
    ...more,
  });
}
const texts = (reading: ReturnType<typeof read>) => reading.transcript.parts.map(({ text }) => text);

describe('an exchange', () => {
  it('has the question and the answer, and nothing of the envelope', () => {
    const reading = read();
    expect(texts(reading)).toEqual(['the question', 'the answer']);
    expect(reading.reasons).toEqual([]);
    expect(reading.transcript).toMatchObject({
      api: 'openai.responses_websocket',
      model_requested: 'gpt-5-mini',
      model_returned: 'gpt-5-mini-2026',
      streamed: true,
      unknown_items: 0,
    });
  });

  it('has all that steered it, each at a place of its own', () => {
    const reading = read({ request: lines(STEER, { ...STEER, input: 'no, this' }) });
    expect(texts(reading)).toContain('rather this');
    expect(texts(reading)).toContain('no, this');
    expect(reading.reasons).toEqual(['context_missing']);
    const places = reading.transcript.parts.map(({ place }) => place);
    expect(new Set(places).size).toBe(places.length);
  });

  it('that broke off says so', () => {
    expect(read({ response: events(EVENTS[0]), responseEnded: false }).reasons).toContain('stream_broken');
  });

  it('that ends in an error has its class', () => {
    const error = {
      type: 'error',
      status: 429,
      error: { type: 'rate_limit', code: 'slow', message: 'slow down', param: null },
    };
    expect(read({ status: 429, response: events(error) }).transcript.error).toEqual({
      type: 'rate_limit',
      code: 'slow',
    });
  });
});

test.each([
  ['a request that we did not see', { request: '' }, 'context_missing'],
  ['a connection that nobody could read', { request: '', response: '' }, 'unknown_api'],
  ['messages that we do not know', { request: lines({ type: 'session.update', text: 'hello' }) }, 'unknown_api'],
  ['a line that is no JSON', { request: `${lines(CREATE)}\n{"broken` }, 'unparseable'],
] as const)('%s: %s', (_name, more, reason) => {
  expect(read(more).reasons).toContain(reason);
});

test('anything at all is read without an exception', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.boolean(), (request, response, ended) => {
      read({ request, response, responseEnded: ended });
    }),
  );
});

test('a block is an error event, at any point', () => {
  const block: Block = {
    ...{ code: 'blocked_by_judge', status: 403, message: 'no', style: 'error', headers: true },
    ...{ requestId: 'r', verdictId: 'v', reveal: null },
  };
  const error = {
    type: 'error',
    status: 403,
    error: { code: 'blocked_by_judge', message: 'no', param: null, type: 'judge_proxy_error' },
  };
  expect(JSON.parse(api.block(block, { streamed: true, model: null }).body)).toEqual(error);
  const reader = api.streamReader();
  for (const event of parseSse(events(EVENTS[0]))) {
    reader.read(event);
    reader.released(event);
  }
  expect(parseSse(reader.block(block)).map(({ data }) => JSON.parse(data))).toEqual([error]);
});

describeWithDescription("by OpenAI's description", ({ faults }) => {
  it.each(['blocked_by_judge', 'judge_unavailable'] as const)('an error event (%s) is a ResponseWsError', (code) => {
    const block: Block = {
      ...{ code, status: 403, message: 'no', style: 'error', headers: true },
      ...{ requestId: 'r', verdictId: null, reveal: { violated: ['secrets'], evidence: [] } },
    };
    const event = JSON.parse(api.block(block, { streamed: true, model: null }).body) as object;
    expect(faults('ResponseWsError', { ...event, stream_id: 'a' })).toEqual([]);
    expect(faults('ResponseWsError', { ...event, error: {} })).not.toEqual([]);
  });
});

test('only an upgrade to the path is of this format', () => {
  expect(api.matches('GET', '/v1/responses?x=1')).toBe(true);
  expect(api.matches('POST', '/v1/responses')).toBe(false);
  expect(api.matches('GET', '/v1/responses/resp_1')).toBe(false);
});
