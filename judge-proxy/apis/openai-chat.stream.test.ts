/**
 * Chat Completions, streamed: chunks read as the object that they amount to, which is valid by the published
 * description; a stream without its end, with errors or with strange events reads as far as it goes, and says so.
 */

import { describe, expect, it } from 'vitest';
import type { DecodedExchange, Reading } from './api.ts';
import { assembleChatCompletion, openaiChat } from './openai-chat.ts';
import { parseSse } from './sse.ts';
import { chunk, TEXT, TOOL_CALLS, TWO_CHOICES, WHOLE_STREAMS } from './testing/chat-fixtures.ts';
import { exchange, lines, sse, texts } from './testing/exchange.ts';
import { describeWithDescription } from './testing/openai-description.ts';

const PATH = '/v1/chat/completions';

function read(request: object | null, over: Partial<DecodedExchange> = {}): Reading {
  return openaiChat.read(exchange(PATH, { request: request === null ? null : JSON.stringify(request), ...over }));
}

function readStream(chunks: readonly (object | string)[], over: Partial<DecodedExchange> = {}): Reading {
  return read(null, { response: sse(chunks), responseContentType: 'text/event-stream; charset=utf-8', ...over });
}

describe('streams', () => {
  it.each(WHOLE_STREAMS)('reads %s as the object that it amounts to', (_name, chunks) => {
    const streamed = readStream([...chunks, '[DONE]']);
    const object = assembleChatCompletion(parseSse(sse(chunks)));
    const whole = read(null, { response: JSON.stringify(object) });
    expect(streamed.transcript).toEqual({ ...whole.transcript, streamed: true });
    expect(streamed).toMatchObject({ reasons: [], transcript: { unknown_items: 0 } });
  });

  it('assembles text, choices and tool calls', () => {
    expect(lines(readStream(TEXT))).toEqual(['response.choices[0].message.content assistant text: Grüße aus 世界 👋']);
    expect(lines(readStream(TWO_CHOICES))).toEqual([
      'response.choices[0].message.content assistant text: first choice',
      'response.choices[1].message.content assistant text: second choice',
    ]);
    expect(lines(readStream(TOOL_CALLS))).toEqual([
      'response.choices[0].message.tool_calls[0].function.arguments assistant tool_call <get_weather>: {"city":"Rome"}',
      'response.choices[0].message.tool_calls[1].function.arguments assistant tool_call <send_mail>: {"to":"a@b.c"}',
    ]);
    expect(readStream(TEXT).transcript).toMatchObject({
      usage: { tokens_in: 12, tokens_out: 5, tokens_cached: 3 },
      finish: ['stop'],
    });
  });

  it('joins calls whose index is high, missing or custom', () => {
    const high = [
      chunk({ tool_calls: [{ index: 7, id: 'x', type: 'custom', custom: { name: 'run', input: 'ls ' } }] }),
      chunk({ tool_calls: [{ index: 7, custom: { input: '-la' } }] }),
    ];
    expect(lines(readStream(high))).toEqual([
      'response.choices[0].message.tool_calls[0].custom.input assistant tool_call <run>: ls -la',
    ]);
    const missing = [
      chunk({ tool_calls: [{ id: 'x', function: { name: 'one', arguments: '{"a"' } }] }),
      chunk({ tool_calls: [{ id: '', function: { name: '', arguments: ':1}' } }] }),
      chunk({ tool_calls: [{ id: 'y', function: { name: 'two', arguments: '{}' } }] }),
    ];
    expect(lines(readStream(missing))).toEqual([
      'response.choices[0].message.tool_calls[0].function.arguments assistant tool_call <one>: {"a":1}',
      'response.choices[0].message.tool_calls[1].function.arguments assistant tool_call <two>: {}',
    ]);
  });

  it('keeps reasoning, odd contents and whatever else a server adds', () => {
    const reading = readStream([
      chunk({ reasoning_content: 'let me ' }),
      chunk({ reasoning_content: 'think' }),
      chunk({ content: 'a' }),
      chunk({ content: [{ type: 'text', text: 'b' }] }),
      chunk({ content: [{ type: 'text', text: 'c' }], extra: 'un' }),
      chunk({ extra: 'known' }),
      { ...chunk({}), provider: 'P' },
      { ...chunk({}), provider: 'P' },
      { choices: [{ delta: 'bare' }, 'stray'] },
      '[DONE]',
    ]);
    expect(lines(reading)).toEqual([
      'response.choices[0].message.content[0] assistant text: a',
      'response.choices[0].message.content[1].text assistant text: b',
      'response.choices[0].message.content[2].text assistant text: c',
      'response.choices[0].message.reasoning_content assistant reasoning: let me think',
      'response.choices[0].message.* assistant other: extra: unknown',
      'response.choices[0].* assistant other: delta: bare',
      'response.* assistant other: provider: P\nchoices_without_index: stray',
    ]);
    expect(reading.transcript.unknown_items).toBe(4);
    expect(reading.reasons).toEqual([]);
  });

  it('reads errors inside the stream, in both of their forms', () => {
    const error = { message: 'overloaded', type: 'server_error', param: null, code: 'overloaded' };
    const inData = readStream([chunk({ content: 'so far' }), { error }]);
    const named = read(null, {
      response: `${sse([chunk({ content: 'so far' })])}event: error\ndata: ${JSON.stringify(error)}\n\n`,
    });
    for (const reading of [inData, named]) {
      expect(reading.transcript.error).toEqual({ type: 'server_error', code: 'overloaded' });
      expect(texts(reading).sort()).toEqual(['overloaded', 'so far']);
      expect(reading.reasons).toEqual(['stream_broken']);
    }
  });

  it('is broken without its end mark, unless it is only our copy that ends', () => {
    expect(readStream(TEXT).reasons).toEqual(['stream_broken']);
    expect(readStream(TEXT, { responseCut: true }).reasons).toEqual([]);
    expect(readStream(TEXT, { responseCut: true, responseEnded: false }).reasons).toEqual(['stream_broken']);
    expect(readStream([...TEXT, '[DONE]'], { responseCut: true }).reasons).toEqual([]);
  });

  it('reads the event that the cut went through', () => {
    const text = sse([chunk({ content: 'whole ' }), chunk({ content: 'and a half' })]);
    const reading = read(null, { response: text.slice(0, text.indexOf('half') + 2), responseCut: true });
    expect(lines(reading)).toEqual(['response.choices[0].message.content assistant text: whole and a ha']);
  });

  it('keeps what is no chunk', () => {
    const reading = readStream(['hello', '{"half":', '[1,2]', '"text"', chunk({ content: 'ok' }), '[DONE]']);
    expect(reading.reasons).toEqual(['unparseable']);
    expect(texts(reading)).toEqual(['hello', '{"half":', '- 1\n- 2', 'text', 'ok']);
    expect(reading.transcript.unknown_items).toBe(4);
    expect(readStream(['[DONE]']).reasons).toEqual(['unparseable']);
  });

  it('ignores comments, keep-alives, event names and a missing or wrong label', () => {
    const stream = `: ping\n\nretry: 10\nid: 4\n\n${sse(TEXT).replaceAll('data:', 'event: chunk\ndata:')}:done\n\ndata: [DONE]\n\n`;
    for (const responseContentType of [null, 'text/event-stream', 'application/json', 'application/octet-stream']) {
      const reading = read(null, { response: stream, responseContentType });
      expect(reading.transcript).toMatchObject({ streamed: true, parts: [{ text: 'Grüße aus 世界 👋' }] });
      expect(reading.reasons).toEqual([]);
    }
    expect(
      read(null, {
        status: 400,
        response: '{"error":{"message":"m","type":"t","param":null,"code":null}}',
        responseContentType: 'text/event-stream',
      }).transcript,
    ).toMatchObject({
      streamed: false,
      error: { type: 't' },
    });
  });
});

describeWithDescription('the published description', (description) => {
  it.each(WHOLE_STREAMS)('%s: chunks and assembled object are valid', (_name, chunks) => {
    for (const each of chunks) expect(description.faults('CreateChatCompletionStreamResponse', each)).toEqual([]);
    expect(description.faults('CreateChatCompletionResponse', assembleChatCompletion(parseSse(sse(chunks))))).toEqual(
      [],
    );
  });

  it('notices an object that is not valid', () => {
    expect(description.faults('CreateChatCompletionResponse', { id: 'x' })).not.toEqual([]);
  });
});
