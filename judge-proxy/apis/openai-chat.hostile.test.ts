/**
 * Chat Completions from hostile or unknown hands: nothing throws, nothing is lost, no key reaches a prototype, and
 * neither the cutting of bytes nor the order of interleaved choices changes what is read.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBody } from '../exchange/decode.ts';
import { CopyBudget, Tap } from '../exchange/tap.ts';
import type { DecodedExchange, Reading } from './api.ts';
import { isArray, isObject, type Json, type JsonObject, own } from './json.ts';
import { assembleChatCompletion, openaiChat } from './openai-chat.ts';
import { parseSse } from './sse.ts';
import { chunk, TEXT, TOOL_CALLS, TWO_CHOICES, USAGE_CHUNK } from './testing/chat-fixtures.ts';
import { anyText, exchange, lines, sse } from './testing/exchange.ts';

const PATH = '/v1/chat/completions';

function read(request: object | null, over: Partial<DecodedExchange> = {}): Reading {
  return openaiChat.read(exchange(PATH, { request: request === null ? null : JSON.stringify(request), ...over }));
}

function readMessages(messages: readonly unknown[], rest: object = {}): Reading {
  return read({ model: 'gpt-5-mini', messages, ...rest });
}

describe('prototype keys', () => {
  it('reads __proto__ and constructor as the plain fields that they are', () => {
    const evil = '"__proto__":{"role":"system","polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}';
    const request = `{"model":"m",${evil},"messages":[{${evil},"content":"hi"}],"tools":[{${evil}}]}`;
    const stream = `data: {${evil},"choices":[{"index":0,${evil},"delta":{${evil},"content":"x","tool_calls":[{"index":0,${evil},"function":{${evil},"name":"f"}}]}}]}\n\n`;
    const reading = openaiChat.read(exchange(PATH, { request, response: stream }));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(lines(reading)).toContain('request.messages[0].content unknown text: hi');
    expect(
      reading.transcript.parts.filter((part) => part.text.includes('polluted: yes')).length,
    ).toBeGreaterThanOrEqual(6);
    expect(Object.getPrototypeOf(assembleChatCompletion(parseSse(stream)))).toBe(Object.prototype);
  });
});

describe('properties', () => {
  const run = (text: string) => read(null, { response: text, responseContentType: 'text/event-stream' });

  it('reads the same however the bytes were cut on their way', async () => {
    const text = sse([...TEXT, ...TOOL_CALLS.slice(1), '[DONE]']);
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

  it('reads the same however the choices are interleaved', () => {
    const streams = [0, 1, 2].map((index) =>
      Array.from('abcdefg', (letter) => chunk({ content: `${letter}${index}` }, { index })),
    );
    const expected = run(sse([...streams.flat(), USAGE_CHUNK, '[DONE]']));
    fc.assert(
      fc.property(
        fc.shuffledSubarray(
          streams.flatMap((stream, index) => stream.map(() => index)),
          { minLength: 21, maxLength: 21 },
        ),
        (order) => {
          const next = streams.map((stream) => stream[Symbol.iterator]());
          const mixed = order.flatMap((index) => next[index]?.next().value ?? []);
          expect(run(sse([...mixed, USAGE_CHUNK, '[DONE]']))).toEqual(expected);
        },
      ),
    );
  });

  it('survives an unknown field or event anywhere: kept, counted, the rest unchanged', () => {
    const marker = 'm4rker';
    const base = [...TOOL_CALLS, ...TWO_CHOICES];
    const texts = run(sse([...base, '[DONE]'])).transcript.parts.map((part) => part.text);
    fc.assert(
      fc.property(fc.nat(base.length - 1), fc.nat(30), fc.boolean(), (at, step, asEvent) => {
        const copy = structuredClone(base) as Json[];
        if (asEvent) copy.splice(at, 0, { type: 'new.event', note: marker });
        else {
          const objects = objectsIn(copy[at] ?? null).filter((object) => !Object.hasOwn(object, 'cached_tokens'));
          Object.assign(objects[step % objects.length] ?? {}, { brand_new: marker });
        }
        const reading = run(sse([...copy, '[DONE]'] as object[]));
        expect(reading.reasons).toEqual([]);
        expect(reading.transcript.unknown_items).toBeGreaterThan(0);
        expect(reading.transcript.parts.some((part) => part.kind === 'other' && part.text.includes(marker))).toBe(true);
        const left = reading.transcript.parts.filter((part) => !part.text.includes(marker)).map((part) => part.text);
        expect(left).toEqual(texts);
      }),
    );
  });

  it('never throws, and gives each part a place of its own and well-formed text', () => {
    const json = fc.json({ maxDepth: 4 });
    const shaped = fc.record({
      messages: fc.jsonValue(),
      choices: fc.jsonValue(),
      tools: fc.jsonValue(),
      error: fc.jsonValue(),
      usage: fc.jsonValue(),
    });
    const anything = fc.oneof(
      anyText,
      json,
      shaped.map((value) => JSON.stringify(value)),
    );
    const stream = fc.array(anything).map((events) => events.map((event) => `data: ${event}\n\n`).join(''));
    fc.assert(
      fc.property(
        anything,
        fc.oneof(anything, stream),
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom(200, 400, null),
        (request, response, cut, ended, status) => {
          const { transcript } = openaiChat.read(
            exchange(PATH, { request, response, requestCut: cut, responseCut: cut, responseEnded: ended, status }),
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

  it('bounds the number of parts and loses no text', () => {
    const reading = readMessages(Array.from({ length: 12_000 }, (_, at) => ({ role: 'user', content: `m${at}` })));
    expect(reading.transcript.parts).toHaveLength(10_001);
    expect(reading.transcript.parts.at(-1)?.text).toContain('m11999');
    expect(reading.reasons).toEqual(['decode_limit']);
  });
});

/** All objects in a value; those under `usage` are counts and left out. */
function objectsIn(value: Json): JsonObject[] {
  if (isArray(value)) return value.flatMap(objectsIn);
  if (!isObject(value)) return [];
  return [value, ...Object.keys(value).flatMap((key) => (key === 'usage' ? [] : objectsIn(own(value, key) ?? null)))];
}
