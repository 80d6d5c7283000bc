/** Contract: of a secret that the rules know nothing is left in any analysis, wherever in an exchange it stood. */

import { describe, expect, it } from 'vitest';
import type { Capture } from '../exchange/capture.ts';
import { createDetectors } from './detectors.ts';
import { analyse, chat, inputOf, responses, toolCall } from './testing/analysing.ts';
import { bodyOf, captureOf, streamOf } from './testing/captures.ts';
import { SECRETS } from './testing/secrets.ts';

describe('no secret is left', () => {
  const places: readonly [string, (text: string) => Partial<Capture>][] = [
    ['the prompt', (text) => ({ request: chat([{ role: 'user', content: text }]) })],
    ['a system prompt', (text) => ({ request: chat([{ role: 'system', content: text }]) })],
    [
      'an early message',
      (text) => ({
        request: chat([
          { role: 'user', content: text },
          { role: 'user', content: 'go on' },
        ]),
      }),
    ],
    ['a content part', (text) => ({ request: chat([{ role: 'user', content: [{ type: 'text', text }] }]) })],
    ['a tool call', (text) => ({ request: chat([toolCall({ value: text })]) })],
    ['a tool result', (text) => ({ request: chat([{ role: 'tool', tool_call_id: 'c1', content: text }]) })],
    [
      'a tool definition',
      (text) => ({ request: chat([], { tools: [{ type: 'function', function: { name: 'f', description: text } }] }) }),
    ],
    ['an unknown field', (text) => ({ request: chat([{ role: 'user', content: 'x', weird: text }], { also: text }) })],
    [
      'the answer',
      (text) => ({
        response: bodyOf(JSON.stringify({ choices: [{ index: 0, message: { role: 'assistant', content: text } }] })),
      }),
    ],
    ['a streamed answer', (text) => ({ response: bodyOf(streamOf(text, 3), { contentType: 'text/event-stream' }) })],
    ['the name of the model', (text) => ({ request: bodyOf(JSON.stringify({ model: text, messages: [] })) })],
    [
      'the name of a tool',
      (text) => ({ request: chat([], { tools: [{ type: 'function', function: { name: text } }] }) }),
    ],
    ['Responses: the input', (text) => responses({ input: text })],
    ['Responses: the instructions', (text) => responses({ instructions: text, input: 'x' })],
    ['Responses: an item', (text) => responses({ input: [{ role: 'user', content: [{ type: 'input_text', text }] }] })],
    [
      'Responses: a call',
      (text) =>
        responses({ input: [{ type: 'function_call', call_id: 'c', name: 'f', arguments: JSON.stringify({ text }) }] }),
    ],
    [
      'Responses: the output',
      (text) =>
        responses({ input: 'x' }, [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] }]),
    ],
    [
      'an error',
      (text) => ({
        status: 400,
        response: bodyOf(JSON.stringify({ error: { message: text, type: text, code: text } })),
      }),
    ],
    ['the content type', (text) => ({ path: '/v1/x', request: bodyOf('x', { contentType: text }) })],
    ['the body of an unknown endpoint', (text) => ({ path: '/v1/x', request: bodyOf(text) })],
    ['a body that is no JSON', (text) => ({ request: bodyOf(text) })],
    [
      'a body that is cut',
      (text) => ({
        request: bodyOf(`{"messages":[{"role":"user","content":${JSON.stringify(text)}`, {
          cut: 'cap',
          total: 9_999_999,
        }),
      }),
    ],
  ];

  it.each(places)('in %s', async (_, plant) => {
    for (const { name, text, secret } of SECRETS) {
      const analysis = await analyse(captureOf(plant(`see ${text} there`)));
      const everything = JSON.stringify(analysis) + JSON.stringify(inputOf(analysis));
      for (const form of [secret, JSON.stringify(secret).slice(1, -1)]) {
        for (let at = 0; at + 10 <= form.length; at += 5) {
          expect(everything, `${name} at ${at}`).not.toContain(form.slice(at, at + 10));
        }
      }
    }
  });
});

it('what each event of a stream repeats is one value, not all of them together', async () => {
  const detectors = createDetectors({ patterns: [], json_paths: [{ name: 'tenant', path: '$..tenant' }] });
  for (const tenant of ['acme-corporation', 'acme']) {
    const events = ['Hello ', tenant, '!'].map((content) =>
      JSON.stringify({ id: 'x', object: 'chat.completion.chunk', tenant, choices: [{ index: 0, delta: { content } }] }),
    );
    const response = bodyOf(events.map((event) => `data: ${event}\n\n`).join(''), { contentType: 'text/event-stream' });
    const { parts } = inputOf(await analyse(captureOf({ response }), { detectors })).transcript;
    expect(JSON.stringify(parts)).toContain('[REDACTED:tenant:');
    expect(JSON.stringify(parts)).not.toContain('acme');
  }
});
