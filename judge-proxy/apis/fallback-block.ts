/** A block for an API that is not known: the shape of every refusal by the proxy (DESIGN §4), whatever its style. */

import type { Block, BlockedRequest, WholeAnswer } from './block.ts';
import { jsonAnswer, revealed } from './block-answer.ts';

export function fallbackBlock(block: Block, _request: BlockedRequest): WholeAnswer {
  const { code, message, requestId } = block;
  return jsonAnswer(block, block.status, {
    error: { code, message, type: 'judge_proxy_error', request_id: requestId, ...revealed(block) },
  });
}
