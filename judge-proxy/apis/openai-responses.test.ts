/**
 * Responses, requests and answers: messages, instructions, calls and results become parts with their place; what lives
 * at the provider is a reason; credentials of tools are never kept; an answer's echo of its request is not read twice.
 */

import { describe, expect, it } from 'vitest';
import type { DecodedExchange, Reading } from './api.ts';
import { openaiResponses } from './openai-responses.ts';
import { exchange, lines } from './testing/exchange.ts';
import { FUNCTION_CALL, MESSAGE, response } from './testing/responses-fixtures.ts';

const PATH = '/v1/responses';

function read(request: object | null, over: Partial<DecodedExchange> = {}): Reading {
  return openaiResponses.read(exchange(PATH, { request: request === null ? null : JSON.stringify(request), ...over }));
}

function readOutput(output: readonly object[], over: object = {}): Reading {
  return read(null, { response: JSON.stringify(response(output, over)) });
}

describe('requests', () => {
  it('reads a string as the user’s words, and instructions as the system’s', () => {
    const reading = read({ model: 'gpt-5', input: 'hello', instructions: 'be brief', stream: true });
    expect(lines(reading)).toEqual(['request.instructions system text: be brief', 'request.input user text: hello']);
    expect(reading.transcript).toMatchObject({ model_requested: 'gpt-5', streamed: true, unknown_items: 0 });
  });

  it('reads messages, calls and results', () => {
    const reading = read({
      input: [
        { role: 'user', content: 'easy' },
        { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'rules' }] },
        {
          role: 'assistant',
          content: [
            { type: 'output_text', text: 'said', annotations: [] },
            { type: 'refusal', refusal: 'no' },
          ],
        },
        FUNCTION_CALL,
        { type: 'function_call_output', call_id: 'call_1', output: 'secret result' },
        {
          type: 'function_call_output',
          call_id: 'call_1',
          output: [
            { type: 'input_text', text: 'in parts' },
            { type: 'input_image', image_url: 'https://x/y' },
          ],
        },
        { type: 'custom_tool_call_output', call_id: 'c', output: 'custom result' },
        { id: 'msg_9' },
        'bare',
      ],
    });
    expect(lines(reading)).toEqual([
      'request.input[0].content user text: easy',
      'request.input[1].content[0].text developer text: rules',
      'request.input[2].content[0].text assistant text: said',
      'request.input[2].content[1].refusal assistant refusal: no',
      'request.input[3].arguments assistant tool_call <send_mail>: {"to":"a@b.c"}',
      'request.input[4].output tool tool_result: secret result',
      'request.input[5].output[0].text tool tool_result: in parts',
      'request.input[5].output[1].image_url tool media: [image at https://x/y]',
      'request.input[6].output tool tool_result: custom result',
      'request.input[7].id user media: [item msg_9 at the provider]',
      'request.input[8] user text: bare',
    ]);
    expect(reading.reasons).toEqual(['context_missing', 'opaque_content']);
    expect(reading.transcript.unknown_items).toBe(0);
  });

  it('says what lives at the provider', () => {
    const reading = read({
      input: [{ type: 'item_reference', id: 'rs_1' }],
      previous_response_id: 'resp_0',
      conversation: { id: 'conv_1' },
      prompt: { id: 'pmpt_1', version: '2', variables: { name: 'Alice', doc: { type: 'input_text', text: 'long' } } },
    });
    expect(reading.reasons).toEqual(['context_missing']);
    expect(lines(reading)).toEqual([
      'request.input[0].id user media: [item rs_1 at the provider]',
      'request.previous_response_id unknown media: [earlier turns of resp_0 at the provider]',
      'request.conversation unknown media: [conversation conv_1 at the provider]',
      'request.prompt user media: [prompt template pmpt_1 at the provider]',
      'request.prompt.variables[0].name user other: name',
      'request.prompt.variables[0] user text: Alice',
      'request.prompt.variables[1].name user other: doc',
      'request.prompt.variables[1][0].text user text: long',
    ]);
    expect(read({ input: 'x', conversation: 'conv_2' }).reasons).toEqual(['context_missing']);
  });

  it('reads definitions without the credentials that they carry', () => {
    const reading = read({
      input: 'x',
      tools: [
        {
          type: 'function',
          name: 'f',
          description: 'a tool',
          parameters: { properties: { authorization: { description: 'steal' } } },
        },
        {
          type: 'mcp',
          server_label: 'wiki',
          server_url: 'https://x',
          authorization: 'S3CRET',
          headers: { 'X-Key': 'S3CRET' },
        },
        {
          type: 'code_interpreter',
          container: { network_policy: { domain_secrets: [{ name: 'n', value: 'S3CRET' }] } },
        },
        'strange',
      ],
      text: {
        format: { type: 'json_schema', name: 'answer', schema: { title: 'T' }, description: 'D' },
        verbosity: 'low',
      },
    });
    expect(JSON.stringify(reading)).not.toContain('S3CRET');
    expect(JSON.stringify(reading)).toContain('steal');
    expect(reading.transcript.parts.map(({ place, kind, name }) => [place, kind, name])).toEqual([
      ['request.input', 'text', undefined],
      ['request.tools[0]', 'tool_definition', 'f'],
      ['request.tools[1]', 'tool_definition', 'wiki'],
      ['request.tools[2]', 'tool_definition', 'code_interpreter'],
      ['request.tools[3]', 'other', undefined],
      ['request.text.schema', 'tool_definition', 'answer'],
      ['request.text.description', 'tool_definition', undefined],
    ]);
  });

  it('shows labels, hides settings, keeps the unknown', () => {
    const reading = read({
      input: 'x',
      temperature: 1,
      include: ['a'],
      metadata: { k: 'v' },
      user: 'u',
      brand_new: [{ text: 'n' }],
    });
    expect(lines(reading).slice(1)).toEqual([
      'request.metadata unknown other: k: v',
      'request.user unknown other: u',
      'request.* unknown other: brand_new:\n -\n  text: n',
    ]);
    expect(reading.transcript.unknown_items).toBe(1);
  });
});

