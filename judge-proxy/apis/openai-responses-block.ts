/** A block of the Responses API before anything of the answer was sent. */

import type { Block, BlockedRequest, WholeAnswer } from './block.ts';
import { jsonAnswer } from './block-answer.ts';
import { openaiError } from './openai-error.ts';

export function blockResponse(block: Block, _request: BlockedRequest): WholeAnswer {
  return jsonAnswer(block, block.status, { error: openaiError(block) });
}
