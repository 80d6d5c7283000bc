/** A block of Chat Completions: an error, or a completion whose choices end by `content_filter`. */

import type { Block, BlockedRequest, WholeAnswer } from './block.ts';
import { jsonAnswer, sse, streamAnswer } from './block-answer.ts';
import { secondsOf, wireId } from './id-time.ts';
import type { JsonObject } from './json.ts';
import { openaiError } from './openai-error.ts';

/** Before anything of the answer was sent. */
export function blockChat(block: Block, request: BlockedRequest): WholeAnswer {
  if (block.style === 'error') return jsonAnswer(block, block.status, { error: openaiError(block) });
  const head = chatHead(block, request.model);
  if (request.streamed) return streamAnswer(block, refusedStream(block, head));
  const message = { role: 'assistant', content: null, refusal: block.message };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'content_filter' }];
  return jsonAnswer(block, 200, { ...head, object: 'chat.completion', choices, usage: NO_USAGE });
}

/** Programs read the sums without asking whether they are there. */
const NO_USAGE = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

/** What all chunks of a stream share, when the origin has sent none. */
export function chatHead(block: Block, model: string | null): JsonObject {
  const created = secondsOf(block.requestId);
  return {
    id: wireId('chatcmpl-', block.requestId),
    object: 'chat.completion.chunk',
    created,
    model: model ?? 'unknown',
  };
}

/** A whole stream: one choice that refuses. */
export function refusedStream(block: Block, head: JsonObject): string {
  const start = {
    index: 0,
    delta: { role: 'assistant', content: '', refusal: null },
    logprobs: null,
    finish_reason: null,
  };
  return `${sse(null, { ...head, choices: [start] })}${refusedEnd(block, head, [0])}`;
}

/** Ends choices that are open: the message as their refusal, then the reason. `content_filter` ends every SDK's loop. */
export function refusedEnd(block: Block, head: JsonObject, open: readonly number[]): string {
  const choices = (delta: JsonObject, finish_reason: string | null) =>
    open.map((index) => ({ index, delta, logprobs: null, finish_reason }));
  const said = sse(null, { ...head, choices: choices({ refusal: block.message }, null) });
  return `${said}${sse(null, { ...head, choices: choices({}, 'content_filter') })}${DONE}`;
}

const DONE = 'data: [DONE]\n\n';
