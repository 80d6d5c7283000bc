/** Reads a stream of this format event by event. */

import type { Block } from './block.ts';
import { sse } from './block-answer.ts';
import { openaiError } from './openai-error.ts';
import type { SseEvent } from './sse.ts';
import type { StreamReader, StreamStep } from './stream-reader.ts';

export class ResponseReader implements StreamReader {
  read(event: SseEvent): StreamStep {
    return { deltas: [], toolCallOpen: false, ended: event.data.startsWith('[DONE]') };
  }

  released(_event: SseEvent): void {}

  block(block: Block): string {
    return sse(null, { error: openaiError(block) });
  }
}
