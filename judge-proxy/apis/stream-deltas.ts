/** The deltas of one stream, with a memory of what was brought already: formats repeat themselves when they are done. */

import type { Part, PartKind } from '../exchange/transcript.ts';
import { RESPONSE } from './body.ts';
import { isObject, type Json, own } from './json.ts';
import { outline } from './outline.ts';
import { type At, carriesText, inside, MAX_QUIET } from './part-list.ts';
import type { Delta, StreamStep } from './stream-reader.ts';

/** More unknown names than any provider has; behind them all share one place. */
const MAX_NAMES = 256;

const EVENTS: At = { ...RESPONSE, place: 'response.events' };
/** Fields of an event that are another in each of its kind. */
const PER_EVENT: ReadonlySet<string> = new Set(['delta', 'sequence_number', 'obfuscation', 'event_id']);
const NO_DELTAS: readonly Delta[] = [];

/** A field that nobody knows, and what it brought until now. */
interface Stray {
  /** null while nothing of it was content. */
  at: At | null;
  /** Text of a string field, until there is enough of it to be content. */
  held: string | null;
  /** Last value that was no string. */
  last: string | null;
}

export class StreamDeltas {
  #step: Delta[] = [];
  readonly #said = new Map<string, string>();
  /** The last whole text of a place that was not what its pieces had said. */
  readonly #differing = new Map<string, string>();
  readonly #strays = new Map<string, Stray>();
  readonly #sources = new Map<string, At>();
  readonly #uses = new Map<string, number>();

  /** A piece of a text whose whole never comes: it is not remembered. */
  add(at: At, kind: PartKind, text: string, name: string | null = null): void {
    if (text === '') return;
    const delta: Delta = { place: at.place, role: at.role, kind, text };
    this.#step.push(name === null ? delta : { ...delta, name });
  }

  /** A piece of a text that may be repeated as a whole. */
  piece(at: At, kind: PartKind, text: string, name: string | null = null): void {
    if (text === '') return;
    this.add(at, kind, text, name);
    if (!this.#uses.has(at.place)) this.#uses.set(at.place, 1);
    this.#said.set(at.place, (this.#said.get(at.place) ?? '') + text);
  }

  /** What a whole says that its pieces did not: its rest, or all of it, at a place of its own, when it differs. */
  whole(parts: readonly Part[]): void {
    for (const part of parts) {
      const said = this.#said.get(part.place) ?? '';
      const name = part.name ?? null;
      // Asked by length first: to compare costs as much as the text that was said, which a short event must not.
      const goesOn = part.text.length >= said.length && part.text.startsWith(said.toWellFormed());
      if (goesOn) this.piece(part, part.kind, part.text.slice(said.length), name);
      else if (this.#differing.get(part.place) !== part.text) {
        this.#differing.set(part.place, part.text);
        this.add(this.#ownPlace(part.place, part), part.kind, part.text, name);
      }
    }
  }

  /**
   * A field that the format does not have. Strings are taken for pieces of one text; another value counts when it
   * changes.
   * @param quiet an id or an enumerated word: it is content only when it is longer than those are
   */
  stray(at: At, key: string, value: Json, quiet = false): void {
    if (value === null || value === '') return;
    const stray = this.#stray(at, key);
    if (typeof value !== 'string') this.#changed(stray, at, key, value, quiet);
    else if (stray.held === null) this.#bring(stray, at, value);
    else {
      stray.held += value;
      if (quiet && stray.held.length <= MAX_QUIET) return;
      this.#bring(stray, at, outline({ [key]: stray.held }));
      stray.held = null;
    }
  }

  /** A field that each event repeats: it counts when it changes. */
  repeated(at: At, key: string, value: Json, quiet: boolean): void {
    if (value !== null && value !== '') this.#changed(this.#stray(at, key), at, key, value, quiet);
  }

  /** Something that cannot be placed, whole. */
  strange(at: At, value: Json): void {
    if (value !== null) this.add(this.#ownPlace(at.place, at), 'other', outline(value));
  }

  /** An event of a type that is not known: the `delta` strings of one source are one text. */
  event(value: Json): void {
    const delta = isObject(value) ? own(value, 'delta') : undefined;
    if (!isObject(value) || typeof delta !== 'string') {
      this.strange(EVENTS, value);
      return;
    }
    const rest = Object.entries(value).filter(([key]) => !PER_EVENT.has(key));
    const source = JSON.stringify(rest);
    const known = this.#sources.get(source);
    if (known !== undefined) {
      this.add(known, 'other', delta);
      return;
    }
    const at = this.#ownPlace(EVENTS.place, EVENTS);
    if (this.#sources.size < MAX_NAMES) this.#sources.set(source, at);
    this.add(at, 'other', outline(Object.fromEntries([...rest, ['delta', delta]])));
  }

  /** @returns what was brought since the last step */
  step(toolCallOpen: boolean, ended: boolean): StreamStep {
    const deltas = this.#step.length === 0 ? NO_DELTAS : this.#step;
    if (deltas !== NO_DELTAS) this.#step = [];
    return { deltas, toolCallOpen, ended };
  }

  #changed(stray: Stray, at: At, key: string, value: Json, quiet: boolean): void {
    if (quiet && !carriesText(value)) return;
    const text = outline({ [key]: value });
    if (stray.last === text) return;
    this.#bring(stray, at, stray.last === null ? text : `\n${text}`);
    stray.last = text;
  }

  /** Names come from the wire: they never enter a place. The first of an object has the place of the whole reading. */
  #bring(stray: Stray, at: At, text: string): void {
    stray.at ??= this.#ownPlace(inside(at, '*').place, at);
    this.piece(stray.at, 'other', text);
  }

  #stray(at: At, key: string): Stray {
    const name = `${at.place} ${key}`;
    const id = this.#strays.size < MAX_NAMES || this.#strays.has(name) ? name : '';
    const stray = this.#strays.get(id) ?? { at: null, held: '', last: null };
    this.#strays.set(id, stray);
    return stray;
  }

  #ownPlace(place: string, at: At | Part): At {
    const uses = (this.#uses.get(place) ?? 0) + 1;
    this.#uses.set(place, uses);
    return { side: at.side, role: at.role, place: uses === 1 ? place : `${place}~${uses}` };
  }
}
