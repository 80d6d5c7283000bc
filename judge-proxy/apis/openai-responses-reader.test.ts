/**
 * Contract: what the deltas of a stream amount to is what the whole reading says, at the same places, however items
 * interleave; nothing of a tool call is left unannounced.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openaiResponses } from './openai-responses.ts';
import { parseSse } from './sse.ts';
import { sse } from './testing/exchange.ts';
import * as responses from './testing/responses-fixtures.ts';
import { expectSame, interleaved, joined, stepsOf, streamed } from './testing/streaming.ts';

const RESPONSES = '/v1/responses';

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
