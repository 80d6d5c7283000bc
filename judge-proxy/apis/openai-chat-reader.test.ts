/**
 * Contract: what the deltas of a stream amount to is what the whole reading says, at the same places, however choices
 * interleave; nothing of a tool call is left unannounced.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openaiChat } from './openai-chat.ts';
import { parseSse } from './sse.ts';
import * as chat from './testing/chat-fixtures.ts';
import { sse } from './testing/exchange.ts';
import { expectSame, interleaved, stepsOf, streamed } from './testing/streaming.ts';

const CHAT = '/v1/chat/completions';

describe('Chat Completions', () => {
  it.each([...chat.WHOLE_STREAMS])('%s: the deltas are the whole reading', (_name, chunks) => {
    expectSame(openaiChat, CHAT, [...chunks, '[DONE]']);
    expect(streamed(openaiChat, chunks).size).toBeGreaterThan(0);
  });

  it('equals the whole reading for any mixture of choices and fields', () => {
    const piece = fc.string({ minLength: 1, maxLength: 6 });
    const call = fc.record({ index: fc.nat(2), function: fc.record({ arguments: piece }) });
    const delta = fc.oneof(
      piece.map((content) => ({ content })),
      piece.map((refusal) => ({ refusal })),
      piece.map((reasoning_content) => ({ reasoning_content })),
      piece.map((reasoning) => ({ reasoning })),
      piece.map((transcript) => ({ audio: { transcript } })),
      piece.map((text) => ({ function_call: { name: 'old', arguments: text } })),
      piece.map((brand_new) => ({ brand_new })),
      call.map((one) => ({ tool_calls: [one] })),
    );
    const opened = [0, 1, 2].map((index) => ({
      tool_calls: [{ index, id: `c${index}`, function: { name: `f${index}`, arguments: '' } }],
    }));
    const choice = fc.array(delta, { maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(choice, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(2), { maxLength: 50 }),
        (all, order) => {
          const lists = all.map((deltas, index) => [
            ...[{ role: 'assistant', content: '' }, ...opened, ...deltas].map((one) => chat.chunk(one, { index })),
            chat.chunk({}, { index, finish: 'stop' }),
          ]);
          expectSame(openaiChat, CHAT, [...interleaved(lists, order), chat.USAGE_CHUNK, '[DONE]']);
        },
      ),
    );
  });

  it('brings each call whole with the end of its choice', () => {
    const [last, ...before] = stepsOf(openaiChat.streamReader(), parseSse(sse(chat.TOOL_CALLS))).toReversed();
    expect(before.flatMap((step) => step.deltas)).toEqual([]);
    expect(last?.deltas.map(({ name, text }) => [name, text])).toEqual([
      ['get_weather', '{"city":"Rome"}'],
      ['send_mail', '{"to":"a@b.c"}'],
    ]);
  });

  it('holds a tool call until its choice has ended', () => {
    const steps = stepsOf(openaiChat.streamReader(), parseSse(sse([...chat.TOOL_CALLS, '[DONE]'])));
    expect(steps.map((step) => step.toolCallOpen)).toEqual([false, true, true, true, true, true, true, false, false]);
    expect(steps.map((step) => step.ended)).toEqual([...Array(8).fill(false), true]);
    const legacy = stepsOf(openaiChat.streamReader(), parseSse(sse([...chat.LEGACY_CALL.slice(0, 3), '[DONE]'])));
    expect(legacy.map((step) => step.toolCallOpen)).toEqual([true, true, true, false]);
  });

  it('reads whole messages, errors, lists of parts and calls of servers that differ', () => {
    const whole = {
      index: 0,
      message: {
        role: 'assistant',
        content: [
          { type: 'text', text: 'a' },
          { type: 'new', x: 1 },
        ],
      },
    };
    const more = { index: 0, delta: { content: [{ type: 'text', text: 'b' }] }, finish_reason: 'stop' };
    const calls = [
      { id: 'a', function: { name: 'f', arguments: { deep: 'er' } } },
      { id: 'b', custom: { name: 'g' } },
    ];
    const payloads = [
      { id: 'x', choices: [whole] },
      { id: 'x', choices: [more] },
      { id: 'x', choices: [{ index: 1, delta: { tool_calls: calls }, finish_reason: 'tool_calls' }] },
      { id: 'x', provider: { hint: 'kept' }, choices: [] },
      { error: { message: 'late', type: 'server_error', code: 'boom', param: null, hint: 'more' } },
      '[DONE]',
    ];
    expectSame(openaiChat, CHAT, payloads);
    expect(streamed(openaiChat, payloads)).toEqual(
      new Map([
        ['response.choices[0].message.content[0].text assistant text', 'a'],
        ['response.choices[0].message.content[1] assistant other', 'type: new\nx: 1'],
        ['response.choices[0].message.content[2].text assistant text', 'b'],
        ['response.choices[1].message.tool_calls[0].function.arguments assistant tool_call <f>', 'deep: er'],
        ['response.choices[1].message.tool_calls[1].custom.input assistant tool_call <g>', '{}'],
        ['response.error.message assistant error', 'late'],
        ['response.error.* assistant other', 'hint: more'],
        ['response.* assistant other', 'provider:\n hint: kept'],
      ]),
    );
  });
});
