/**
 * Responses, streamed. The terminal event carries the whole object, so deltas matter for streams that break before it,
 * and for what they delivered that the object does not say: a client shows the deltas.
 */

import type { PartKind } from '../exchange/transcript.ts';
import { append, type Pieces, toObject } from './accumulate.ts';
import { isObject, type Json, type JsonObject, own } from './json.ts';
import { ANNOTATION, itemTypeOf, QUIET_EVENTS, SLOTS, type Slot, strayFields } from './openai-responses-events.ts';
import { indexOf, objectAt, withoutType } from './openai-responses-fields.ts';
import { outline } from './outline.ts';

/** Text that reached the client in pieces. */
export interface Delivered {
  readonly place: string;
  readonly kind: PartKind;
  readonly text: string;
}

export interface AssembledStream {
  /** The response: as its terminal event has it, else as far as it came. null when there was none. */
  readonly object: JsonObject | null;
  readonly ended: boolean;
  /** The items as they were streamed, by themselves. */
  readonly items: readonly JsonObject[];
  readonly delivered: readonly Delivered[];
  /** Data of an `error` event. */
  readonly error: Json;
  /** Fields of events that the format does not have, null without. */
  readonly strays: JsonObject | null;
}

/** An item that was announced and is not done. */
export interface OpenItem {
  /** Its `output_index`. */
  readonly index: number;
  readonly item: JsonObject;
  readonly parts: readonly OpenPart[];
}

/** A part of an open item that is not done. */
export interface OpenPart {
  readonly list: 'content' | 'summary';
  readonly index: number;
  readonly field: string;
  readonly part: JsonObject;
  /** Its text was told to be whole; the part was not. */
  readonly isTextDone: boolean;
}

interface Piece {
  readonly slot: Slot;
  readonly index: number;
  part: JsonObject | null;
  isDone: boolean;
  delta: string;
  full: string | null;
}

interface Item {
  added: JsonObject | null;
  done: JsonObject | null;
  readonly pieces: Map<string, Piece>;
}

const PARTS: ReadonlyMap<string, 'content' | 'summary'> = new Map([
  ['response.content_part', 'content'],
  ['response.reasoning_summary_part', 'summary'],
] as const);

export class ResponseAssembler {
  #base: JsonObject | null = null;
  #terminal: JsonObject | null = null;
  #error: Json = null;
  readonly #items = new Map<number, Item>();
  readonly #loose = new Map<string, Delivered>();
  readonly #strays: Pieces = new Map();

