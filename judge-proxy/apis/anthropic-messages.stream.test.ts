/**
 * Anthropic Messages, streamed: the events amount to the object that was not streamed; a stream that breaks reads as far
 * as it came and says that it broke; pings, errors and unknown events may come anywhere.
 */

import { MessageStream } from '@anthropic-ai/sdk/lib/MessageStream';
import { describe, expect, it } from 'vitest';
import { anthropicMessages, assembleMessage } from './anthropic-messages.ts';
import type { DecodedExchange, Reading } from './api.ts';
import { parseSse } from './sse.ts';
import {
  ALL_TEXTS,
  BLOCKS,
  blockEvents,
  CITED,
  EMPTY_TOOL_USE,
  eventsOf,
  message,
  SEARCH_RESULT,
  SERVER_TOOL_USE,
  TEXT,
  THINKING,
  TOOL_USE,
} from './testing/anthropic-fixtures.ts';
import { exchange, lines, sse, texts } from './testing/exchange.ts';

const PATH = '/v1/messages';

function readStream(events: readonly object[], over: Partial<DecodedExchange> = {}): Reading {
  const response = sse(events, true);
  return anthropicMessages.read(exchange(PATH, { response, responseContentType: 'text/event-stream', ...over }));
}

function readWhole(whole: object): Reading {
  return anthropicMessages.read(exchange(PATH, { response: JSON.stringify(whole) }));
}

const assembled = (events: readonly object[]) => assembleMessage(parseSse(sse(events, true)));
const delta = (index: number, rest: object) => ({ type: 'content_block_delta', index, delta: rest });
const STOP = { type: 'message_stop' };

describe('whole streams', () => {
  it.each([
    ['text', message([TEXT])],
    ['thinking and text', message([THINKING, TEXT])],
    ['cited text', message([CITED])],
    ['tool calls', message([TOOL_USE, EMPTY_TOOL_USE], { stop_reason: 'tool_use' })],
    ['a stop sequence', message([TEXT], { stop_reason: 'stop_sequence', stop_sequence: 'END' })],
    ['a refusal', message([], { stop_reason: 'refusal', stop_details: { type: 'refusal', explanation: 'No.' } })],
    ['a container', message([TEXT], { container: { id: 'cntr_1', expires_at: '2026-12-01T00:00:00Z' } })],
    ['all blocks', message(BLOCKS)],
  ])('%s: assembles to the object that was not streamed, and reads the same', (_name, whole) => {
    const events = eventsOf(whole);
    expect(assembled(events)).toEqual(whole);
    const { transcript, reasons } = readWhole(whole);
    expect(readStream(events)).toEqual({ transcript: { ...transcript, streamed: true }, reasons });
  });

  it('takes the counts of the last event, and keeps those that it leaves out', () => {
    const events = eventsOf(message([TEXT]));
    expect(readStream(events).transcript.usage).toEqual({ tokens_in: 125, tokens_out: 42, tokens_cached: 100 });
    const more = { type: 'message_delta', delta: {}, usage: { output_tokens: 50, input_tokens: null } };
    expect(readStream([...events.slice(0, -1), more, STOP]).transcript.usage).toEqual({
      tokens_in: 125,
      tokens_out: 50,
      tokens_cached: 100,
    });
  });

  it.each([
    ['text and thinking', message([THINKING, TEXT, CITED])],
    ['tool calls', message([TOOL_USE, EMPTY_TOOL_USE, SERVER_TOOL_USE, SEARCH_RESULT])],
  ])('%s: assembles to what the vendor’s own SDK makes of it', async (_name, whole) => {
    const events = eventsOf(whole);
    const lines = new Blob(events.map((event) => `${JSON.stringify(event)}\n`)).stream();
    const final = await MessageStream.fromReadableStream(lines).finalMessage();
    expect(JSON.parse(JSON.stringify(final))).toMatchObject(assembled(events) ?? {});
  });

  it('takes the name of an event for its type where the data has none', () => {
    const ping = 'event: ping\ndata: {}\n\n';
    const response = ping + sse(eventsOf(message([TEXT])), true);
    const { transcript } = anthropicMessages.read(
      exchange(PATH, { response, responseContentType: 'text/event-stream' }),
    );
    expect(transcript).toMatchObject({ unknown_items: 0, parts: [{ text: 'Grüße aus 世界 👋' }] });
  });

  it('reads blocks that come whole in their first event', () => {
    const start = (index: number, content_block: object) => ({ type: 'content_block_start', index, content_block });
    const reading = readStream([start(0, TEXT), start(1, TOOL_USE), STOP]);
    expect(texts(reading)).toEqual(['Grüße aus 世界 👋', 'to: a@b.c\nbody: line\nbreak']);
    expect(reading.reasons).toEqual([]);
  });

  it('reads the summary of a compaction', () => {
    const start = { type: 'content_block_start', index: 0, content_block: { type: 'compaction', content: null } };
    const piece = (content: string) => delta(0, { type: 'compaction_delta', content, encrypted_content: null });
    expect(readStream([start, piece('So '), piece('far.'), STOP])).toMatchObject({
      reasons: [],
      transcript: { unknown_items: 0, parts: [{ text: 'So far.' }] },
    });
  });
});

