/**
 * Anthropic Messages as they stream: texts and thinking piece by piece, calls of tools when their input is complete,
 * everything at the places of the whole reading.
 */

import type { PartKind } from '../exchange/transcript.ts';
import { readBlock, readCitation } from './anthropic-blocks.ts';
import { named } from './anthropic-event.ts';
import { readMessagesResponse } from './anthropic-messages-read.ts';
import { MessageSent } from './anthropic-messages-sent.ts';
import { KNOWN, MessageAssembler, TARGETS } from './anthropic-messages-stream.ts';
import type { Block } from './block.ts';
import { RESPONSE } from './body.ts';
import { Fields, isArray, isObject, type Json, type JsonObject, own } from './json.ts';
import { LiveEvents } from './live-event.ts';
import { type At, inside, PartList } from './part-list.ts';
import type { SseEvent } from './sse.ts';
import { StreamDeltas } from './stream-deltas.ts';
import type { StreamReader, StreamStep } from './stream-reader.ts';
import { readError } from './wire-error.ts';

/** Texts that are brought as they come. All else of a block means nothing before it is whole. */
const TEXTS: ReadonlyMap<string, PartKind> = new Map([
  ['text', 'text'],
  ['thinking', 'reasoning'],
  ['content', 'text'],
] as const);

interface OpenBlock {
  readonly at: At;
  /** Of this block alone. */
  readonly assembler: MessageAssembler;
  isCall: boolean;
  citations: number;
}

export class MessageReader implements StreamReader {
  readonly #out = new StreamDeltas();
  readonly #events = new LiveEvents();
  readonly #blocks = new Map<number, OpenBlock>();
  /** Blocks that are not complete: only these are looked at when the message ends, however often it says so. */
  readonly #unfinished = new Set<OpenBlock>();
  /** Of them, those that call a tool. */
  readonly #calling = new Set<OpenBlock>();
  readonly #sent: MessageSent;
  #seen = 0;

  /** @param model as asked for */
  constructor(model: string | null = null) {
    this.#sent = new MessageSent(model);
  }

  read(event: SseEvent): StreamStep {
    const value = this.#events.read(this.#out, event);
    const ended = value !== undefined && this.#add(named(event, value));
    return this.#out.step(this.#calling.size > 0, ended);
  }

  released(event: SseEvent): void {
    const value = this.#events.valueOf(event);
    if (value !== undefined) this.#sent.add(named(event, value));
  }

  block(block: Block): string {
    return this.#sent.block(block);
  }

