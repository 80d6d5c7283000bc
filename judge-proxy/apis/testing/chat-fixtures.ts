/** Streams of Chat Completions as OpenAI sends them: parallel tool calls, n > 1, refusal, usage, padding. */

interface ChunkOptions {
  readonly index?: number;
  readonly finish?: string;
}

/** One `chat.completion.chunk` with one choice. */
export function chunk(delta: object, { index = 0, finish }: ChunkOptions = {}): object {
  return {
    ...HEAD,
    choices: [{ index, delta, logprobs: null, finish_reason: finish ?? null }],
    usage: null,
    obfuscation: 'x7Yq2',
  };
}

const HEAD = {
  id: 'chatcmpl-C1',
  object: 'chat.completion.chunk',
  created: 1_790_000_000,
  model: 'gpt-5-mini-2026-01-01',
  service_tier: 'default',
  system_fingerprint: 'fp_1',
};

/** Last chunk of a stream with `include_usage`. */
export const USAGE_CHUNK = {
  ...HEAD,
  choices: [],
  usage: {
    prompt_tokens: 12,
    completion_tokens: 5,
    total_tokens: 17,
    prompt_tokens_details: { cached_tokens: 3, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  },
  obfuscation: 'p',
};

export const TEXT: readonly object[] = [
  chunk({ role: 'assistant', content: '', refusal: null }),
  chunk({ content: 'Grüße aus ' }),
  chunk({ content: '世界 👋' }),
  chunk({}, { finish: 'stop' }),
  USAGE_CHUNK,
];

export const TWO_CHOICES: readonly object[] = [
  chunk({ role: 'assistant', content: '', refusal: null }, { index: 1 }),
  chunk({ role: 'assistant', content: '', refusal: null }),
  chunk({ content: 'second ' }, { index: 1 }),
  chunk({ content: 'first ' }),
  chunk({ content: 'choice' }, { index: 1 }),
  chunk({ content: 'choice' }),
  chunk({}, { finish: 'stop' }),
  chunk({}, { index: 1, finish: 'length' }),
];

const call = (index: number, rest: object) => ({ tool_calls: [{ index, ...rest }] });

export const TOOL_CALLS: readonly object[] = [
  chunk({ role: 'assistant', content: null, refusal: null }),
  chunk(call(0, { id: 'call_a', type: 'function', function: { name: 'get_weather', arguments: '' } })),
  chunk(call(0, { function: { arguments: '{"city":' } })),
  chunk(call(1, { id: 'call_b', type: 'function', function: { name: 'send_mail', arguments: '' } })),
  chunk(call(1, { function: { arguments: '{"to":"a@' } })),
  chunk(call(0, { function: { arguments: '"Rome"}' } })),
  chunk(call(1, { function: { arguments: 'b.c"}' } })),
  chunk({}, { finish: 'tool_calls' }),
];

export const REFUSAL: readonly object[] = [
  chunk({ role: 'assistant', content: null, refusal: '' }),
  chunk({ refusal: "I can't " }),
  chunk({ refusal: 'help.' }),
  chunk({}, { finish: 'stop' }),
];

export const LEGACY_CALL: readonly object[] = [
  chunk({ role: 'assistant', content: null, function_call: { name: 'lookup', arguments: '' } }),
  chunk({ function_call: { arguments: '{"id":' } }),
  chunk({ function_call: { arguments: '7}' } }),
  chunk({}, { finish: 'function_call' }),
];

export const WHOLE_STREAMS: readonly (readonly [name: string, chunks: readonly object[]])[] = [
  ['text', TEXT],
  ['two choices', TWO_CHOICES],
  ['tool calls', TOOL_CALLS],
  ['refusal', REFUSAL],
  ['legacy call', LEGACY_CALL],
];
