/**
 * Responses, streamed: a stream reads as the object of its last event, which is valid by the published description; one
 * that breaks reads as far as it came; deltas that tell another story than the object are kept.
 */

import { describe, expect, it } from 'vitest';
import type { DecodedExchange, Reading } from './api.ts';
import { assembleResponse, openaiResponses } from './openai-responses.ts';
import { parseSse } from './sse.ts';
import { exchange, lines, sse, texts } from './testing/exchange.ts';
import { describeWithDescription } from './testing/openai-description.ts';
import { ALL_TEXTS, deltasIn, eventsOf, MESSAGE, response, STREAMED_ITEMS } from './testing/responses-fixtures.ts';

const PATH = '/v1/responses';

function read(request: object | null, over: Partial<DecodedExchange> = {}): Reading {
  return openaiResponses.read(exchange(PATH, { request: request === null ? null : JSON.stringify(request), ...over }));
}

function readOutput(output: readonly object[], over: object = {}): Reading {
  return read(null, { response: JSON.stringify(response(output, over)) });
}

function readStream(events: readonly object[], over: Partial<DecodedExchange> = {}): Reading {
  return read(null, { response: sse(events, true), responseContentType: 'text/event-stream', ...over });
}

describe('streams', () => {
  const whole = response(STREAMED_ITEMS);
  const events = eventsOf(whole);

  it('reads as the object of the last event, nothing twice', () => {
    const streamed = readStream(events);
    expect(streamed.transcript).toEqual({ ...readOutput(STREAMED_ITEMS).transcript, streamed: true });
    expect(streamed).toMatchObject({ reasons: [], transcript: { unknown_items: 0 } });
    expect(streamed.transcript.parts.map((part) => part.text)).toEqual(ALL_TEXTS);
  });

  it('reads as far as it came, at every point where it can break', () => {
    for (let length = 1; length < events.length; length++) {
      const reading = readStream(events.slice(0, length));
      expect(reading.reasons).toEqual(['stream_broken']);
      expect(reading.transcript.unknown_items).toBe(0);
      const seen = texts(reading);
      for (const text of seen)
        expect(ALL_TEXTS.some((known) => known === '{}' || known.startsWith(text) || text === '{}')).toBe(true);
      const sent = deltasIn(events.slice(0, length));
      for (const text of sent) expect(seen).toContain(text);
      for (const part of reading.transcript.parts) expect(part.place).toMatch(/^response\.output\[\d\]/);
    }
    expect(readStream(events.slice(0, -1)).transcript.parts.map((part) => part.text)).toEqual(ALL_TEXTS);
  });

  it('reads deltas of items that were never announced', () => {
    const reading = readStream([
      { type: 'response.output_text.delta', output_index: 0, content_index: 0, item_id: 'm', delta: 'hello ' },
      { type: 'response.output_text.delta', output_index: 0, content_index: 0, item_id: 'm', delta: 'there' },
      { type: 'response.function_call_arguments.delta', output_index: 1, item_id: 'f', delta: '{"a":1}' },
      { type: 'response.reasoning_summary_text.delta', output_index: 2, summary_index: 0, item_id: 'r', delta: 'hm' },
    ]);
    expect(lines(reading)).toEqual([
      'response.output[0].content[0].text assistant text: hello there',
      'response.output[1].arguments assistant tool_call: {"a":1}',
      'response.output[2].summary[0].text assistant reasoning: hm',
    ]);
  });

  it('keeps what was delivered when the object tells another story', () => {
    const lie = { ...MESSAGE, content: [{ type: 'output_text', text: 'all is well', annotations: [], logprobs: [] }] };
    const other = [...eventsOf(response([MESSAGE])).slice(0, -1), eventsOf(response([lie])).at(-1) ?? {}];
    const placed = readStream(other).transcript.parts.map((part) => `${part.place}: ${part.text}`);
    expect(placed).toEqual([
      'response.output[0].content[0].text: all is well',
      'response.stream.output[0].content[0].text: Grüße aus 世界 👋',
      'response.stream.output[0].content[1].refusal: But not that.',
    ]);
    const split = [
      { type: 'response.output_text.delta', output_index: 0, content_index: 0, item_id: 'm', delta: 'poison' },
      { type: 'response.output_text.done', output_index: 0, content_index: 0, item_id: 'm', text: 'cure' },
      { type: 'response.completed', response: response([lie]) },
    ];
    expect(texts(readStream(split))).toEqual(['all is well', 'cure', 'poison']);
  });

  it('takes the items of the stream when the last event has none', () => {
    const bare = [...events.slice(0, -1), { type: 'response.completed', response: { ...whole, output: [] } }];
    expect(texts(readStream(bare))).toEqual(ALL_TEXTS);
    expect(readStream(bare).reasons).toEqual([]);
    expect(readStream(bare).transcript.parts[0]?.place).toBe('response.output[0].summary[0].text');
  });

  it('reads audio, partial images and shell output that no item carries', () => {
    const reading = readStream([
      { type: 'response.audio.transcript.delta', delta: 'spoken ' },
      { type: 'response.audio.transcript.delta', delta: 'words' },
      { type: 'response.audio.delta', delta: 'AAAA' },
      { type: 'response.image_generation_call.partial_image', output_index: 0, partial_image_b64: 'AAAA' },
      { type: 'response.shell_call_command.added', output_index: 1, command_index: 0, command: '' },
      { type: 'response.shell_call_command.delta', output_index: 1, command_index: 0, delta: 'cat ' },
      { type: 'response.shell_call_command.delta', output_index: 1, command_index: 0, delta: '/etc/passwd' },
      { type: 'response.shell_call_command.done', output_index: 1, command_index: 0, command: 'cat /etc/passwd' },
      {
        type: 'response.shell_call_output_content.delta',
        output_index: 2,
        command_index: 0,
        delta: { stdout: 'root:x' },
      },
      {
        type: 'response.shell_call_output_content.done',
        output_index: 2,
        command_index: 0,
        output: [{ stdout: 'root:x', stderr: '' }],
      },
      { type: 'response.completed', response: response([]) },
    ]);
    expect(reading.transcript.parts.map(({ kind, text }) => `${kind}: ${text.replace(/sha256 \w+/, '#')}`)).toEqual([
      'text: spoken words',
      'media: [media, 3 bytes, #]',
      'media: [media, 3 bytes, #]',
      'tool_call: cat /etc/passwd',
      'tool_result: root:x',
      'tool_result: -\n stdout: root:x\n stderr: ',
    ]);
    expect(reading.reasons).toEqual(['opaque_content']);
    expect(reading.transcript.unknown_items).toBe(0);
  });

  it('reads error events in both of their forms', () => {
    const flat = { type: 'error', code: 'overloaded', message: 'too much', param: null, sequence_number: 3 };
    const nested = {
      type: 'error',
      error: { type: 'server_error', code: 'overloaded', message: 'too much', param: null },
    };
    for (const event of [flat, nested]) {
      const reading = readStream([...events.slice(0, 2), event]);
      expect(reading.transcript).toMatchObject({
        error: { code: 'overloaded' },
        parts: [{ kind: 'error', text: 'too much' }],
      });
      expect(reading.reasons).toEqual(['stream_broken']);
      expect(readStream([event]).reasons).toEqual(['stream_broken']);
    }
  });

  it.each(['completed', 'incomplete', 'failed'])('ends with response.%s', (status) => {
    expect(readStream(eventsOf(response([MESSAGE], { status }))).reasons).toEqual([]);
  });

  it('does not blame the origin for the end of our copy', () => {
    expect(readStream(events.slice(0, -1), { responseCut: true }).reasons).toEqual([]);
    expect(readStream(events.slice(0, -1), { responseCut: true, responseEnded: false }).reasons).toEqual([
      'stream_broken',
    ]);
  });
});

