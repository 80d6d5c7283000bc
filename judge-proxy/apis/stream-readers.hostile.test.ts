/** Contract of every stream reader: nothing throws or is lost of what hostile servers send, and none of it is slow. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from './anthropic-messages.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';
import { parseSse } from './sse.ts';
import * as anthropic from './testing/anthropic-fixtures.ts';
import * as chat from './testing/chat-fixtures.ts';
import { anyText, sse } from './testing/exchange.ts';
import * as responses from './testing/responses-fixtures.ts';
import { readWhole, streamed } from './testing/streaming.ts';

const BLOCK = {
  code: 'blocked_by_judge',
  status: 403,
  message: 'no',
  headers: true,
  requestId: 'r',
  verdictId: null,
  reveal: null,
} as const;

describe.each([
  [openaiChat, [...chat.TOOL_CALLS, ...chat.TWO_CHOICES, ...chat.REFUSAL], '/v1/chat/completions'],
  [openaiResponses, responses.eventsOf(responses.response(responses.STREAMED_ITEMS)), '/v1/responses'],
  [anthropicMessages, anthropic.eventsOf(anthropic.message(anthropic.BLOCKS)), '/v1/messages'],
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
