/**
 * Anthropic Messages, streamed: events to the message that the same request without `stream` would have brought.
 * Blocks grow by their `index`; the JSON of tool inputs comes in pieces that mean nothing until they are joined.
 */

import { append, note, type Pieces, toObject } from './accumulate.ts';
import { isArray, isObject, type Json, type JsonObject, MOST_LIVE_VALUES, own, parseJson } from './json.ts';

export interface AssembledMessage {
  /** The message as far as it came, null when no event carried or built any of it. */
  readonly object: JsonObject | null;
  /** `message_stop` came. */
  readonly ended: boolean;
  /** What `error` events said. */
  readonly errors: readonly Json[];
}

interface Block {
  readonly index: number;
  readonly fields: Pieces;
  /** Pieces of the tool's input; null when none came. */
  json: string | null;
}

/** Where the piece of a delta goes, and the type of the block should none have been announced. */
interface Target {
  readonly from: string;
  readonly to: string;
  readonly type: string;
}

/** Deltas by their type. */
export const TARGETS: ReadonlyMap<string, readonly Target[]> = new Map([
  ['text_delta', [{ from: 'text', to: 'text', type: 'text' }]],
  ['thinking_delta', [{ from: 'thinking', to: 'thinking', type: 'thinking' }]],
  ['signature_delta', [{ from: 'signature', to: 'signature', type: 'thinking' }]],
  ['citations_delta', [{ from: 'citation', to: 'citations', type: 'text' }]],
  ['input_json_delta', [{ from: 'partial_json', to: 'input', type: 'tool_use' }]],
  [
    'compaction_delta',
    [
      { from: 'content', to: 'content', type: 'compaction' },
      { from: 'encrypted_content', to: 'encrypted_content', type: 'compaction' },
    ],
  ],
]);

/** Fields of a message whose later value replaces the earlier one. */
const LATEST: ReadonlySet<string> = new Set([
  'id',
  'type',
  'role',
  'model',
  'container',
  'stop_reason',
  'stop_sequence',
  'context_management',
  'diagnostics',
  'input_transformations',
]);

/** Fields that are assembled by themselves, so that a value of another shape must stand elsewhere. */
const OWN_PLACE: ReadonlySet<string> = new Set(['content', 'usage']);

/** What each event is known to have; anything else is kept under `<event>.<field>`. */
export const KNOWN: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['ping', new Set(['type'])],
  ['message_start', new Set(['type', 'message'])],
  ['content_block_start', new Set(['type', 'index', 'content_block'])],
  ['content_block_delta', new Set(['type', 'index', 'delta'])],
  ['content_block_stop', new Set(['type', 'index'])],
  ['message_delta', new Set(['type', 'delta', 'usage', 'context_management', 'input_transformations'])],
  ['message_stop', new Set(['type'])],
]);

/** Takes the events one by one, in the order of their arrival. Never throws; what it cannot place it gives back. */
export class MessageAssembler {
  readonly #fields: Pieces = new Map();
  readonly #usage: Pieces = new Map();
  readonly #blocks: Block[] = [];
  readonly #open = new Map<number, Block>();
  readonly #errors: Json[] = [];
  #isStarted = false;
  #isEnded = false;

