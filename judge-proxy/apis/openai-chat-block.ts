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

/**
 * Ends choices: the message as their refusal, then the reason. `content_filter` ends every SDK's loop.
 * @param open choices that have begun
 * @param unseen choices of which nothing was sent; only these name their role, because clients join what they get twice
 */
export function refusedEnd(
  block: Block,
  head: JsonObject,
  open: readonly number[],
  unseen: readonly number[] = [],
): string {
  const choice = (index: number, delta: JsonObject, finish_reason: string | null) => {
    return { index, delta, logprobs: null, finish_reason };
  };
  const refusal = block.message;
  const said = [
    ...open.map((index) => choice(index, { refusal }, null)),
    ...unseen.map((index) => choice(index, { role: 'assistant', refusal }, null)),
  ];
  const ends = said.map(({ index }) => choice(index, {}, 'content_filter'));
  return `${sse(null, { ...head, choices: said })}${sse(null, { ...head, choices: ends })}${DONE}`;
}

const DONE = 'data: [DONE]\n\n';
