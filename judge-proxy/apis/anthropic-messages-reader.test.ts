/**
 * Contract: what the deltas of a stream amount to is what the whole reading says, at the same places, however blocks
 * interleave; nothing of a tool call is left unannounced.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from './anthropic-messages.ts';
import { parseSse } from './sse.ts';
import * as anthropic from './testing/anthropic-fixtures.ts';
import { sse } from './testing/exchange.ts';
import { expectSame, interleaved, stepsOf, streamed } from './testing/streaming.ts';

const MESSAGES = '/v1/messages';

describe('Anthropic Messages', () => {
  const blocks = fc.shuffledSubarray([...anthropic.BLOCKS], { minLength: 1 });

  it('equals the whole reading for any blocks', () => {
    fc.assert(
      fc.property(blocks, (content) => {
        expectSame(anthropicMessages, MESSAGES, anthropic.eventsOf(anthropic.message(content)));
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
