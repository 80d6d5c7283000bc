/** Copies of exchanges for tests, as the tap hands them over. */

import type { Capture, CapturedBody } from '../../exchange/capture.ts';

export function bodyOf(text: string | Uint8Array, over: Partial<CapturedBody> = {}): CapturedBody {
  const bytes = new Uint8Array(Buffer.from(text));
  return {
    bytes,
    total: bytes.length,
    cut: null,
    ended: true,
    contentType: 'application/json',
    contentEncoding: null,
    ...over,
  };
}

/** A chat completion; `over` changes what the test is about. */
export function captureOf(over: Partial<Capture> & { user?: string; answer?: string } = {}): Capture {
  const { user = 'What is the capital of France?', answer = 'Paris.', ...rest } = over;
  return {
    exchangeId: 'exchange-1',
    host: 'api.openai.com',
    method: 'POST',
    path: '/v1/chat/completions',
    status: 200,
    request: bodyOf(JSON.stringify({ model: 'gpt-5-mini', messages: [{ role: 'user', content: user }] })),
    response: bodyOf(JSON.stringify(chatCompletion(answer))),
    errorCode: null,
    clientAborted: false,
    ...rest,
  };
}

function chatCompletion(content: string): object {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-5-mini-2025-08-07',
    choices: [
      { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
  };
}

/** The same answer as server-sent events, a few characters in each. */
export function streamOf(content: string, size = 5): string {
  const chunk = (delta: object, finish: string | null) => ({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'gpt-5-mini-2025-08-07',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  });
  const deltas = content.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
  const chunks = [
    chunk({ role: 'assistant', content: '' }, null),
    ...deltas.map((text) => chunk({ content: text }, null)),
    chunk({}, 'stop'),
  ];
  return `${chunks.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`;
}
