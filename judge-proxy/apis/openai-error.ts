/** OpenAI's error object: the description requires all four fields, null where there is nothing to say. */

import type { Block } from './block.ts';
import { revealed } from './block-answer.ts';
import type { JsonObject } from './json.ts';

/** The value of `error`. */
export function openaiError(block: Block): JsonObject {
  return { message: block.message, type: 'judge_proxy_error', param: null, code: block.code, ...revealed(block) };
}