describeWithDescription('the published description', (description) => {
  it.each([
    ['all streamed items', STREAMED_ITEMS],
    ['a message', [MESSAGE]],
  ])('%s: events and assembled object are valid', (_name, items) => {
    const events = eventsOf(response(items));
    for (const event of events) expect(description.faults('ResponseStreamEvent', event)).toEqual([]);
    expect(description.faults('Response', assembleResponse(parseSse(sse(events))))).toEqual([]);
    const withoutEnd = assembleResponse(parseSse(sse(events.slice(0, -1))));
    expect(description.faults('Response', withoutEnd)).toEqual([]);
    expect(withoutEnd?.output).toEqual(JSON.parse(JSON.stringify(items)));
  });

  it('knows every event of the description', () => {
    for (const type of description.kinds('ResponseStreamEvent')) {
      const at = { item_id: 'i', output_index: 0, content_index: 0, summary_index: 0, command_index: 0 };
      const values = {
        response: response([]),
        item: MESSAGE,
        part: { type: 'output_text', text: '' },
        text: 't',
        refusal: 't',
        arguments: 't',
        input: 't',
        code: 't',
        command: 't',
      };
      const delta = type === 'response.shell_call_output_content.delta' ? { stdout: 'x' } : 'x';
      const extra = { output: [], delta, partial_image_b64: 'AAAA' };
      const fields = type === 'error' ? { code: 'c', message: 'm', param: null } : { ...at, ...values, ...extra };
      const reading = readStream([{ type, ...fields }]);
      expect([type, reading.transcript.unknown_items]).toEqual([type, 0]);
    }
  });
});