  /** @returns false when the value is no event of this format, or cannot be placed; then nothing of it was taken */
  add(event: Json): boolean {
    const type = isObject(event) ? own(event, 'type') : undefined;
    if (!isObject(event) || typeof type !== 'string') return false;
    if (type === 'error') return this.#fail(event);
    const known = KNOWN.get(type);
    if (known === undefined || !this.#take(type, event)) return false;
    for (const [key, value] of Object.entries(event)) if (!known.has(key)) note(this.#fields, `${type}.${key}`, value);
    return true;
  }

  finish(): AssembledMessage {
    const content = this.#blocks.toSorted((a, b) => a.index - b.index).map(finishBlock);
    const isEmpty = content.length === 0 && this.#fields.size === 0 && this.#usage.size === 0;
    const usage = this.#usage.size === 0 ? {} : { usage: toObject(this.#usage) };
    const object = { type: 'message', role: 'assistant', ...toObject(this.#fields), ...usage, content };
    return { object: isEmpty ? null : object, ended: this.#isEnded, errors: this.#errors };
  }

  #take(type: string, event: JsonObject): boolean {
    switch (type) {
      case 'message_start':
        return this.#start(own(event, 'message'));
      case 'content_block_start':
        return this.#startBlock(indexOf(event), own(event, 'content_block'));
      case 'content_block_delta':
        return this.#addDelta(indexOf(event), own(event, 'delta'));
      case 'message_delta':
        this.#change(event);
        return true;
      case 'message_stop':
        this.#isEnded = true;
        return true;
      default:
        return true;
    }
  }

  #start(message: Json | undefined): boolean {
    if (!isObject(message)) return false;
    for (const [key, value] of Object.entries(message)) {
      if (key === 'usage' && isObject(value)) this.#setUsage(value);
      else if (key === 'content' && isArray(value)) this.#seed(value);
      else if (OWN_PLACE.has(key)) note(this.#fields, `message_start.${key}`, value);
      // As they are, nulls too: the object that was not streamed has them.
      else if (!this.#isStarted) this.#fields.set(key, value);
      else this.#set(key, value);
    }
    this.#isStarted = true;
    return true;
  }

  /** Content that stands in `message_start` already; the API sends none there. */
  #seed(content: readonly Json[]): void {
    for (const [index, block] of content.entries())
      if (!this.#startBlock(index, block)) note(this.#fields, 'message_start.content', block);
  }

  /** A second block with the index of another does not replace it: both were shown. */
  #startBlock(index: number | null, start: Json | undefined): boolean {
    if (index === null || !isObject(start)) return false;
    // Lists grow in place, and those of the event are not ours.
    const fields = Object.entries(start).map(([key, value]): [string, Json] => [
      key,
      isArray(value) ? [...value] : value,
    ]);
    this.#openBlock({ index, fields: new Map(fields), json: null });
    return true;
  }

  #openBlock(block: Block): void {
    this.#blocks.push(block);
    this.#open.set(block.index, block);
  }

  #addDelta(index: number | null, delta: Json | undefined): boolean {
    if (index === null || !isObject(delta)) return false;
    const type = own(delta, 'type');
    const pieces = Object.entries(delta).filter(([key, value]) => key !== 'type' && value !== null);
    const targets = typeof type === 'string' ? TARGETS.get(type) : undefined;
    if (targets === undefined && pieces.length === 0) return false;
    let block = this.#open.get(index);
    if (block === undefined) {
      const assumed = targets?.[0]?.type;
      block = { index, fields: new Map(assumed === undefined ? [] : [['type', assumed]]), json: null };
      this.#openBlock(block);
    }
    for (const [key, piece] of pieces) {
      const target = targets?.find(({ from }) => from === key);
      if (target === undefined) append(block.fields, `${typeof type === 'string' ? type : 'delta'}.${key}`, piece);
      else addPiece(block, target, piece);
    }
    return true;
  }

  #change(event: JsonObject): void {
    const delta = own(event, 'delta') ?? null;
    if (isObject(delta)) for (const [key, value] of Object.entries(delta)) this.#set(key, value);
    else note(this.#fields, 'message_delta.delta', delta);
    const usage = own(event, 'usage') ?? null;
    if (isObject(usage)) this.#setUsage(usage);
    else note(this.#fields, 'message_delta.usage', usage);
    for (const key of ['context_management', 'input_transformations']) this.#set(key, own(event, key) ?? null);
  }

  /** What stands beside the error is read like one; where there is none, it is the error. */
  #fail(event: JsonObject): boolean {
    const error = own(event, 'error') ?? null;
    const rest = Object.fromEntries(Object.entries(event).filter(([key]) => key !== 'type' && key !== 'error'));
    this.#errors.push(...(error === null ? [rest] : [error, rest]));
    return true;
  }

  #set(key: string, value: Json): void {
    if (value === null) return;
    if (LATEST.has(key)) this.#fields.set(key, value);
    else note(this.#fields, OWN_PLACE.has(key) ? `message_delta.${key}` : key, value);
  }

  /** Counts are totals of the whole message: the last ones hold, and those that are left out stay as they were. */
  #setUsage(usage: JsonObject): void {
    for (const [key, value] of Object.entries(usage))
      if (value !== null || !this.#usage.has(key)) this.#usage.set(key, value);
  }
}

function addPiece(block: Block, target: Target, piece: Json): void {
  if (target.to === 'input' && typeof piece === 'string') block.json = (block.json ?? '') + piece;
  else if (target.to === 'input') append(block.fields, 'input_pieces', [piece]);
  else append(block.fields, target.to, target.to === 'citations' ? [piece] : piece);
}

/** Pieces that are no JSON when joined (a stream that broke, a model that erred) are kept as the text that they are. */
function finishBlock(block: Block): JsonObject {
  const object = toObject(block.fields);
  if (block.json === null || block.json === '') return object;
  const parsed = parseJson(block.json, MOST_LIVE_VALUES);
  const input = parsed.ok && parsed.whole ? parsed.value : block.json;
  const announced = own(object, 'input') ?? null;
  const isPlaceholder = announced === null || (isObject(announced) && Object.keys(announced).length === 0);
  return { ...object, input, ...(isPlaceholder ? {} : { input_announced: announced }) };
}

function indexOf(event: JsonObject): number | null {
  const index = own(event, 'index');
  return typeof index === 'number' && Number.isSafeInteger(index) && index >= 0 ? index : null;
}