  /** @returns whether the message is complete */
  #add(event: Json): boolean {
    const type = isObject(event) ? own(event, 'type') : undefined;
    if (!isObject(event) || typeof type !== 'string') {
      this.#out.event(event);
      return false;
    }
    if (type === 'error') {
      this.#fail(event);
      return false;
    }
    const known = KNOWN.get(type);
    if (known === undefined || !this.#take(type, event)) {
      this.#out.event(event);
      return false;
    }
    for (const [key, value] of Object.entries(event))
      if (!known.has(key)) this.#out.repeated(RESPONSE, `${type}.${key}`, value, false);
    return type === 'message_stop';
  }

  /** @returns false when the event cannot be placed */
  #take(type: string, event: JsonObject): boolean {
    const index = indexOf(event);
    switch (type) {
      case 'message_start':
        return this.#start(own(event, 'message'));
      case 'content_block_start':
        return this.#startBlock(index, own(event, 'content_block'));
      case 'content_block_delta':
        return this.#addDelta(index, event, own(event, 'delta'));
      case 'content_block_stop': {
        const block = index === null ? undefined : this.#blocks.get(index);
        if (block !== undefined) this.#finish(block);
        return true;
      }
      case 'message_delta':
        this.#change(event);
        return true;
      case 'message_stop':
        for (const block of [...this.#unfinished]) this.#finish(block);
        return true;
      default:
        return true;
    }
  }

  #start(message: Json | undefined): boolean {
    if (!isObject(message)) return false;
    const content = own(message, 'content');
    if (isArray(content)) for (const [index, block] of content.entries()) this.#seed(index, block);
    this.#readMessage('message_start', message);
    return true;
  }

  /** Content that stands in `message_start` already; the API sends none there. */
  #seed(index: number, block: Json): void {
    if (!this.#startBlock(index, block)) this.#out.strange(inside(RESPONSE, 'content'), block);
  }

  #startBlock(index: number | null, start: Json | undefined): boolean {
    if (index === null || !isObject(start)) return false;
    const before = this.#blocks.get(index);
    if (before !== undefined) this.#finish(before);
    const block = this.#open(index, own(start, 'type'));
    block.assembler.add({ type: 'content_block_start', index, content_block: start });
    const parts = new PartList();
    readBlock(parts, block.at, start, 'text');
    // The input of a call comes behind its announcement.
    const brought = parts.finish().filter((part) => part.kind !== 'tool_call');
    const citations = own(start, 'citations');
    if (isArray(citations)) block.citations = citations.length;
    this.#out.whole(brought);
    return true;
  }

  /** A second block with the index of another does not replace it: both were shown. */
  #open(index: number, type: Json | undefined): OpenBlock {
    this.#seen += 1;
    const at = inside(inside(RESPONSE, 'content'), index);
    const isSecond = this.#blocks.has(index);
    const block: OpenBlock = {
      at: isSecond ? { ...at, place: `${at.place}~${this.#seen}` } : at,
      assembler: new MessageAssembler(),
      isCall: typeof type === 'string' && type.endsWith('tool_use'),
      citations: 0,
    };
    this.#blocks.set(index, block);
    this.#unfinished.add(block);
    if (block.isCall) this.#calling.add(block);
    return block;
  }

  #addDelta(index: number | null, event: JsonObject, delta: Json | undefined): boolean {
    if (index === null || !isObject(delta)) return false;
    const type = own(delta, 'type');
    const targets = typeof type === 'string' ? TARGETS.get(type) : undefined;
    const pieces = Object.entries(delta).filter(([key, value]) => key !== 'type' && value !== null);
    if (targets === undefined && pieces.length === 0) return false;
    const block = this.#blocks.get(index) ?? this.#open(index, undefined);
    block.assembler.add({ type: 'content_block_delta', index, delta: own(event, 'delta') ?? null });
    this.#unfinished.add(block);
    if (block.isCall) this.#calling.add(block);
    for (const [key, piece] of pieces) {
      const target = targets?.find(({ from }) => from === key);
      if (target === undefined) this.#out.stray(block.at, `${typeof type === 'string' ? type : 'delta'}.${key}`, piece);
      else this.#addPiece(block, target.to, piece);
    }
    return true;
  }

  #addPiece(block: OpenBlock, field: string, piece: Json): void {
    const kind = TEXTS.get(field);
    if (field === 'input') {
      block.isCall = true;
      this.#calling.add(block);
    } else if (field === 'citations') {
      const parts = new PartList();
      readCitation(parts, inside(inside(block.at, field), block.citations++), piece, 'text');
      this.#out.whole(parts.finish());
    } else if (kind !== undefined && typeof piece === 'string') {
      this.#out.piece(inside(block.at, field), kind, piece);
    }
  }

  /** A block that is whole: what its pieces did not say. */
  #finish(block: OpenBlock): void {
    if (!this.#unfinished.delete(block)) return;
    this.#calling.delete(block);
    const message = block.assembler.finish().object;
    const content = message === null ? undefined : own(message, 'content');
    const [whole] = isArray(content) ? content : [];
    if (whole === undefined) return;
    const parts = new PartList();
    readBlock(parts, block.at, whole, 'text');
    this.#out.whole(parts.finish());
  }

  #change(event: JsonObject): void {
    const delta = own(event, 'delta') ?? null;
    if (isObject(delta)) this.#readMessage('message_delta', delta);
    else this.#out.repeated(RESPONSE, 'message_delta.delta', delta, false);
  }

  /** Fields of a message. Its content comes by itself, and its usage is counts. */
  #readMessage(type: string, fields: JsonObject): void {
    const { content = null, usage = null, ...rest } = fields;
    if (!isArray(content) || type !== 'message_start') this.#out.repeated(RESPONSE, `${type}.content`, content, false);
    if (!isObject(usage)) this.#out.repeated(RESPONSE, `${type}.usage`, usage, false);
    const parts = new PartList();
    readMessagesResponse(parts, new Fields({ ...rest, content: [] }));
    this.#out.whole(parts.finish());
  }

  /** What stands beside the error is read like one; where there is none, it is the error. */
  #fail(event: JsonObject): void {
    const parts = new PartList();
    const rest = Object.fromEntries(Object.entries(event).filter(([key]) => key !== 'type' && key !== 'error'));
    for (const error of [own(event, 'error') ?? null, rest]) readError(parts, inside(RESPONSE, 'error'), error);
    this.#out.whole(parts.finish());
  }
}

function indexOf(event: JsonObject): number | null {
  const index = own(event, 'index');
  return typeof index === 'number' && Number.isSafeInteger(index) && index >= 0 ? index : null;
}