describe('broken streams', () => {
  const events = eventsOf(message(BLOCKS));

  it('reads as far as it came, at every point where it can break', () => {
    for (let length = 1; length < events.length; length++) {
      const reading = readStream(events.slice(0, length), { responseEnded: false });
      expect(reading.reasons).toContain('stream_broken');
      expect(reading.transcript.unknown_items).toBe(0);
      for (const part of reading.transcript.parts) expect(part.place).toMatch(/^response\.content\[\d\]/);
    }
    const seen = texts(readStream(events.slice(0, -1), { responseEnded: false }));
    expect(seen.map((text) => text.replace(/sha256 \w+/, '#'))).toEqual(ALL_TEXTS);
  });

  it('reads what stands in the event that was cut', () => {
    const whole = sse(eventsOf(message([TEXT])).slice(0, 4), true);
    const response = whole.slice(0, whole.indexOf('Grüße') + 3);
    const reading = anthropicMessages.read(
      exchange(PATH, { response, responseContentType: 'text/event-stream', responseEnded: false }),
    );
    expect(lines(reading)).toEqual(['response.content[0].text assistant text: Grü']);
    expect(reading.reasons).toEqual(['stream_broken']);
  });

  it('keeps the input of a tool as it came when its JSON is not whole, and beside another that was announced', () => {
    const json = (partial_json: string) => delta(0, { type: 'input_json_delta', partial_json });
    const broken = readStream([json('{"path":"/etc/'), json('shad')]);
    expect(lines(broken)).toEqual(['response.content[0].input assistant tool_call: {"path":"/etc/shad']);
    const start = { type: 'content_block_start', index: 0, content_block: { ...TOOL_USE, input: { a: 'first' } } };
    expect(texts(readStream([start, json('{"a":"second"}'), STOP]))).toEqual([
      'a: second',
      'input_announced:\n a: first',
    ]);
  });

  it('reads blocks that were never announced', () => {
    const reading = readStream([
      delta(0, { type: 'text_delta', text: 'hello ' }),
      delta(1, { type: 'thinking_delta', thinking: 'hm' }),
      delta(0, { type: 'text_delta', text: 'there' }),
      delta(2, { type: 'input_json_delta', partial_json: '{}' }),
    ]);
    expect(lines(reading)).toEqual([
      'response.content[0].text assistant text: hello there',
      'response.content[1].thinking assistant reasoning: hm',
      'response.content[2].input assistant tool_call: {}',
    ]);
    expect(reading).toMatchObject({ reasons: ['stream_broken'], transcript: { unknown_items: 0 } });
  });

  it('does not blame the origin for the end of our copy', () => {
    const some = eventsOf(message([TEXT])).slice(0, -1);
    expect(readStream(some, { responseCut: true }).reasons).toEqual([]);
    expect(readStream(some, { responseCut: true, responseEnded: false }).reasons).toEqual(['stream_broken']);
  });

  it('says that a stream of nothing could not be read', () => {
    expect(readStream([{ type: 'ping' }]).reasons).toEqual(['stream_broken', 'unparseable']);
  });
});

