/** A block of Anthropic Messages: an error, or a message that stopped by `refusal`. */

import type { Block, BlockedRequest, WholeAnswer } from './block.ts';
import { jsonAnswer, revealed, sse, streamAnswer } from './block-answer.ts';
import { wireId } from './id-time.ts';
import type { JsonObject } from './json.ts';

/** Before anything of the answer was sent. */
export function blockMessage(block: Block, request: BlockedRequest): WholeAnswer {
  if (block.style === 'error') return jsonAnswer(block, block.status, anthropicError(block));
  if (request.streamed) return streamAnswer(block, refusedStream(block, request.model));
  // Programs read the text of the first block without asking whether there is one.
  const content = [{ type: 'text', text: block.message, citations: null }];
  return jsonAnswer(block, 200, { ...openMessage(block, request.model), content, ...refusal(block) });
}

/** An error body of the API, which is also the data of an `error` event. */
export function anthropicError(block: Block): JsonObject {
  const type = block.code === 'blocked_by_judge' ? 'permission_error' : 'api_error';
  const details = { error_code: block.code };
  const error = { type, message: block.message, details, ...revealed(block) };
  return { type: 'error', error, request_id: block.requestId };
}

/** A whole stream: one text, and the refusal. */
export function refusedStream(block: Block, model: string | null): string {
  const delta = { type: 'text_delta', text: block.message };
  return [
    event({ type: 'message_start', message: openMessage(block, model) }),
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: null } }),
    event({ type: 'content_block_delta', index: 0, delta }),
    refusedEnd(block, [0], 0),
  ].join('');
}

/**
 * Ends a message that has begun.
 * @param open indexes of the content blocks that are not closed
 * @param outputTokens as told last
 */
export function refusedEnd(block: Block, open: readonly number[], outputTokens: number): string {
  const stops = open.map((index) => event({ type: 'content_block_stop', index }));
  const delta = { ...refusal(block), container: null };
  const end = event({ type: 'message_delta', delta, usage: { output_tokens: outputTokens } });
  return `${stops.join('')}${end}${event({ type: 'message_stop' })}`;
}

function event(data: JsonObject & { readonly type: string }): string {
  return sse(data.type, data);
}

function refusal(block: Block): JsonObject {
  const stop_details = { type: 'refusal', category: null, explanation: block.message };
  return { stop_reason: 'refusal', stop_sequence: null, stop_details };
}

function openMessage(block: Block, model: string | null): JsonObject {
  return {
    id: wireId('msg_', block.requestId),
    type: 'message',
    role: 'assistant',
    model: model ?? 'unknown',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    usage: {
      input_tokens: 0,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: 0,
      service_tier: 'standard',
    },
  };
}
