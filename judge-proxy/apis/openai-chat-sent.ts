/** What a client has got of a Chat Completions stream, so that the stream can be ended behind it. */

import type { Block } from './block.ts';
import { sse } from './block-answer.ts';
import { isArray, isObject, type Json, type JsonObject, own } from './json.ts';
import { chatHead, refusedEnd, refusedStream } from './openai-chat-block.ts';
import { openaiError } from './openai-error.ts';

/** A client takes the chunks for one answer by these. */
const HEAD = ['id', 'created', 'model', 'service_tier', 'system_fingerprint'] as const;

/** `n` is at most this, by the description. */
const MAX_CHOICES = 128;

export class ChatSent {
  readonly #model: string | null;
  #head: JsonObject | null = null;
  readonly #open = new Set<number>();
  readonly #finished = new Set<number>();
  #isOver = false;

  /** @param model as asked for, for a stream of which nothing was sent */
  constructor(model: string | null) {
    this.#model = model;
  }

  add(chunk: Json): void {
    if (!isObject(chunk)) return;
    // The SDK has raised.
    if ((own(chunk, 'error') ?? null) !== null) this.#isOver = true;
    const choices = own(chunk, 'choices');
    if (!isArray(choices)) return;
    // Azure begins with a chunk of its own filters, without choices, id and model.
    if (this.#open.size + this.#finished.size === 0) this.#head = headOf(chunk);
    for (const choice of choices) if (isObject(choice)) this.#addChoice(choice);
  }

  /** `[DONE]` was sent. */
  end(): void {
    this.#isOver = true;
  }

  block(block: Block): string {
    if (this.#isOver) return '';
    const head = { ...chatHead(block, this.#model), ...this.#head };
    // A choice that has its reason cannot be ended again: what is cut behind it is told by an error alone.
    const isTold = this.#open.size === 0 && this.#finished.size > 0;
    if (block.style === 'error' || isTold) return sse(null, { error: openaiError(block) });
    if (this.#open.size === 0) return refusedStream(block, head);
    return refusedEnd(block, head, [...this.#open], this.#unseen());
  }

  /** Choices below those that have begun: openai-node's helper fails on an answer that leaves one out. */
  #unseen(): number[] {
    const unseen: number[] = [];
    const highest = [...this.#open, ...this.#finished].reduce((most, index) => Math.max(most, index), 0);
    for (let index = 0; index < Math.min(highest, MAX_CHOICES); index++)
      if (!this.#open.has(index) && !this.#finished.has(index)) unseen.push(index);
    return unseen;
  }

  #addChoice(choice: JsonObject): void {
    const index = own(choice, 'index') ?? 0;
    if (typeof index !== 'number') return;
    const reason = own(choice, 'finish_reason') ?? null;
    if (reason === null || reason === '') {
      if (!this.#finished.has(index)) this.#open.add(index);
    } else {
      this.#open.delete(index);
      this.#finished.add(index);
    }
  }
}

function headOf(chunk: JsonObject): JsonObject {
  const entries = HEAD.flatMap((key): [string, Json][] => {
    const value = own(chunk, key) ?? null;
    return value === null ? [] : [[key, value]];
  });
  return Object.fromEntries(entries);
}
