/** What a client has got of an Anthropic message, so that the stream can be ended behind it. */

import { anthropicError, refusedEnd, refusedStream } from './anthropic-messages-block.ts';
import type { Block } from './block.ts';
import { sse } from './block-answer.ts';
import { isObject, type Json, type JsonObject, own } from './json.ts';

export class MessageSent {
  readonly #model: string | null;
  readonly #open = new Set<number>();
  #outputTokens = 0;
  #isStarted = false;
  #isOver = false;

  /** @param model as asked for, for a stream of which nothing was sent */
  constructor(model: string | null) {
    this.#model = model;
  }

  add(event: Json): void {
    if (!isObject(event)) return;
    const index = own(event, 'index');
    switch (own(event, 'type')) {
      case 'message_start':
        this.#isStarted = true;
        this.#count(own(event, 'message'));
        break;
      case 'content_block_start':
        if (typeof index === 'number') this.#open.add(index);
        break;
      case 'content_block_stop':
        if (typeof index === 'number') this.#open.delete(index);
        break;
      case 'message_delta':
        this.#count(event);
        break;
      case 'message_stop':
      case 'error':
        this.#isOver = true;
        break;
    }
  }

  block(block: Block): string {
    if (this.#isOver) return '';
    if (block.style === 'error') return sse('error', anthropicError(block));
    return this.#isStarted ? refusedEnd(block, [...this.#open], this.#outputTokens) : refusedStream(block, this.#model);
  }

  #count(holder: Json | undefined): void {
    const usage: JsonObject | Json | undefined = isObject(holder) ? own(holder, 'usage') : undefined;
    const tokens = isObject(usage) ? own(usage, 'output_tokens') : undefined;
    if (typeof tokens === 'number') this.#outputTokens = tokens;
  }
}
