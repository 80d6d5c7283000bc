/** Responses from hostile or unknown hands: nothing throws, nothing is lost, no key reaches a prototype. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecodedExchange, Reading } from './api.ts';
import { openaiResponses } from './openai-responses.ts';
import { anyText, exchange, sse, texts } from './testing/exchange.ts';
import { ALL_TEXTS, deltasIn, eventsOf, MESSAGE, response, STREAMED_ITEMS } from './testing/responses-fixtures.ts';

const PATH = '/v1/responses';

function read(request: object | null, over: Partial<DecodedExchange> = {}): Reading {
  return openaiResponses.read(exchange(PATH, { request: request === null ? null : JSON.stringify(request), ...over }));
}

function readStream(events: readonly object[], over: Partial<DecodedExchange> = {}): Reading {
  return read(null, { response: sse(events, true), responseContentType: 'text/event-stream', ...over });
}

describe('prototype keys', () => {
  it('reads __proto__ and constructor as the plain fields that they are', () => {
    const evil = '"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}';
    const request = `{${evil},"input":[{${evil},"role":"user","content":"hi"}],"prompt":{"id":"p","variables":{${evil}}},"tools":[{"type":"mcp",${evil}}]}`;
    const stream = [
      `{"type":"response.output_item.added","output_index":0,"item":{${evil},"type":"message"}}`,
      `{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"x",${evil}}`,
      `{"type":"__proto__",${evil}}`,
      `{"type":"response.completed","response":{${evil},"output":[]}}`,
    ];
    const reading = openaiResponses.read(exchange(PATH, { request, response: sse(stream) }));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(
      reading.transcript.parts.filter((part) => part.text.includes('polluted: yes')).length,
    ).toBeGreaterThanOrEqual(6);
    expect(texts(reading)).toContain('x');
  });
});

describe('properties', () => {
  it('survives an unknown field or event anywhere: kept, counted, the rest unchanged', () => {
    const events = eventsOf(response(STREAMED_ITEMS));
    fc.assert(
      fc.property(fc.nat(events.length - 1), fc.boolean(), (at, asEvent) => {
        const copy = structuredClone(events) as object[];
        const addition = { type: 'response.brand_new.delta', brand_new: 'm4rker' };
        if (asEvent) copy.splice(at, 0, addition);
        else {
          const last = copy.at(-1) as { response: { output: object[] } };
          Object.assign(last.response.output[at % last.response.output.length] ?? {}, { brand_new: 'm4rker' });
        }
        const reading = readStream(copy);
        expect(reading.reasons).toEqual([]);
        expect(reading.transcript.unknown_items).toBe(1);
        expect(
          reading.transcript.parts.filter((part) => part.kind === 'other' && part.text.includes('m4rker')),
        ).toHaveLength(1);
        expect(
          reading.transcript.parts.filter((part) => !part.text.includes('m4rker')).map((part) => part.text),
        ).toEqual(ALL_TEXTS);
      }),
    );
  });

  it('loses no delta, whatever is left out of the stream', () => {
    const events = eventsOf(response(STREAMED_ITEMS));
    fc.assert(
      fc.property(fc.subarray(events), (some) => {
        const seen = readStream(some)
          .transcript.parts.map((part) => part.text)
          .join('\n');
        for (const text of deltasIn(some)) expect(seen).toContain(text);
      }),
    );
  });

  it('never throws, and gives each part a place of its own and well-formed text', () => {
    const types = fc.constantFrom(
      'response.completed',
      'response.output_item.added',
      'response.output_item.done',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.function_call_arguments.delta',
      'response.shell_call_output_content.delta',
      'error',
      'response.created',
      'x.delta',
    );
    const some = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constant(response([MESSAGE])),
      fc.constant(MESSAGE),
      fc.constant('text'),
    );
    const index = fc.oneof(fc.nat(2), fc.jsonValue({ maxDepth: 1 }), fc.double());
    const event = fc.record(
      {
        type: types,
        response: some,
        item: some,
        part: some,
        delta: some,
        text: some,
        output_index: index,
        content_index: index,
      },
      { requiredKeys: [] },
    );
    const items = fc.array(
      fc.oneof(
        fc.record({
          type: fc.constantFrom('message', 'reasoning', 'mcp_call', 'x'),
          content: some,
          output: some,
          summary: some,
        }),
        fc.jsonValue(),
      ),
    );
    const request = fc.oneof(
      fc.json(),
      anyText,
      fc.record({ input: items, tools: some, prompt: some, text: some }).map((value) => JSON.stringify(value)),
    );
    const answer = fc.oneof(
      anyText,
      fc.json(),
      items.map((output) => JSON.stringify(response(output as never))),
      fc.array(event).map((list) => sse(list)),
    );
    fc.assert(
      fc.property(request, answer, fc.boolean(), fc.boolean(), (body, text, cut, ended) => {
        const { transcript } = openaiResponses.read(
          exchange(PATH, { request: body, response: text, requestCut: cut, responseCut: cut, responseEnded: ended }),
        );
        expect(new Set(transcript.parts.map((part) => part.place)).size).toBe(transcript.parts.length);
        for (const part of transcript.parts) expect(part.text.isWellFormed()).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
