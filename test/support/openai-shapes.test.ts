/** Contract: what the stand-in for OpenAI sends is what OpenAI's published description says; else every test on it is void. */

import { expect, it } from 'vitest';
import { describeWithDescription } from '../../judge-proxy/apis/testing/openai-description.ts';
import { chatCompletion, chatCompletionEvents, errorBody, response, responseEvents } from './openai-shapes.ts';

const REPLIES = [
  ['text', { model: 'gpt-5-mini', text: 'A short answer.' }],
  ['a tool call', { model: 'gpt-5-mini', text: '', toolCall: { name: 'get_weather', arguments: '{"city":"Lisbon"}' } }],
] as const;

describeWithDescription('the shapes of the stand-in', ({ faults }) => {
  it.each(REPLIES)('%s', (_name, reply) => {
    expect(faults('CreateChatCompletionResponse', chatCompletion(reply))).toEqual([]);
    for (const event of chatCompletionEvents(reply, true).slice(0, -1)) {
      expect(faults('CreateChatCompletionStreamResponse', JSON.parse(event))).toEqual([]);
    }
    expect(faults('Response', response(reply))).toEqual([]);
    for (const event of responseEvents(reply)) expect(faults('ResponseStreamEvent', event)).toEqual([]);
  });

  it('an error', () => {
    expect(faults('ErrorResponse', errorBody('Slow down.', 'requests', 'rate_limit_exceeded'))).toEqual([]);
  });
});
