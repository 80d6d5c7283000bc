/**
 * The form of a question gets plainer when a server says that it does not know this one, in the words that servers use,
 * and for nothing else: not for what was said, not for a spent quota, not for a server in trouble.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutputMode } from '../ledger/records.ts';
import { boundedFetch } from './model-fetch.ts';
import { EndpointForm, type FormRefusal, type OutputForm, plainerForm } from './output-form.ts';
import { openai, REFUSALS } from './testing/refusals.ts';

const SCHEMA: OutputForm = { mode: 'json_schema', temperature: true };

/** An error body as the model client would see it. */
async function refusal(status: number, body: unknown): Promise<FormRefusal> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answered = await boundedFetch(async () => new Response(text, { status }))('https://judge.test/');
  const { error } = (await answered.json()) as { error: { message?: string; code?: unknown; param?: unknown } };
  const word = (value: unknown) => (typeof value === 'string' ? value : null);
  return { status, code: word(error.code), param: word(error.param), message: error.message ?? JSON.stringify(error) };
}

describe('down to the next form', () => {
  it.each(REFUSALS)('%s, from %s (%d)', async (_, mode, status, body) => {
    const next = mode === 'json_schema' ? 'json_object' : 'text';
    expect(plainerForm({ mode, temperature: false }, await refusal(status, body))).toEqual({
      mode: next,
      temperature: false,
    });
  });

  it.each<[string, unknown]>([
    [
      'OpenAI',
      openai(
        "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
        'temperature',
        'unsupported_value',
      ),
    ],
    ['a gateway', { detail: 'temperature is not supported' }],
  ])('%s, without the temperature, in the same mode', async (_, body) => {
    const refused = await refusal(400, body);
    expect(plainerForm(SCHEMA, refused)).toEqual({ mode: 'json_schema', temperature: false });
    expect(plainerForm({ ...SCHEMA, temperature: false }, refused)).toBeNull();
  });

  it('never below text', async () => {
    for (const [, , status, body] of REFUSALS) {
      expect(plainerForm({ mode: 'text', temperature: false }, await refusal(status, body))).toBeNull();
    }
  });
});

describe('not for', () => {
  it.each<[string, number, unknown]>([
    [
      'a content filter',
      400,
      openai(
        'The response was filtered; json_schema is not supported for filtered content.',
        'response_format',
        'content_filter',
      ),
    ],
    ['a content policy', 400, openai('Your request was rejected: invalid.', null, 'content_policy_violation')],
    [
      'a context that is too long',
      400,
      openai(
        "This model's maximum context length is 8192 tokens, however json_schema is not counted.",
        'messages',
        'context_length_exceeded',
      ),
    ],
    [
      'a model that is not there',
      404,
      openai('The model `x` does not exist or response_format is not supported', 'model', 'model_not_found'),
    ],
    [
      'another parameter',
      400,
      openai(
        "Unsupported parameter: 'max_tokens' is not supported with this model.",
        'max_tokens',
        'unsupported_parameter',
      ),
    ],
    ['a bad key', 401, openai('Incorrect API key: response_format is not supported')],
    ['a rate limit', 429, openai('Rate limit: json_schema is not available')],
    ['trouble', 503, openai('json_schema is not available')],
    ['nothing', 400, ''],
    [
      'a request that is repeated behind the reason',
      400,
      openai(`Bad request. ${' '.repeat(400)} response_format is not supported`),
    ],
    [
      'a transcript that FastAPI repeats',
      422,
      {
        detail: [
          {
            type: 'too_long',
            loc: ['body', 'messages'],
            msg: 'Too many items',
            input: 'response_format is not supported',
          },
        ],
      },
    ],
  ])('%s', async (_, status, body) =>
    expect(plainerForm({ ...SCHEMA, temperature: false }, await refusal(status, body))).toBeNull(),
  );

  it('any error without these words', () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), fc.string(), fc.option(fc.string()), (status, message, code) => {
        expect(plainerForm(SCHEMA, { status, message, code, param: null })).toBeNull();
      }),
    );
  });
});

describe('what an endpoint is known for', () => {
  it.each([
    ['gpt-5-mini', false],
    ['openai/gpt-5-nano', false],
    ['o3', false],
    ['gpt-4.1', true],
    ['qwen3', true],
  ])('begins with the schema; temperature of %s: %s', (model, temperature) => {
    expect(new EndpointForm(model).current).toEqual({ mode: 'json_schema', temperature });
  });

  it('only ever gets plainer, whatever order calls end in', () => {
    const form = fc.record({
      mode: fc.constantFrom<OutputMode>('json_schema', 'json_object', 'text'),
      temperature: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(form), (answered) => {
        const known = new EndpointForm('m');
        for (const one of answered) known.settle(one);
        const order: OutputMode[] = ['json_schema', 'json_object', 'text'];
        const plainest = answered.reduce((most, { mode }) => Math.max(most, order.indexOf(mode)), 0);
        expect(known.current).toEqual({
          mode: order[plainest],
          temperature: answered.every(({ temperature }) => temperature),
        });
      }),
    );
  });
});

describe('an error body of any server', () => {
  it.each<[unknown, object]>([
    [{ error: { message: 'a', code: 'b' } }, { message: 'a', code: 'b' }],
    [
      { error: 'a', code: 'b' },
      { message: 'a', code: 'b' },
    ],
    [{ error: null }, { error: null }],
    [{ detail: 'a' }, { message: 'a' }],
    [
      { detail: [{ type: 't', loc: ['body', 'x'], msg: 'm', input: 'secret' }] },
      { message: 't: m', param: 'body.x', code: null },
    ],
    [{ detail: [] }, { message: 'undefined' }],
    ['no JSON', { message: 'no JSON' }],
    [[1], { message: '[1]' }],
    ['', { message: '' }],
  ])('%j', async (body, error) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const headers = { 'content-length': '5', 'retry-after': '7' };
    const answer = await boundedFetch(async () => new Response(text, { status: 400, headers }))('https://judge.test/');
    expect(await answer.json()).toEqual({ error });
    expect([answer.status, answer.headers.get('retry-after'), answer.headers.get('content-length')]).toEqual([
      400,
      '7',
      null,
    ]);
  });
});