describe('errors in the stream', () => {
  const events = eventsOf(message([TEXT]));
  const error = { type: 'overloaded_error', message: 'too much' };

  it.each([
    ['at the start', []],
    ['in the middle', events.slice(0, 5)],
  ])('reads an error %s', (_name, before) => {
    const reading = readStream([...before, { type: 'error', error, request_id: 'req_1' }]);
    expect(reading.transcript).toMatchObject({ error: { type: 'overloaded_error', code: null }, unknown_items: 0 });
    expect(lines(reading).at(-1)).toBe('response.error.message assistant error: too much');
    expect(reading.reasons).toEqual(['stream_broken']);
  });

  it('takes what comes under `event: error` for one, whatever it is, and loses nothing of it', () => {
    const under = (data: object) =>
      anthropicMessages.read(
        exchange(PATH, {
          response: `event: error\ndata: ${JSON.stringify(data)}\n\n`,
          responseContentType: 'text/event-stream',
        }),
      );
    expect(under(error).transcript).toMatchObject({
      error: { type: 'overloaded_error' },
      parts: [{ kind: 'error', text: 'too much' }],
    });
    expect(under({ type: 'error', message: 'flat' }).transcript.parts).toMatchObject([{ kind: 'error', text: 'flat' }]);
    expect(texts(under({ type: 'error', error, message: 'beside' }))).toEqual(['too much', 'beside']);
  });
});

describe('what the API does not send', () => {
  it('loses no block when two have one index', () => {
    const events = [
      ...blockEvents(TEXT, 0),
      ...blockEvents({ type: 'text', text: 'second', citations: null }, 0),
      STOP,
    ];
    expect(texts(readStream(events))).toEqual(['Grüße aus 世界 👋', 'second']);
  });

  it('reads content that stands in the first event, and deltas that go on with it', () => {
    const start = { type: 'message_start', message: message([{ type: 'text', text: 'Hel' }]) };
    expect(texts(readStream([start, delta(0, { type: 'text_delta', text: 'lo' }), STOP]))).toEqual(['Hello']);
    const strange = { type: 'message_start', message: { ...message([]), content: 'bare', usage: 'none' } };
    expect(texts(readStream([strange, STOP]))).toEqual(['message_start.content: bare\nmessage_start.usage: none']);
  });

  it('joins what unknown deltas bring, in their block, and leaves the known text alone', () => {
    const shiny = (text: string) => delta(0, { type: 'shiny_delta', text });
    const [start, ...rest] = blockEvents(TEXT, 0);
    const reading = readStream([start ?? {}, shiny('sk-'), ...rest.slice(0, 2), shiny('123'), ...rest.slice(2), STOP]);
    expect(lines(reading)).toEqual([
      'response.content[0].text assistant text: Grüße aus 世界 👋',
      'response.content[0].* assistant other: shiny_delta.text: sk-123',
    ]);
    expect(reading).toMatchObject({ reasons: [], transcript: { unknown_items: 1 } });
  });

  it('keeps unknown fields of events under the name of the event', () => {
    const reading = readStream([{ type: 'ping', note: 'psst' }, ...blockEvents(TEXT, 0), { ...STOP, note: 'bye' }]);
    expect(texts(reading)[1]).toBe('ping.note: psst\nmessage_stop.note: bye');
    expect(reading.transcript.unknown_items).toBe(2);
  });

  it.each([
    ['an index that is none', { type: 'content_block_delta', index: '0', delta: { type: 'text_delta', text: 'x' } }],
    ['no delta', { type: 'content_block_delta', index: 0, delta: 'text: x' }],
    ['no block', { type: 'content_block_start', index: 0, content_block: 'x' }],
    ['no message', { type: 'message_start', message: 'x' }],
    ['a delta of no known type and nothing else', { type: 'content_block_delta', index: 50, delta: { type: 'x' } }],
    ['no known type', { type: 'x' }],
  ])('keeps an event with %s whole', (_name, event) => {
    const reading = readStream([event, ...eventsOf(message([TEXT]))]);
    expect(reading).toMatchObject({ reasons: [], transcript: { unknown_items: 1 } });
    expect(lines(reading)[0]).toMatch(/^response\.events assistant other: type: (.|\n)*x$/);
    expect(texts(reading)[1]).toBe('Grüße aus 世界 👋');
  });
});
