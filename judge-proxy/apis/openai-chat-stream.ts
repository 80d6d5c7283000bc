/** Chat Completions, streamed: chunks to the object that the same request without `stream` would have brought. */

import { append, note, type Pieces, toObject } from './accumulate.ts';
import { isArray, isObject, type Json, type JsonObject, own } from './json.ts';

interface Choice {
  readonly index: number;
  readonly fields: Pieces;
  readonly message: Pieces;
  readonly calls: Map<number, Pieces>;
  lastCall: number;
}

/** Fields whose value each chunk repeats; the last one counts. */
const REPEATED: ReadonlySet<string> = new Set([
  'id',
  'created',
  'model',
  'service_tier',
  'system_fingerprint',
  'usage',
  'error',
]);
/** Padding of random length (dropped), and fields that are assembled by themselves. */
const DROPPED: ReadonlySet<string> = new Set(['obfuscation', 'object', 'choices']);

/** Takes the chunks one by one, in the order of their arrival. Never throws; what it cannot place it gives back. */
export class ChatAssembler {
  readonly #fields: Pieces = new Map();
  readonly #choices = new Map<number, Choice>();
  #chunks = 0;

  /** @returns false when the value is no chunk of this format */
  add(chunk: Json): boolean {
    if (!isObject(chunk)) return false;
    this.#chunks += 1;
    for (const [key, value] of Object.entries(chunk)) {
      if (DROPPED.has(key)) continue;
      if (!REPEATED.has(key)) note(this.#fields, key, value);
      else if (value !== null) this.#fields.set(key, value);
    }
    const choices = own(chunk, 'choices');
    if (isArray(choices)) for (const choice of choices) this.#addChoice(choice);
    else if (choices !== undefined) note(this.#fields, 'choices_not_a_list', choices);
    return true;
  }

  /** The assembled `chat.completion`, null when there was no chunk. */
  finish(): JsonObject | null {
    if (this.#chunks === 0) return null;
    const choices = [...this.#choices.values()].sort((a, b) => a.index - b.index).map(finishChoice);
    return { ...toObject(this.#fields), object: 'chat.completion', choices };
  }

  #addChoice(choice: Json): void {
    const index = isObject(choice) ? (own(choice, 'index') ?? 0) : undefined;
    if (!isObject(choice) || typeof index !== 'number') {
      note(this.#fields, 'choices_without_index', choice);
      return;
    }
    const state = this.#choice(index);
    for (const [key, value] of Object.entries(choice)) {
      if (key === 'index') continue;
      // Some servers send the whole message in one chunk.
      if (key === 'delta' || key === 'message') addDelta(state, value);
      else if (key === 'finish_reason') setLast(state.fields, key, value);
      else if (key === 'logprobs') addLogprobs(state.fields, value);
      else append(state.fields, key, value);
    }
  }

  #choice(index: number): Choice {
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    const choice: Choice = { index, fields: new Map(), message: new Map(), calls: new Map(), lastCall: -1 };
    this.#choices.set(index, choice);
    return choice;
  }
}

function addDelta(choice: Choice, delta: Json): void {
  if (!isObject(delta)) {
    append(choice.fields, 'delta', delta);
    return;
  }
  for (const [key, value] of Object.entries(delta)) {
    if (key === 'role') setLast(choice.message, key, value);
    else if (key === 'tool_calls' && isArray(value)) for (const call of value) addCall(choice, call);
    else if (key === 'function_call' && isObject(value)) merge(choice.message, key, value, LATEST_NAME);
    else if (key === 'audio' && isObject(value)) merge(choice.message, key, value, LATEST_AUDIO);
    else append(choice.message, key, value);
  }
}

const LATEST_CALL: ReadonlySet<string> = new Set(['id', 'type']);
const LATEST_NAME: ReadonlySet<string> = new Set(['name']);
const LATEST_AUDIO: ReadonlySet<string> = new Set(['id', 'expires_at']);

/** Id and name come in the first piece alone. Servers that leave `index` out begin a call with a new id. */
function addCall(choice: Choice, piece: Json): void {
  if (!isObject(piece)) {
    append(choice.message, 'tool_calls_strange', [piece]);
    return;
  }
  const index = own(piece, 'index');
  const id = own(piece, 'id');
  const key = typeof index === 'number' ? index : callWithoutIndex(choice, id);
  choice.lastCall = key;
  const call: Pieces = choice.calls.get(key) ?? new Map();
  choice.calls.set(key, call);
  for (const [name, value] of Object.entries(piece)) {
    if (name === 'index') continue;
    if (LATEST_CALL.has(name)) setLast(call, name, value);
    else if (isObject(value)) merge(call, name, value, LATEST_NAME);
    else append(call, name, value);
  }
}

function callWithoutIndex(choice: Choice, id: Json | undefined): number {
  const last = choice.calls.get(choice.lastCall);
  const continues = last !== undefined && (id === undefined || id === null || id === '' || last.get('id') === id);
  return continues ? choice.lastCall : choice.lastCall + 1;
}

/** Joins an object's pieces under `key`: fields of `latest` are replaced, all others appended. */
function merge(into: Pieces, key: string, piece: JsonObject, latest: ReadonlySet<string>): void {
  const before = into.get(key);
  const pieces: Pieces = new Map(isObject(before) ? Object.entries(before) : []);
  for (const [name, value] of Object.entries(piece)) {
    if (latest.has(name)) setLast(pieces, name, value);
    else append(pieces, name, value);
  }
  into.set(key, toObject(pieces));
}

function setLast(pieces: Pieces, key: string, value: Json): void {
  if (value !== null && value !== '') pieces.set(key, value);
}

function addLogprobs(fields: Pieces, value: Json): void {
  if (isObject(value)) merge(fields, 'logprobs', value, new Set());
}

function finishChoice(choice: Choice): JsonObject {
  const calls = [...choice.calls.entries()].sort(([a], [b]) => a - b).map(([, call]) => finishCall(call));
  return {
    logprobs: null,
    finish_reason: null,
    ...toObject(choice.fields),
    index: choice.index,
    message: {
      role: 'assistant',
      content: null,
      refusal: null,
      ...toObject(choice.message),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    },
  };
}

function finishCall(call: Pieces): JsonObject {
  return { type: call.has('custom') ? 'custom' : 'function', ...toObject(call) };
}
