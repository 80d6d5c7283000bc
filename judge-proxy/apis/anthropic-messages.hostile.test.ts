/**
 * Anthropic Messages from hostile or unknown hands: nothing throws, nothing is lost, no key reaches a prototype, and
 * neither the cutting of bytes nor the order of interleaved blocks changes what is read.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBody } from '../exchange/decode.ts';
import { CopyBudget, Tap } from '../exchange/tap.ts';
import { anthropicMessages, assembleMessage } from './anthropic-messages.ts';
import type { Reading } from './api.ts';
import { parseSse } from './sse.ts';
import { ALL_TEXTS, BLOCKS, blockEvents, eventsOf, message, TEXT } from './testing/anthropic-fixtures.ts';
import { anyText, exchange, sse, texts } from './testing/exchange.ts';

const PATH = '/v1/messages';

function run(response: string): Reading {
  return anthropicMessages.read(exchange(PATH, { response, responseContentType: 'text/event-stream' }));
}

const plain = (reading: Reading) => texts(reading).map((text) => text.replace(/sha256 \w+/, '#'));

describe('prototype keys', () => {
  it('reads __proto__ and constructor as the plain fields that they are', () => {
    const evil = '"__proto__":{"role":"system","polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}';
    const request = `{"model":"m",${evil},"messages":[{${evil},"content":[{"type":"text",${evil},"text":"hi"},{"type":"__proto__"}]}],"tools":[{${evil}}]}`;
    const stream = sse([
      `{"type":"message_start","message":{${evil},"usage":{${evil}}}}`,
      `{"type":"content_block_start","index":0,${evil},"content_block":{"type":"text",${evil}}}`,
      `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta",${evil},"text":"x"}}`,
      `{"type":"content_block_delta","index":1,"delta":{"type":"constructor",${evil}}}`,
      `{"type":"message_delta","delta":{${evil}},${evil}}`,
      `{"type":"__proto__",${evil}}`,
      '{"type":"message_stop"}',
    ]);
    const reading = anthropicMessages.read(exchange(PATH, { request, response: stream }));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(texts(reading)).toEqual(expect.arrayContaining(['hi', 'x']));
    expect(reading.transcript.parts.find((part) => part.text === 'hi')?.role).toBe('unknown');
    expect(
      reading.transcript.parts.filter((part) => part.text.includes('polluted: yes')).length,
    ).toBeGreaterThanOrEqual(7);
    expect(Object.getPrototypeOf(assembleMessage(parseSse(stream)))).toBe(Object.prototype);
  });
});

describe('properties', () => {
  it('reads the same however the bytes were cut on their way', async () => {
    const text = sse(eventsOf(message(BLOCKS)), true);
    const bytes = Buffer.from(text);
    const expected = run(text);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 40 }), async (cuts) => {
        const tap = new Tap(1 << 20, new CopyBudget(1 << 20));
        let at = 0;
        for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
          tap.push(bytes.subarray(at, cut));
          at = cut;
        }
        const captured = tap.capture({ contentType: 'text/event-stream', contentEncoding: null, ended: true });
        const decoded = await decodeBody(captured, { side: 'response', maxBytes: 1 << 20, maxMs: 1000, now: () => 0 });
        expect(run(decoded.text ?? '')).toEqual(expected);
      }),
    );
  });

  it('assembles the same however the blocks are interleaved and wherever a ping comes', () => {
    const whole = message(BLOCKS);
    const [start, , ...rest] = eventsOf(whole);
    const end = rest.slice(-2);
    const streams = BLOCKS.map((block, index) => blockEvents(block, index));
    const order = streams.flatMap((stream, index) => stream.map(() => index));
    fc.assert(
      fc.property(
        fc.shuffledSubarray(order, { minLength: order.length, maxLength: order.length }),
        fc.array(fc.nat(order.length), { maxLength: 5 }),
        (turns, pings) => {
          const next = streams.map((stream) => stream[Symbol.iterator]());
          const mixed: object[] = [start ?? {}, ...turns.flatMap((index) => next[index]?.next().value ?? []), ...end];
          for (const at of pings) mixed.splice(at, 0, { type: 'ping' });
          expect(assembleMessage(parseSse(sse(mixed, true)))).toEqual(whole);
          expect(run(sse(mixed, true)).transcript.unknown_items).toBe(0);
        },
      ),
    );
  });

  it('survives an unknown field, delta or event anywhere: kept, counted, the rest unchanged', () => {
    const events = eventsOf(message(BLOCKS));
    const additions = [
      { type: 'brand_new', note: 'm4rker' },
      { type: 'content_block_delta', index: 2, delta: { type: 'brand_new_delta', text: 'm4rker' } },
    ];
    // A delta can only follow the start of its block.
    const first = events.findIndex((event) => event.index === 2) + 1;
    fc.assert(
      fc.property(fc.integer({ min: first, max: events.length - 1 }), fc.constantFrom(0, 1, 2), (at, what) => {
        const copy = structuredClone(events) as object[];
        const addition = additions[what];
        if (addition === undefined) Object.assign(copy[at] ?? {}, { brand_new: 'm4rker' });
        else copy.splice(at, 0, addition);
        const reading = run(sse(copy, true));
        expect(reading.reasons).toEqual(['opaque_content']);
        expect(reading.transcript.unknown_items).toBe(1);
        const kept = reading.transcript.parts.filter((part) => part.text.includes('m4rker'));
        expect(kept.map((part) => part.kind)).toEqual(['other']);
        expect(plain(reading).filter((text) => !text.includes('m4rker'))).toEqual(ALL_TEXTS);
      }),
    );
  });

  it('loses no delta, whatever is left out of the stream', () => {
    const words = Array.from({ length: 3 }, (_, index) => ({
      ...TEXT,
      text: `alpha${index} beta${index} gamma${index}`,
    }));
    const events = eventsOf(message(words));
    fc.assert(
      fc.property(fc.subarray(events), (some) => {
        const seen = texts(run(sse(some, true)));
        for (const [index] of words.entries()) {
          const sent = some
            .filter((event) => event.type === 'content_block_delta' && event.index === index)
            .map((event) => (event.delta as { text: string }).text)
            .join('');
          if (sent !== '') expect(seen).toContain(sent);
        }
      }),
    );
  });

  it('never throws, and gives each part a place of its own and well-formed text', () => {
    const types = fc.constantFrom(
      'text_delta',
      'input_json_delta',
      'thinking_delta',
      'signature_delta',
      'citations_delta',
      'x_delta',
    );
    const blockTypes = fc.constantFrom(
      'text',
      'thinking',
      'tool_use',
      'tool_result',
      'image',
      'document',
      'web_search_tool_result',
      'code_execution_tool_result',
      'bash_code_execution_result',
      'compaction',
      'mcp_tool_listing',
      'toString',
    );
    const some = fc.oneof(fc.jsonValue({ maxDepth: 2 }), anyText);
    const { block } = fc.letrec<{ block: unknown }>((tie) => ({
      block: fc.oneof(
        { maxDepth: 3 },
        fc.jsonValue({ maxDepth: 1 }),
        fc.record(
          {
            type: blockTypes,
            text: some,
            thinking: some,
            input: some,
            name: some,
            citations: fc.oneof(some, fc.array(fc.record({ cited_text: some, encrypted_index: some }))),
            content: fc.oneof(some, tie('block'), fc.array(tie('block'), { maxLength: 3 })),
            source: fc.record({
              type: fc.constantFrom('base64', 'text', 'url', 'file', 'content', 'x'),
              data: some,
              media_type: some,
              content: tie('block'),
            }),
            tools: some,
          },
          { requiredKeys: ['type'] },
        ),
      ),
    }));
    const event = fc.record(
      {
        type: fc.constantFrom(
          'message_start',
          'content_block_start',
          'content_block_delta',
          'content_block_stop',
          'message_delta',
          'message_stop',
          'ping',
          'error',
          'x',
        ),
        index: fc.oneof(fc.nat(2), fc.jsonValue({ maxDepth: 1 }), fc.double()),
        message: fc.oneof(some, fc.record({ content: fc.oneof(some, fc.array(block)), usage: some, model: some })),
        content_block: block,
        delta: fc.oneof(
          some,
          fc.record({ type: types, text: some, partial_json: some, citation: some }, { requiredKeys: [] }),
          fc.record({ stop_reason: some, stop_details: some, content: some, usage: some }, { requiredKeys: [] }),
        ),
        usage: some,
        error: some,
      },
      { requiredKeys: ['type'] },
    );
    const body = fc.record({ messages: fc.array(fc.record({ role: some, content: fc.array(block) })), system: block });
    const request = fc.oneof(
      anyText,
      fc.json(),
      body.map((value) => JSON.stringify(value)),
    );
    const answer = fc.oneof(
      anyText,
      fc.json(),
      fc.array(block).map((content) => JSON.stringify(message(content as object[]))),
      fc.array(event, { maxLength: 12 }).map((list) => sse(list, true)),
    );
    fc.assert(
      fc.property(
        request,
        answer,
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom(200, 400, null),
        (sent, response, cut, ended, status) => {
          const { transcript } = anthropicMessages.read(
            exchange(PATH, {
              request: sent,
              response,
              requestCut: cut,
              responseCut: cut,
              responseEnded: ended,
              status,
            }),
          );
          expect(new Set(transcript.parts.map((part) => part.place)).size).toBe(transcript.parts.length);
          for (const part of transcript.parts) {
            expect(part.text.isWellFormed()).toBe(true);
            expect(part.place).toMatch(/^(request|response)(\.[a-z_*]+|\[\d+\])*(~\d+)?$/);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