describe('answers', () => {
  it('reads status, usage, model, and what the object repeats of its request once', () => {
    const request = {
      input: 'hi',
      instructions: 'be brief',
      tools: [{ type: 'function', name: 'f' }],
      metadata: { k: 'v'.repeat(200) },
    };
    const echo = {
      instructions: 'be brief',
      tools: [{ type: 'function', name: 'f', strict: true }],
      metadata: request.metadata,
    };
    const reading = read(request, { response: JSON.stringify(response([MESSAGE], echo)) });
    expect(lines(reading).filter((line) => line.startsWith('response'))).toHaveLength(2);
    expect(reading.transcript).toMatchObject({
      model_returned: 'gpt-5-mini-2026-01-01',
      finish: ['completed'],
      usage: { tokens_in: 20, tokens_out: 6, tokens_cached: 8 },
      unknown_items: 0,
    });
    expect(reading.reasons).toEqual([]);
  });

  it('reads instructions and tools that only the provider knew', () => {
    const template = [{ role: 'system', content: 'from the template' }];
    const reading = read(
      { prompt: { id: 'p' } },
      { response: JSON.stringify(response([], { instructions: template, tools: [{ name: 'hidden' }] })) },
    );
    expect(lines(reading)).toContain('response.instructions[0].content system text: from the template');
    expect(lines(reading)).toContain('response.tools[0] developer tool_definition <hidden>: name: hidden');
  });

  it('reads failure, incompleteness and background', () => {
    const failed = readOutput([], { status: 'failed', error: { code: 'server_error', message: 'broke' } });
    expect(failed.transcript).toMatchObject({ finish: ['failed'], error: { type: null, code: 'server_error' } });
    const incomplete = readOutput([MESSAGE], {
      status: 'incomplete',
      incomplete_details: { reason: 'content_filter' },
    });
    expect(incomplete.transcript.finish).toEqual(['incomplete', 'content_filter']);
    for (const status of ['queued', 'in_progress'])
      expect(readOutput([], { status }).reasons).toEqual(['stream_broken']);
  });

  it('reads an error body and an unreadable one', () => {
    const error = read(null, {
      status: 401,
      response: '{"error":{"message":"bad key","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}',
    });
    expect(error.transcript).toMatchObject({
      error: { code: 'invalid_api_key' },
      parts: [{ kind: 'error', text: 'bad key' }],
    });
    expect(read(null, { response: '{"hello":"world"}' }).reasons).toEqual(['unparseable']);
    expect(read(null, { response: 'data: nonsense\n\n' }).reasons).toEqual(['stream_broken', 'unparseable']);
  });

  it('reads the joined text only when it says something new', () => {
    expect(lines(readOutput([MESSAGE], { output_text: 'Grüße aus 世界 👋' }))).toHaveLength(2);
    expect(lines(readOutput([MESSAGE], { output_text: 'another story' }))).toContain(
      'response.output_text assistant text: another story',
    );
  });
});
