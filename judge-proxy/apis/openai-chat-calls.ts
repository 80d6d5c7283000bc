/**
 * Tool calls of one choice as their pieces come: which call a piece belongs to, and when all of them are complete. Nothing
 * but the end of the choice tells that: pieces of several calls may mix. Each is brought whole, then.
 */

import { isObject, type Json, type JsonObject, own } from './json.ts';
import { outline } from './outline.ts';
import { type At, inside } from './part-list.ts';
import type { StreamDeltas } from './stream-deltas.ts';

const QUIET_CALL: ReadonlySet<string> = new Set(['id', 'type']);

/** What is called: a function, a custom tool, or the function of before there were tools. */
interface Called {
  readonly at: At;
  name: string | null;
  /** Pieces that were not brought yet. */
  text: string;
  isBrought: boolean;
}

interface Call {
  /** Place among the calls: in the order of their arrival, since an index may begin above 0. */
  readonly position: number;
  id: Json;
}

export class ChatCalls {
  readonly #out: StreamDeltas;
  readonly #calls = new Map<number, Call>();
  readonly #called = new Map<string, Called>();
  #lastCall = -1;
  #isOpen = false;

  constructor(out: StreamDeltas) {
    this.#out = out;
  }

  /** A piece came, and the choice has not ended since. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** @param at of the message */
  add(at: At, piece: Json): void {
    this.#isOpen = true;
    if (!isObject(piece)) {
      this.#out.stray(at, 'tool_calls_strange', [piece]);
      return;
    }
    const here = inside(inside(at, 'tool_calls'), this.#position(piece));
    for (const [name, value] of Object.entries(piece)) {
      if (name === 'index') continue;
      if (isObject(value) && name === 'function') this.#addCalled(inside(here, name), value, 'arguments');
      else if (isObject(value) && name === 'custom') this.#addCalled(inside(here, name), value, 'input');
      else if (QUIET_CALL.has(name)) this.#out.repeated(here, name, value, true);
      else this.#out.stray(here, name, value);
    }
  }

  /** The one call that a message could have before there were tools. */
  addLegacy(at: At, piece: JsonObject): void {
    this.#isOpen = true;
    this.#addCalled(inside(at, 'function_call'), piece, 'arguments');
  }

  /** The choice has ended: a call without arguments is a call all the same. */
  finish(): void {
    this.#isOpen = false;
    for (const called of this.#called.values()) {
      if (called.isBrought && called.text === '') continue;
      this.#out.add(called.at, 'tool_call', called.text === '' ? '{}' : called.text, called.name);
      called.isBrought = true;
      called.text = '';
    }
  }

  #addCalled(at: At, piece: JsonObject, key: 'arguments' | 'input'): void {
    const place = inside(at, key);
    const called = this.#called.get(place.place) ?? { at: place, name: null, text: '', isBrought: false };
    this.#called.set(place.place, called);
    for (const [field, value] of Object.entries(piece)) {
      if (field === 'name' && typeof value === 'string') {
        if (value !== '') called.name = value.toWellFormed();
      } else if (field !== key) this.#out.stray(at, field, value, QUIET_CALL.has(field));
      else if (value !== null) called.text += typeof value === 'string' ? value : outline(value);
    }
  }

  /** Id and name come in the first piece alone. Servers that leave `index` out begin a call with a new id. */
  #position(piece: JsonObject): number {
    const index = own(piece, 'index');
    const id = own(piece, 'id') ?? null;
    const key = typeof index === 'number' ? index : this.#keyWithoutIndex(id);
    this.#lastCall = key;
    const call = this.#calls.get(key) ?? { position: this.#calls.size, id: null };
    this.#calls.set(key, call);
    if (id !== null && id !== '') call.id = id;
    return call.position;
  }

  #keyWithoutIndex(id: Json): number {
    const last = this.#calls.get(this.#lastCall);
    const continues = last !== undefined && (id === null || id === '' || last.id === id);
    return continues ? this.#lastCall : this.#lastCall + 1;
  }
}
