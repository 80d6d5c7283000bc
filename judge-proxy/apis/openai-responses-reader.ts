/**
 * Responses as they stream: the pieces of every item, at the places of the whole reading. What the terminal event and
 * the `done` events repeat is brought only where it differs from the pieces.
 */

import type { Part, Role } from '../exchange/transcript.ts';
import type { Block } from './block.ts';
import { RESPONSE } from './body.ts';
import { readPart, roleOf } from './content.ts';
import { Fields, isArray, isObject, type Json, type JsonObject, own } from './json.ts';
import { LiveEvents } from './live-event.ts';
import { ANNOTATION, QUIET_EVENTS, SLOTS, type Slot, strayFields } from './openai-responses-events.ts';
import { readItem } from './openai-responses-items.ts';
import { addLoose, commandIn } from './openai-responses-loose.ts';
import { QUIET_RESPONSE, readOutput } from './openai-responses-read.ts';
import { ResponseSent } from './openai-responses-sent.ts';
import { outline } from './outline.ts';
import { type At, inside, PartList } from './part-list.ts';
import type { SseEvent } from './sse.ts';
import { StreamDeltas } from './stream-deltas.ts';
import type { StreamReader, StreamStep } from './stream-reader.ts';
import { readError } from './wire-error.ts';

/** Read by itself, or a word of the request that comes back: the request is read on its own. */
const READ: ReadonlySet<string> = new Set([
  ...QUIET_RESPONSE,
  'error',
  'incomplete_details',
  'instructions',
  'model',
  'output',
  'output_text',
  'status',
  'tools',
  'usage',
]);
const EVENT: At = { ...RESPONSE, place: 'response.event' };
/** Calls whose arguments come in pieces behind their announcement. */
const STREAMED_CALLS: ReadonlySet<Json | undefined> = new Set([
  'function_call',
  'mcp_call',
  'custom_tool_call',
  'code_interpreter_call',
  'shell_call',
  'apply_patch_call',
]);
/** Where the pieces of a text outside of the items go, which nothing tells to be complete before its item is. */
const LISTS: ReadonlyMap<string, 'content' | 'summary'> = new Map([
  ['response.content_part', 'content'],
  ['response.reasoning_summary_part', 'summary'],
] as const);

interface Item {
  role: Role;
  name: string | null;
  /** Calls of this item that are not complete: what came of them until now. */
  readonly pending: Map<string, Part>;
}

export class ResponseReader implements StreamReader {
  readonly #out = new StreamDeltas();
  readonly #events = new LiveEvents();
  readonly #items = new Map<number, Item>();
  readonly #openCalls = new Set<number>();
  readonly #sent: ResponseSent;

  /** @param model as asked for */
  constructor(model: string | null = null) {
    this.#sent = new ResponseSent(model);
  }

  read(event: SseEvent): StreamStep {
    const value = this.#events.read(this.#out, event);
    const ended = value !== undefined && this.#add(asError(event, value));
    return this.#out.step(this.#openCalls.size > 0, ended);
  }

  released(event: SseEvent): void {
    const value = this.#events.valueOf(event);
    if (value !== undefined) this.#sent.add(asError(event, value));
  }

  block(block: Block): string {
    return this.#sent.block(block);
  }

