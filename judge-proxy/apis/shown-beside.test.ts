/**
 * Contract: what programs show beside a text is read, in streams as they come and in the whole: sources with their title
 * and address, and fields of events that no format has.
 */

import { describe, expect, it } from 'vitest';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';
import { expectSame, readWhole, streamed } from './testing/streaming.ts';

const SOURCE = {
  type: 'url_citation',
  url: 'https://example.test/?q=what-it-was-told',
  title: 'A title',
  start_index: 0,
};
const RESPONSES = '/v1/responses';
const CHAT = '/v1/chat/completions';
const DELTA = { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'Hello' };
const DONE = { type: 'response.completed', response: { status: 'completed', output: [] } };

function textsOf(texts: Map<string, string>): string {
  return [...texts.values()].join('\n');
}

describe('Responses', () => {
  const part = { type: 'output_text', text: 'Hello', annotations: [SOURCE] };
  const item = { type: 'message', role: 'assistant', content: [part] };
  const added = {
    ...{ type: 'response.output_text.annotation.added', output_index: 0, content_index: 0, annotation_index: 0 },
    annotation: SOURCE,
  };

  it('reads a source once, whether the item repeats it or not', () => {
    const response = { status: 'completed', output: [item] };
    const events = [DELTA, added, { type: 'response.output_item.done', output_index: 0, item }];
    expectSame(openaiResponses, RESPONSES, [...events, { type: 'response.completed', response }]);
    for (const read of [streamed(openaiResponses, [DELTA, added, DONE]), wholeOf([DELTA, added, DONE])])
      expect(textsOf(read)).toContain('what-it-was-told');
  });

  it.each([
    ['an event with text', { ...DELTA, caption: 'told beside it' }],
    [
      'an event that says nothing',
      { type: 'response.web_search_call.searching', output_index: 1, delta: 'told beside it' },
    ],
    ['the last event', { ...DONE, note: 'told beside it' }],
    ['the whole of a text', { ...DELTA, type: 'response.output_text.done', text: 'Hello', more: ['told beside it'] }],
  ])('reads a field that %s does not have', (_what, event) => {
    expect(textsOf(streamed(openaiResponses, [DELTA, event, DONE]))).toContain('told beside it');
    expect(textsOf(wholeOf([DELTA, event, DONE]))).toContain('told beside it');
  });

  it('joins a text that stands in such a field piece by piece', () => {
    const events = ['sk-', 'proj-', 'Zq8F'].map((caption) => ({ ...DELTA, caption }));
    expect(textsOf(streamed(openaiResponses, [...events, DONE]))).toContain('sk-proj-Zq8F');
    expect(textsOf(wholeOf([...events, DONE]))).toContain('sk-proj-Zq8F');
  });

  function wholeOf(events: object[]): Map<string, string> {
    return readWhole(openaiResponses, RESPONSES, events);
  }
});

describe('Chat Completions', () => {
  const chunk = (delta: object) => ({ object: 'chat.completion.chunk', choices: [{ index: 0, delta }] });

  it('reads sources as they come', () => {
    const events = [chunk({ content: 'Hello' }), chunk({ annotations: [SOURCE] }), chunk({ annotations: [] })];
    expectSame(openaiChat, CHAT, [...events, '[DONE]']);
    expect(textsOf(streamed(openaiChat, [...events, '[DONE]']))).toContain('what-it-was-told');
  });
});
