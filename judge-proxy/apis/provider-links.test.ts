/**
 * Contract: an exchange of the Responses API says by which id its answer can be continued and what it continues; only
 * what has the form of such an id is one; and whether the turns before it are all that is missing.
 */

import { describe, expect, it, test } from 'vitest';
import type { DecodedExchange } from './api.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';
import { openaiResponsesWebSocket } from './openai-responses-websocket.ts';
import { providerId } from './provider-links.ts';

const RESPONSE = {
  id: 'resp_67ccd3a9da748190baa7f1570fe91ac604becb25c45c1d41',
  object: 'response',
  status: 'completed',
  model: 'gpt-5-mini',
  output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello.' }] }],
};

function exchange(request: object, response: object | null = RESPONSE): DecodedExchange {
  return {
    method: 'POST',
    path: '/v1/responses',
    status: 200,
    request: JSON.stringify({ model: 'gpt-5-mini', input: 'Hi.', ...request }),
    response: response === null ? null : JSON.stringify(response),
    responseContentType: 'application/json',
    requestCut: false,
    responseCut: false,
    responseEnded: true,
  };
}

const links = (request: object, response: object | null = RESPONSE) =>
  openaiResponses.read(exchange(request, response)).links;

test.each([
  ['resp_67ccd3a9da748190baa7f1570fe91ac604becb25c45c1d41', true],
  ['conv_123', true],
  ['ad5663da-63e6-86c6-e0be-ff15effa8357', true],
  [`resp_${'A'.repeat(235)}=`, true],
  [`resp_${'A'.repeat(241)}`, false],
  ['resp_', false],
  ['resp_a b', false],
  ['resp_a\n', false],
  ['sk-proj-abcdefghijklmnop', false],
  ['ghp_abcdefghijklmnopqrstuvwxyz0123456789', false],
  ['someone@example.com', false],
  ['', false],
])('%j is an id: %j', (text, is) => {
  expect(providerId(text)).toBe(is ? text : null);
});

describe('links', () => {
  it('are the id of the answer and of what it continues', () => {
    expect(links({ previous_response_id: 'resp_1' })).toEqual({
      response_id: RESPONSE.id,
      previous_response_id: 'resp_1',
      conversation_id: null,
      only_previous: true,
    });
    expect(links({ conversation: 'conv_1' })).toMatchObject({ conversation_id: 'conv_1', only_previous: false });
    expect(links({ conversation: { id: 'conv_1' } })).toMatchObject({ conversation_id: 'conv_1' });
    expect(links({}, null)).toBeUndefined();
    expect(links({ previous_response_id: 'resp_1' }, null)).toMatchObject({ response_id: null, only_previous: true });
  });

  it.each([
    ['a prompt template', { prompt: { id: 'pmpt_1' } }],
    ['a reference to an item', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
    ['what a compaction stands for', { input: [{ type: 'compaction', encrypted_content: 'AAAA' }] }],
    ['a conversation', { conversation: 'conv_1' }],
  ])('say that %s is missing beside the earlier turns', (_what, more) => {
    expect(links({ previous_response_id: 'resp_1', ...more })?.only_previous).toBe(false);
  });

  it('say that all is missing where the name of the earlier turns is none', () => {
    expect(links({ previous_response_id: 'sk-proj-abcdefghijklmnop' })).toEqual({
      response_id: RESPONSE.id,
      previous_response_id: null,
      conversation_id: null,
      only_previous: true,
    });
  });

  it('come with a stream, too', () => {
    const events = [
      { type: 'response.created', response: { ...RESPONSE, status: 'in_progress', output: [] } },
      { type: 'response.completed', response: RESPONSE },
    ];
    const response = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
    const read = openaiResponses.read({ ...exchange({}), response, responseContentType: 'text/event-stream' });
    expect(read.links?.response_id).toBe(RESPONSE.id);
  });

  it('come over a WebSocket, too', () => {
    const request = JSON.stringify({
      type: 'response.create',
      model: 'm',
      input: 'Hi.',
      previous_response_id: 'resp_1',
    });
    const event = { type: 'response.completed', response: RESPONSE };
    const read = openaiResponsesWebSocket.read({
      ...{ ...exchange({}), method: 'GET', request, responseContentType: 'text/event-stream' },
      response: `event: response.completed\ndata: ${JSON.stringify(event)}\n\n`,
    });
    expect(read.links).toMatchObject({ response_id: RESPONSE.id, previous_response_id: 'resp_1', only_previous: true });
  });

  it('hide no text: an id that is longer than ids are is kept as one, too', () => {
    const id = `resp_${'x'.repeat(200)}`;
    const { transcript } = openaiResponses.read(exchange({}, { ...RESPONSE, id }));
    expect(transcript.parts).toContainEqual(expect.objectContaining({ place: 'response.id', text: id }));
  });

  it('are none in a format that has no such ids', () => {
    const chat = { messages: [{ role: 'user', content: 'Hi.' }], previous_response_id: 'resp_1' };
    const read = openaiChat.read({ ...exchange(chat, { id: 'resp_1', choices: [] }), path: '/v1/chat/completions' });
    expect(read.links).toBeUndefined();
  });
});
