/**
 * Contract: no stream of an origin, however it is cut, costs much more time or memory than its bytes. Counts stand for
 * time where they can; where they cannot, the bound is far above what linear work takes and far below quadratic work.
 */

import { describe, expect, test } from 'vitest';
import { cpuMs } from '../../test/support/cpu-time.ts';
import { anthropicMessages } from '../apis/anthropic-messages.ts';
import type { SseEvent } from '../apis/sse.ts';
import { ReleaseQueue } from './release-queue.ts';
import { SseSplitter } from './sse-splitter.ts';
import { WindowText } from './window-text.ts';

/** Milliseconds of the processor; quadratic work of these sizes takes ten times as long at least. */
const LINEAR = 2_000;

function event(value: object): SseEvent {
  return { event: null, data: JSON.stringify(value), whole: true };
}

describe('a hostile stream', () => {
  test('of blank lines alone is no million of units', () => {
    const splitter = new SseSplitter();
    expect(splitter.push(Buffer.alloc(100_000, '\n'))).toEqual([]);
    const [unit, ...more] = splitter.push(Buffer.from('data: 1\n\n'));
    expect(more).toEqual([]);
    expect(unit?.bytes.byteLength).toBe(100_009);
    expect(unit?.event?.data).toBe('1');
  });

  test('byte by byte is gathered: a reference to each byte would cost a hundred times as much', () => {
    const text = `data: ${'x'.repeat(10_000)}y\n\n`;
    const splitter = new SseSplitter();
    // One buffer that each byte comes in: what is gathered is right all the same, what is referenced is not.
    const chunk = Buffer.alloc(1);
    const units = [];
    for (const byte of Buffer.from(text)) {
      chunk[0] = byte;
      units.push(...splitter.push(chunk));
    }
    expect(units.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([text]);
  });

  test('of tiny units is counted with what each of them costs', () => {
    const queue = new ReleaseQueue();
    const unit = { bytes: Buffer.from(': c\n\n'), event: null };
    for (let i = 0; i < 1_000; i++) queue.push(unit, { idle: true, call: false, callOpen: false, ends: false });
    expect(queue.weight).toBeGreaterThanOrEqual(200_000);
    queue.takeAll();
    expect(queue.weight).toBe(0);
  });

  test('with thousands of words that grow is read in linear time', () => {
    const text = new WindowText({ rules: 0, model: 0 });
    const started = cpuMs();
    for (let i = 1; i <= 60_000; i++) {
      text.add({ place: `p${i % 9_000}`, role: 'assistant', kind: 'text', text: 'a' }, i);
      // A word in each place grows since its first unit.
      expect(text.growsSince).toBe(1);
    }
    expect(cpuMs() - started).toBeLessThan(LINEAR);
  });

  test('that says again and again that it has ended is read in linear time', () => {
    const reader = anthropicMessages.streamReader();
    const started = cpuMs();
    for (let index = 0; index < 20_000; index++) {
      reader.read(event({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } }));
    }
    for (let i = 0; i < 20_000; i++) reader.read(event({ type: 'message_stop' }));
    expect(cpuMs() - started).toBeLessThan(LINEAR);
  });

  test.each([
    ['values', `{"choices":[${'0,'.repeat(1_000_000)}0]}`],
    ['keys', `{${Array.from({ length: 300_000 }, (_, i) => `"key${i}":1`).join()}}`],
    ['levels', '['.repeat(4_000_000)],
  ])('of one event with too many %s is read as the text that it is', (_what, data) => {
    const reader = anthropicMessages.streamReader();
    const started = cpuMs();
    const { deltas } = reader.read({ event: null, data, whole: true });
    expect(cpuMs() - started).toBeLessThan(1_000);
    expect(deltas.map(({ text }) => text)).toEqual([data]);
  });

  test('of pieces that are too many values together, too', () => {
    const reader = anthropicMessages.streamReader();
    const block = { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} };
    reader.read(event({ type: 'content_block_start', index: 0, content_block: block }));
    const text = `[${'0,'.repeat(1_000_000)}0]`;
    const started = cpuMs();
    const delta = { type: 'input_json_delta', partial_json: text };
    reader.read(event({ type: 'content_block_delta', index: 0, delta }));
    const { deltas } = reader.read(event({ type: 'content_block_stop', index: 0 }));
    expect(cpuMs() - started).toBeLessThan(1_000);
    expect(deltas.map((one) => one.text)).toEqual([text]);
  });
});