  /** Takes the data of one event. @returns false when it is not known or not whole enough to be placed */
  add(event: Json): boolean {
    const type = isObject(event) ? own(event, 'type') : undefined;
    if (!isObject(event) || typeof type !== 'string' || !this.#take(type, event)) return false;
    if (type !== 'error') for (const [key, value] of strayFields(type, event)) append(this.#strays, key, value);
    return true;
  }

  #take(type: string, event: JsonObject): boolean {
    switch (type) {
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        this.#base = objectAt(event, 'response') ?? this.#base;
        return true;
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        this.#terminal = objectAt(event, 'response') ?? this.#base ?? {};
        return true;
      case 'error':
        this.#error = own(event, 'error') ?? withoutType(event);
        return true;
      default:
        return QUIET_EVENTS.has(type) || this.#addToItem(type, event) || this.#addLoose(type, event);
    }
  }

  finish(): AssembledStream {
    const indexes = [...this.#items.keys()].sort((a, b) => a - b);
    const states = indexes.flatMap((index) => this.#items.get(index) ?? []);
    const items = states.map(finishItem);
    const delivered = [...states.flatMap(deliveredIn), ...this.#loose.values()];
    const object = this.#terminal ?? this.#base;
    const output = object === null ? undefined : own(object, 'output');
    const hasOutput = this.#terminal !== null && Array.isArray(output) && output.length > 0;
    const whole = hasOutput || (object === null && items.length === 0) ? object : { ...object, output: items };
    const strays = this.#strays.size === 0 ? null : toObject(this.#strays);
    return { object: whole, ended: this.#terminal !== null, items, delivered, error: this.#error, strays };
  }

  /** Items that are done, with their `output_index`. */
  done(): { readonly index: number; readonly item: JsonObject }[] {
    return [...this.#items.entries()].flatMap(([index, { done }]) => (done === null ? [] : [{ index, item: done }]));
  }

  /** An `output_index` behind all that came. */
  nextIndex(): number {
    return (
      [...this.#items.keys()].reduce(
        (most, index) => (Number.isSafeInteger(index) ? Math.max(most, index) : most),
        -1,
      ) + 1
    );
  }

  /** Items that were announced and are not done, as far as they came. */
  open(): OpenItem[] {
    const open = [...this.#items.entries()].filter(([, item]) => item.added !== null && item.done === null);
    return open.map(([index, item]) => ({ index, item: finishItem(item), parts: openParts(item) }));
  }

  /** `<what>.added`, `.delta` and `.done` of output items, their parts and their texts. */
  #addToItem(type: string, event: JsonObject): boolean {
    const dot = type.lastIndexOf('.');
    const what = type.slice(0, dot);
    const step = type.slice(dot + 1);
    const slot = SLOTS.get(what);
    const list = PARTS.get(what);
    if (what === 'response.output_item') {
      const item = objectAt(event, 'item');
      const state = item === null ? null : this.#item(event);
      if (state === null || (step !== 'added' && step !== 'done')) return false;
      state[step] = item;
      return true;
    }
    if (slot === undefined && list === undefined) return false;
    const state = this.#item(event);
    if (state === null) return false;
    if (slot !== undefined) return addText(pieceOf(state, slot, event), step, event);
    const part = objectAt(event, 'part');
    if (part === null || list === undefined) return false;
    const piece = pieceOf(state, slotOfPart(list, part), event);
    if (step === 'done' || piece.part === null) piece.part = part;
    piece.isDone ||= step === 'done';
    return true;
  }

  #item(event: JsonObject): Item | null {
    const index = own(event, 'output_index');
    if (typeof index !== 'number') return null;
    const known = this.#items.get(index);
    if (known !== undefined) return known;
    const item: Item = { added: null, done: null, pieces: new Map() };
    this.#items.set(index, item);
    return item;
  }

  /** Texts that belong to no slot of an item. */
  #addLoose(type: string, event: JsonObject): boolean {
    const at = `${indexOf(event, 'output_index')}.${indexOf(event, 'command_index')}`;
    switch (type) {
      case ANNOTATION:
        return this.#appendLoose(
          `response.stream.annotation.${at}.${this.#loose.size}`,
          'other',
          outline(own(event, 'annotation') ?? ''),
        );
      case 'response.audio.transcript.delta':
        return this.#appendLoose('response.stream.audio.transcript', 'text', own(event, 'delta'));
      case 'response.audio.delta':
        return this.#appendLoose('response.stream.audio.data', 'media', own(event, 'delta'));
      case 'response.image_generation_call.partial_image':
        return this.#appendLoose(
          `response.stream.image.${at}.${this.#loose.size}`,
          'media',
          own(event, 'partial_image_b64'),
        );
      case 'response.shell_call_command.added':
      case 'response.shell_call_command.done':
        return this.#appendLoose(
          `response.stream.command.${at}.${type.endsWith('done') ? 'done' : 'added'}`,
          'tool_call',
          own(event, 'command'),
        );
      case 'response.shell_call_command.delta':
        return this.#appendLoose(`response.stream.command.${at}`, 'tool_call', own(event, 'delta'));
      case 'response.shell_call_output_content.delta': {
        const delta = objectAt(event, 'delta') ?? {};
        const out = this.#appendLoose(`response.stream.stdout.${at}`, 'tool_result', own(delta, 'stdout'));
        return this.#appendLoose(`response.stream.stderr.${at}`, 'tool_result', own(delta, 'stderr')) || out;
      }
      case 'response.shell_call_output_content.done':
        return this.#appendLoose(
          `response.stream.shell_output.${at}`,
          'tool_result',
          outline(own(event, 'output') ?? ''),
        );
      default:
        return false;
    }
  }