  /** @returns whether the stream is complete */
  #add(event: Json): boolean {
    const type = isObject(event) ? own(event, 'type') : undefined;
    if (!isObject(event) || typeof type !== 'string') {
      this.#out.event(event);
      return false;
    }
    return this.#addKnown(type, event);
  }

  /** @returns whether the stream is complete */
  #addKnown(type: string, event: JsonObject): boolean {
    switch (type) {
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        this.#addResponse(own(event, 'response') ?? null);
        this.#addStrays(type, event);
        return false;
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        for (const index of [...this.#openCalls]) this.#complete(index);
        this.#addResponse(own(event, 'response') ?? null);
        this.#addStrays(type, event);
        return true;
      case 'error':
        this.#read((parts) => readError(parts, inside(RESPONSE, 'error'), own(event, 'error') ?? withoutType(event)));
        return false;
      default:
        if (QUIET_EVENTS.has(type) || this.#addToItem(type, event) || this.#addLoose(type, event))
          this.#addStrays(type, event);
        else this.#out.event(event);
        return false;
    }
  }

  #addStrays(type: string, event: JsonObject): void {
    for (const [key, value] of strayFields(type, event)) this.#out.stray(EVENT, key, value);
  }

  #addResponse(response: Json): void {
    if (!isObject(response)) return;
    this.#read((parts) => {
      const output = own(response, 'output') ?? null;
      if (isArray(output)) readOutput(parts, RESPONSE, output);
      else parts.strange(inside(RESPONSE, 'output'), output);
      readError(parts, inside(RESPONSE, 'error'), own(response, 'error') ?? null);
      const fields = new Fields(response);
      for (const key of READ) fields.any(key);
      parts.rest(RESPONSE, fields, new Set());
    });
  }

  /** `<what>.added`, `.delta` and `.done` of output items, their parts and their texts. @returns false when it is none */
  #addToItem(type: string, event: JsonObject): boolean {
    const index = own(event, 'output_index');
    if (typeof index !== 'number') return false;
    const dot = type.lastIndexOf('.');
    const what = type.slice(0, dot);
    const step = type.slice(dot + 1);
    if (what === 'response.output_item') return this.#addItem(index, step, own(event, 'item'));
    if (type === ANNOTATION) return this.#addAnnotation(index, event);
    const slot = SLOTS.get(what);
    if (slot !== undefined) return this.#addText(index, step, slot, event);
    const list = LISTS.get(what);
    const part = own(event, 'part');
    if (list === undefined || !isObject(part)) return false;
    const at = inside(inside(this.#at(index), list), positionOf(event, list));
    this.#read((parts) => readPart(parts, at, part, list === 'summary' ? 'reasoning' : 'text'));
    return true;
  }

  #addItem(index: number, step: string, item: Json | undefined): boolean {
    if (!isObject(item) || (step !== 'added' && step !== 'done')) return false;
    const known = this.#item(index);
    const role = own(item, 'role');
    const name = own(item, 'name');
    if (typeof role === 'string') known.role = roleOf(role, known.role);
    if (typeof name === 'string' && name !== '') known.name = name;
    const parts = new PartList();
    readItem(parts, inside({ ...RESPONSE, place: 'response.output' }, index), item);
    const found = parts.finish();
    if (step === 'done') {
      this.#complete(index);
      this.#out.whole(found);
      return true;
    }
    const calls = found.filter((part) => part.kind === 'tool_call' && part.text !== '{}');
    this.#out.whole(found.filter((part) => part.kind !== 'tool_call'));
    for (const call of calls) known.pending.set(call.place, call);
    if (calls.length > 0 || STREAMED_CALLS.has(own(item, 'type'))) this.#openCalls.add(index);
    return true;
  }

  #addAnnotation(index: number, event: JsonObject): boolean {
    const annotation = own(event, 'annotation') ?? null;
    const position = own(event, 'annotation_index');
    const part = inside(inside(this.#at(index), 'content'), positionOf(event, 'content'));
    const at = inside(inside(part, 'annotations'), typeof position === 'number' ? position : 0);
    if (annotation !== null) this.#out.whole([{ ...at, kind: 'other', text: outline(annotation) }]);
    return true;
  }

  #addText(index: number, step: string, slot: Slot, event: JsonObject): boolean {
    const text = own(event, step === 'delta' ? 'delta' : slot.field);
    if (typeof text !== 'string' || (step !== 'delta' && step !== 'done')) return false;
    const at = this.#at(index);
    const place = slot.list === null ? at : inside(inside(at, slot.list), positionOf(event, slot.list));
    const here = inside(place, slot.field);
    if (slot.kind === 'tool_call') this.#addCall(index, step, slot, { ...here, kind: slot.kind, text });
    else if (step === 'delta') this.#out.piece(here, slot.kind, text);
    else if (text !== '') this.#out.whole([{ ...here, kind: slot.kind, text }]);
    return true;
  }

  /** Calls are brought whole: pieces of several may mix, and none of them is to go out by itself. */
  #addCall(index: number, step: string, slot: Slot, piece: Part): void {
    const { pending, name: itemName } = this.#item(index);
    const name = slot.type === 'code_interpreter_call' ? 'code_interpreter' : itemName;
    const call = name === null ? piece : { ...piece, name };
    if (step === 'delta') {
      this.#openCalls.add(index);
      pending.set(call.place, { ...call, text: (pending.get(call.place)?.text ?? '') + piece.text });
      return;
    }
    this.#complete(index);
    if (piece.text !== '') this.#out.whole([call]);
  }

  #complete(index: number): void {
    this.#openCalls.delete(index);
    const { pending } = this.#item(index);
    for (const call of pending.values()) this.#out.piece(call, call.kind, call.text, call.name ?? null);
    pending.clear();
  }

  /** Texts that belong to no slot of an item. */
  #addLoose(type: string, event: JsonObject): boolean {
    const index = own(event, 'output_index');
    const command = typeof index === 'number' ? commandIn(type, event) : null;
    if (command === null || typeof index !== 'number') return addLoose(this.#out, type, event);
    // Complete when its item is: what tells that one command is done comes before the others.
    const { pending } = this.#item(index);
    const before = pending.get(command.place)?.text ?? '';
    pending.set(command.place, {
      ...command,
      text: command.goesOn ? before + command.text : joined(before, command.text),
    });
    this.#openCalls.add(index);
    return true;
  }

  #read(read: (parts: PartList) => void): void {
    const parts = new PartList();
    read(parts);
    this.#out.whole(parts.finish());
  }

  #item(index: number): Item {
    const known = this.#items.get(index);
    if (known !== undefined) return known;
    const item: Item = { role: RESPONSE.role, name: null, pending: new Map() };
    this.#items.set(index, item);
    return item;
  }

  #at(index: number): At {
    return inside({ ...RESPONSE, place: 'response.output', role: this.#item(index).role }, index);
  }
}

/** The text of a command, and what is told as its whole: both, where they differ. */
function joined(before: string, whole: string): string {
  if (whole.startsWith(before)) return whole;
  return whole === '' ? before : `${before}\n${whole}`;
}

function positionOf(event: JsonObject, list: 'content' | 'summary'): number {
  const index = own(event, list === 'summary' ? 'summary_index' : 'content_index');
  return typeof index === 'number' ? index : 0;
}

function withoutType(event: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(event).filter(([key]) => key !== 'type'));
}

/** Under `event: error` openai-node raises whatever the data is. */
function asError(event: SseEvent, value: Json): Json {
  return event.event === 'error' && isObject(value) && own(value, 'type') !== 'error'
    ? { type: 'error', error: own(value, 'error') ?? value }
    : value;
}
