/** A block of Anthropic Messages before anything of the answer was sent. */

import type { Block, BlockedRequest, WholeAnswer } from './block.ts';
import { jsonAnswer, revealed } from './block-answer.ts';
import type { JsonObject } from './json.ts';

export function blockMessage(block: Block, _request: BlockedRequest): WholeAnswer {
  return jsonAnswer(block, block.status, anthropicError(block));
}

/** An error body of the API, which is also the data of an `error` event. */
export function anthropicError(block: Block): JsonObject {
  const type = block.code === 'blocked_by_judge' ? 'permission_error' : 'api_error';
  return { type: 'error', error: { type, message: block.message, ...revealed(block) }, request_id: block.requestId };
}