  #appendLoose(place: string, kind: PartKind, piece: Json | undefined): boolean {
    if (typeof piece !== 'string') return false;
    const before = this.#loose.get(place);
    this.#loose.set(place, { place, kind, text: (before?.text ?? '') + piece });
    return true;
  }
}

function pieceOf(item: Item, slot: Slot, event: JsonObject): Piece {
  const index = indexOf(event, slot.list === 'summary' ? 'summary_index' : 'content_index');
  const key = slot.list === null ? slot.field : `${slot.list}.${index}`;
  const known = item.pieces.get(key);
  if (known !== undefined) return known;
  const piece: Piece = { slot, index, part: null, isDone: false, delta: '', full: null };
  item.pieces.set(key, piece);
  return piece;
}

function slotOfPart(list: 'content' | 'summary', part: JsonObject): Slot {
  const type = own(part, 'type');
  for (const slot of SLOTS.values()) if (slot.list === list && slot.type === type) return slot;
  return { list, field: 'text', type: typeof type === 'string' ? type : 'output_text', kind: 'text' };
}

function addText(piece: Piece, step: string, event: JsonObject): boolean {
  const text = own(event, step === 'delta' ? 'delta' : piece.slot.field);
  if (typeof text !== 'string' || (step !== 'delta' && step !== 'done')) return false;
  if (step === 'delta') piece.delta += text;
  else piece.full = text;
  return true;
}

/** The item as its last event has it, or as far as its pieces came. */
function finishItem(item: Item): JsonObject {
  if (item.done !== null) return item.done;
  const pieces = [...item.pieces.values()].sort((a, b) => a.index - b.index);
  const first = pieces[0];
  const type = first === undefined ? 'message' : itemTypeOf(first.slot);
  const base: JsonObject = item.added ?? (type === 'message' ? { type, role: 'assistant' } : { type });
  const texts = pieces
    .filter((piece) => piece.slot.list === null)
    .map((piece): [string, Json] => [piece.slot.field, textOf(piece)]);
  const lists = (['content', 'summary'] as const).flatMap((list): [string, Json][] => {
    const parts = pieces.filter((piece) => piece.slot.list === list).map(finishPart);
    return parts.length === 0 ? [] : [[list, parts]];
  });
  return { ...base, ...Object.fromEntries(texts), ...Object.fromEntries(lists) };
}

function openParts(item: Item): OpenPart[] {
  return [...item.pieces.values()].flatMap((piece): OpenPart[] => {
    const { list, field } = piece.slot;
    if (list === null || piece.isDone) return [];
    return [{ list, index: piece.index, field, part: finishPart(piece), isTextDone: piece.full !== null }];
  });
}

function finishPart(piece: Piece): JsonObject {
  if (piece.isDone && piece.part !== null) return piece.part;
  return { ...(piece.part ?? { type: piece.slot.type }), [piece.slot.field]: textOf(piece) };
}

function textOf(piece: Piece): string {
  return piece.full ?? piece.delta;
}

function deliveredIn(item: Item, index: number): Delivered[] {
  return [...item.pieces.values()].flatMap((piece) => {
    const { slot, delta, full } = piece;
    const list = slot.list === null ? '' : `.${slot.list}[${piece.index}]`;
    const place = `response.stream.output[${index}]${list}.${slot.field}`;
    return [delta, full ?? ''].filter((text) => text !== '').map((text) => ({ place, kind: slot.kind, text }));
  });
}
