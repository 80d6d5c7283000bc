/**
 * Contract of every stream reader: what its deltas amount to is what the whole reading says, at the same places, however
 * choices, items and blocks interleave; nothing of a tool call is left unannounced, and nothing throws or is lost of what
 * hostile servers send.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from './anthropic-messages.ts';
import type { Api } from './api.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';
import { parseSse } from './sse.ts';
import * as anthropic from './testing/anthropic-fixtures.ts';
import * as chat from './testing/chat-fixtures.ts';
import { anyText, sse } from './testing/exchange.ts';
import * as responses from './testing/responses-fixtures.ts';
import { interleaved, joined, readWhole, stepsOf, streamed } from './testing/streaming.ts';

const BLOCK = {
  code: 'blocked_by_judge',
  status: 403,
  message: 'no',
  headers: true,
  requestId: 'r',
  verdictId: null,
  reveal: null,
} as const;

type Payload = string | object;
const CHAT = '/v1/chat/completions';
const RESPONSES = '/v1/responses';
const MESSAGES = '/v1/messages';

function expectSame(api: Api, path: string, payloads: readonly Payload[]): void {
  expect(streamed(api, payloads)).toEqual(readWhole(api, path, payloads));
}

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

describe('Responses', () => {
  const items = [...responses.STREAMED_ITEMS, responses.MESSAGE, responses.REASONING];
  const body = fc.shuffledSubarray(items, { minLength: 1 });

  it('equals the whole reading for any items', () => {
    fc.assert(
      fc.property(body, (output) =>
        expectSame(openaiResponses, RESPONSES, responses.eventsOf(responses.response(output))),
      ),
    );
  });

  it('equals the whole reading of a stream that breaks before its end', () => {
    fc.assert(
      fc.property(body, (output) => {
        expectSame(openaiResponses, RESPONSES, responses.eventsOf(responses.response(output)).slice(0, -1));
      }),
    );
  });

  it('equals the whole reading when the items come at once', () => {
    fc.assert(
      fc.property(body, fc.array(fc.nat(7), { maxLength: 100 }), (output, order) => {
        const events = responses.eventsOf(responses.response(output));
        const lists = output.map((_item, index) => events.filter((event) => event.output_index === index));
        const mixed = [...events.slice(0, 2), ...interleaved(lists, order), ...events.slice(-1)];
        expectSame(openaiResponses, RESPONSES, mixed);
      }),
    );
  });

  it('holds a call from its announcement until its arguments are done', () => {
    const events = responses.eventsOf(responses.response([responses.FUNCTION_CALL, responses.MESSAGE]));
    const steps = stepsOf(openaiResponses.streamReader(), parseSse(sse(events)));
    const open = events.filter((_event, index) => steps[index]?.toolCallOpen).map((event) => event.type);
    expect(open).toEqual(['response.output_item.added', ...Array(3).fill('response.function_call_arguments.delta')]);
    expect(steps.map((step) => step.ended)).toEqual([...Array(events.length - 1).fill(false), true]);
  });

  it('brings what a done event or the terminal event says otherwise', () => {
    const at = { output_index: 0, content_index: 0, item_id: 'm' };
    const done = { ...responses.MESSAGE, content: [{ type: 'output_text', text: 'and a third', annotations: [] }] };
    const payloads = [
      { type: 'response.output_text.delta', ...at, delta: 'one story' },
      { type: 'response.output_text.done', ...at, text: 'another story' },
      { type: 'response.completed', response: { output: [done], status: 'completed' } },
    ];
    const texts = [...streamed(openaiResponses, payloads).values()];
    expect(texts).toEqual(['one story', 'another story', 'and a third']);
  });

  it('joins the pieces of an event type that is not known', () => {
    const event = (delta: string) => ({
      type: 'response.brand_new.delta',
      item_id: 'a',
      sequence_number: delta.length,
      delta,
    });
    expect([...streamed(openaiResponses, [event('AKIA'), { type: 'response.other' }, event('123')])]).toEqual([
      ['response.events assistant other', 'type: response.brand_new.delta\nitem_id: a\ndelta: AKIA123'],
      ['response.events~2 assistant other', 'type: response.other'],
    ]);
  });

  it('reads sound, commands and their output', () => {
    const payloads = [
      { type: 'response.audio.transcript.delta', delta: 'spo' },
      { type: 'response.audio.transcript.delta', delta: 'ken' },
      { type: 'response.shell_call_command.added', output_index: 0, command_index: 0, command: '' },
      { type: 'response.shell_call_command.delta', output_index: 0, command_index: 0, delta: 'rm -' },
      { type: 'response.shell_call_command.delta', output_index: 0, command_index: 0, delta: 'rf /' },
      { type: 'response.shell_call_command.done', output_index: 0, command_index: 0, command: 'rm -rf /' },
      {
        type: 'response.output_item.done',
        output_index: 0,
        item: { type: 'shell_call', action: { commands: ['ls'] } },
      },
      {
        type: 'response.shell_call_output_content.delta',
        output_index: 1,
        command_index: 0,
        delta: { stdout: 'gone' },
      },
    ];
    const steps = stepsOf(openaiResponses.streamReader(), parseSse(sse(payloads)));
    expect(steps.map((step) => step.toolCallOpen)).toEqual([false, false, true, true, true, true, false, false]);
    expect(steps[6]?.deltas.map((delta) => delta.text)).toEqual(['rm -rf /', 'commands:\n - ls']);
    expect([...joined(steps.flatMap((step) => step.deltas)).values()].at(-1)).toBe('gone');
  });
});

describe('Anthropic Messages', () => {
  const blocks = fc.shuffledSubarray([...anthropic.BLOCKS], { minLength: 1 });
  const withoutSeals = (texts: Map<string, string>) => texts;

  it('equals the whole reading for any blocks', () => {
    fc.assert(
      fc.property(blocks, (content) => {
        const events = anthropic.eventsOf(anthropic.message(content));
        expect(withoutSeals(streamed(anthropicMessages, events))).toEqual(
          readWhole(anthropicMessages, MESSAGES, events),
        );
      }),
    );
  });

  it('equals the whole reading when the blocks come at once', () => {
    fc.assert(
      fc.property(blocks, fc.array(fc.nat(9), { maxLength: 100 }), (content, order) => {
        const events = anthropic.eventsOf(anthropic.message(content));
        const lists = content.map((_block, index) => events.filter((event) => event.index === index));
        const rest = events.filter((event) => event.index === undefined);
        expectSame(anthropicMessages, MESSAGES, [...rest.slice(0, 2), ...interleaved(lists, order), ...rest.slice(2)]);
      }),
    );
  });

  it('brings a call whole when its block stops, and holds it until then', () => {
    const events = anthropic.eventsOf(anthropic.message([anthropic.TOOL_USE, anthropic.TEXT]));
    const steps = stepsOf(anthropicMessages.streamReader(), parseSse(sse(events, true)));
    const stop = events.findIndex((event) => event.type === 'content_block_stop');
    expect(steps.map((step) => step.toolCallOpen)).toEqual(events.map((_event, index) => index > 1 && index < stop));
    expect(steps[stop]?.deltas).toEqual([
      {
        place: 'response.content[0].input',
        role: 'assistant',
        kind: 'tool_call',
        name: 'send_mail',
        text: 'to: a@b.c\nbody: line\nbreak',
      },
    ]);
    expect(steps.at(-1)?.ended).toBe(true);
  });

  it('reads refusals, errors and what no version has', () => {
    const events = [
      { type: 'message_start', message: { id: 'm', content: [{ type: 'text', text: 'seed' }], brand_new: 'field' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'odd_delta', murmur: 'AKIA' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'odd_delta', murmur: '123' } },
      { type: 'brand_new', note: 'event' },
      {
        type: 'message_delta',
        delta: { stop_reason: 'refusal', stop_details: { type: 'refusal', explanation: 'no' } },
        more: 'm',
      },
      { type: 'error', error: { type: 'overloaded_error', message: 'busy' } },
    ];
    expect([...streamed(anthropicMessages, events).values()]).toEqual([
      'seed',
      'brand_new: field',
      'odd_delta.murmur: AKIA123',
      'type: brand_new\nnote: event',
      'no',
      'message_delta.more: m',
      'busy',
    ]);
  });

  it('a call that goes on after its end is open again', () => {
    const events = anthropic.eventsOf(anthropic.message([anthropic.TOOL_USE])).slice(0, -2);
    const late = {
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'input_json_delta', partial_json: ' "evil"' },
    };
    const steps = stepsOf(
      anthropicMessages.streamReader(),
      parseSse(sse([...events, late, { type: 'message_stop' }], true)),
    );
    expect(steps.slice(-2).map((step) => step.toolCallOpen)).toEqual([true, false]);
    expect(steps.at(-1)?.deltas[0]?.text).toContain('"evil"');
  });
});

describe.each([
  [openaiChat, [...chat.TOOL_CALLS, ...chat.TWO_CHOICES, ...chat.REFUSAL], CHAT],
  [openaiResponses, responses.eventsOf(responses.response(responses.STREAMED_ITEMS)), RESPONSES],
  [anthropicMessages, anthropic.eventsOf(anthropic.message(anthropic.BLOCKS)), MESSAGES],
] as const)('hostile streams of $name', (api, base, path) => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom('tool_use', 'shell_call', 'error', '__proto__', -1, 0.5),
  );
  const key = fc.constantFrom(
    ...[
      'type',
      'index',
      'output_index',
      'content_index',
      'delta',
      'choices',
      'item',
      'content_block',
      'response',
      'message',
    ],
    ...[
      'content',
      'tool_calls',
      'function',
      'arguments',
      'text',
      'output',
      'error',
      'role',
      'name',
      '__proto__',
      'constructor',
    ],
  );
  const payload = fc.oneof(
    fc.dictionary(key, value).map((fields) => ({ ...fields })),
    fc
      .tuple(fc.nat(base.length - 1), key, value)
      .map(([at, name, any]) => ({ ...structuredClone(base[at]), [name]: any })),
    fc.nat(base.length - 1).map((at) => base[at] ?? {}),
    anyText,
    fc.constant('[DONE]'),
  );

  it('never throw, at any place', () => {
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 30 }), (payloads) => {
        const reader = api.streamReader();
        for (const event of parseSse(sse(payloads, true))) {
          for (const delta of reader.read(event).deltas) {
            expect(delta.place).toMatch(/^response/);
            expect(delta.place).not.toMatch(/__proto__|constructor/);
          }
          reader.released(event);
        }
        for (const style of ['error', 'finish'] as const)
          for (const event of parseSse(reader.block({ ...BLOCK, style })))
            if (event.data !== '[DONE]') expect(() => JSON.parse(event.data)).not.toThrow();
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      }),
      { numRuns: 400 },
    );
  });

  it('of very many choices, items and blocks cost what one costs', () => {
    const reader = api.streamReader();
    const events = Array.from({ length: 20_000 }, (_, index): object[] => [
      { choices: [{ index, delta: { tool_calls: [{ index: 0, function: { arguments: 'x' } }] } }] },
      { type: 'response.output_item.added', output_index: index, item: { type: 'function_call', id: `f${index}` } },
      { type: 'content_block_start', index, content_block: { type: 'tool_use', input: {} } },
    ]);
    const which = [openaiChat, openaiResponses, anthropicMessages].indexOf(api);
    for (const event of events.map((each) => ({ event: null, data: JSON.stringify(each[which]), whole: true }))) {
      expect(reader.read(event).toolCallOpen).toBe(true);
      reader.released(event);
    }
    expect(reader.block({ ...BLOCK, style: 'finish' })).not.toBe('');
  });

  it('lose nothing that the whole reading has', () => {
    const marks = fc.tuple(
      fc.nat(base.length - 1),
      fc.nat(40),
      fc.constantFrom('brand_new', '__proto__', 'text', 'content', 'name'),
    );
    fc.assert(
      fc.property(fc.array(marks, { minLength: 1, maxLength: 4 }), (places) => {
        const copy = structuredClone(base) as unknown as Record<string, unknown>[];
        for (const [number, [at, step, name]] of places.entries()) {
          const objects = objectsIn(copy[at]);
          const target = objects[step % objects.length] ?? {};
          Object.defineProperty(target, name, {
            value: `m4rk${number}`,
            enumerable: true,
            configurable: true,
            writable: true,
          });
        }
        const found = [...streamed(api, copy).values()].join('\n');
        const whole = [...readWhole(api, path, copy).values()].join('\n');
        for (const number of places.keys())
          if (whole.includes(`m4rk${number}`)) expect(found, JSON.stringify(places)).toContain(`m4rk${number}`);
      }),
      { numRuns: 300 },
    );
  });
});

function objectsIn(value: unknown): object[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(objectsIn)];
}
