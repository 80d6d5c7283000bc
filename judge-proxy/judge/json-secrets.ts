/**
 * Secrets by their place in a body (`redaction.json_paths`, RFC 9535). What a path finds is secret where it stands, however
 * short, and wherever else it occurs when it has the length of a literal (`literals.ts`).
 *
 * Three forms of one value meet here: the node in the body, with its location; in streams the pieces of it that events
 * bring, which are put together by location; and the text of the transcript, whose place follows the body's structure.
 */

import type { JSONPathQuery } from 'json-p3';
import { isArray, isObject, type Json, own, parseJson } from '../apis/json.ts';
import { looksLikeSse, parseSse } from '../apis/sse.ts';
import { compileSecretPath } from '../config/secret-path.ts';
import type { PlacedText } from '../exchange/free-strings.ts';
import type { KnownSecret } from '../exchange/known-secret.ts';
import { MIN_LITERAL } from '../exchange/literals.ts';
import type { Finding } from '../exchange/redact.ts';
import type { Side } from '../exchange/transcript.ts';
import type { Budget } from './rules/rule.ts';

export interface NamedPath {
  /** Type in placeholders. */
  readonly name: string;
  readonly path: string;
}

export interface CompiledPath {
  readonly name: string;
  readonly query: JSONPathQuery;
}

/** @param paths as the config was checked for */
export function compilePaths(paths: readonly NamedPath[]): CompiledPath[] {
  return paths.map(({ name, path }) => ({ name, query: compileSecretPath(path) }));
}

/** Values of one exchange; what has more cannot be taken out, and is not kept. */
const MOST_VALUES = 2_000;

interface Value extends KnownSecret {
  readonly side: Side;
  /** Where it stands, as places of a transcript are written; null where a stream brought it. */
  readonly place: string | null;
}

interface Piece {
  readonly side: Side;
  readonly type: string;
  /** All pieces so far, put together. */
  text: string;
  /** The value where every event repeats it: it may be a field of the stream and no text in pieces. */
  repeated: string | null;
}

/** What paths have found in the bodies of one exchange, or in as much of a stream as has come. */
export class JsonSecrets {
  readonly #paths: readonly CompiledPath[];
  readonly #values: Value[] = [];
  /** Of streams: pieces by path, location and what the event says of itself. */
  readonly #pieces = new Map<string, Piece>();
  #complete = true;

  constructor(paths: readonly CompiledPath[]) {
    this.#paths = paths;
  }

  /** False when not all was looked at: time, number or depth. */
  get complete(): boolean {
    return this.#complete;
  }

  /** A body as a whole: JSON, JSON by lines, or an event stream. What is no JSON has no places. */
  body(side: Side, text: string | null, contentType: string | null, budget: Budget): void {
    if (text === null || text === '' || this.#paths.length === 0) return;
    if (looksLikeSse(text, contentType)) {
      this.events(
        side,
        parseSse(text).map(({ data }) => data),
        budget,
      );
      return;
    }
    const parsed = parseJson(text);
    if (parsed.ok) this.#query(side, parsed.value, budget, false);
    else if (text.includes('\n')) this.events(side, text.split('\n'), budget);
  }

  /** Events of a stream, or messages, in order: pieces at one location belong together. */
  events(side: Side, data: readonly string[], budget: Budget): void {
    for (const text of data) {
      if (budget.spent) this.#complete = false;
      if (!this.#complete) return;
      const parsed = parseJson(text);
      if (parsed.ok) this.#query(side, parsed.value, budget, true);
    }
  }

  get empty(): boolean {
    return this.#values.length + this.#pieces.size === 0;
  }

  /** All values, for where they occur elsewhere. */
  get secrets(): KnownSecret[] {
    return [...this.#values, ...this.#streamed()].map(({ text, type }) => ({ text, type }));
  }

  /** The values where they stand in texts of the transcript. Afterwards `complete` says whether all were looked for. */
  findings(texts: readonly PlacedText[]): Finding[] {
    const pieces = this.#streamed();
    if (this.#values.length + pieces.length === 0) return [];
    let left = MOST_COMPARED;
    const found: Finding[] = [];
    for (const text of texts) {
      for (const value of this.#values) {
        if (value.place === null) continue;
        left -= 1;
        const stands = standsIn(value.place, text.place);
        if (stands === 'whole') found.push(whole(text, value.type));
        else if (stands === 'part') {
          left -= text.text.length;
          if (left > 0) found.push(...within(value.text, text, value.type));
        }
      }
      for (const piece of pieces) {
        left -= text.text.length + piece.text.length;
        if (left > 0) found.push(...inStream(piece, text));
      }
      if (left <= 0) {
        this.#complete = false;
        return found;
      }
    }
    return found;
  }

  /** Of streams, each as it may be meant. */
  #streamed(): Omit<Value, 'place'>[] {
    return [...this.#pieces.values()].flatMap(({ side, type, text, repeated }) => {
      const texts = repeated === null || repeated === text ? [text] : [text, repeated];
      return texts.map((one) => ({ side, type, text: one }));
    });
  }

  #query(side: Side, value: Json, budget: Budget, streamed: boolean): void {
    for (const { name, query } of this.#paths) {
      try {
        // Read only: the types of the library ask for arrays that may be changed.
        for (const node of query.lazyQuery(value as Parameters<JSONPathQuery['lazyQuery']>[0])) {
          this.#leaves(side, name, node.value as Json, node.location, streamed ? value : null, budget);
          if (!this.#complete) return;
        }
      } catch {
        // Deeper than a path may go.
        this.#complete = false;
      }
    }
  }

  /** Strings and numbers of a value: an object or a list is secret with all that it holds. */
  #leaves(
    side: Side,
    type: string,
    value: Json,
    location: readonly (string | number)[],
    event: Json | null,
    budget: Budget,
  ): void {
    if (budget.spent || this.#values.length + this.#pieces.size >= MOST_VALUES) this.#complete = false;
    if (!this.#complete) return;
    if (isArray(value)) {
      for (const [index, item] of value.entries()) this.#leaves(side, type, item, [...location, index], event, budget);
    } else if (isObject(value)) {
      for (const [key, item] of Object.entries(value))
        this.#leaves(side, type, item, [...location, key], event, budget);
    } else if (typeof value === 'string' || typeof value === 'number') {
      this.#leaf(side, type, String(value), location, event);
    }
  }

  #leaf(side: Side, type: string, text: string, location: readonly (string | number)[], event: Json | null): void {
    if (text === '') return;
    if (event === null) {
      this.#values.push({ side, type, text, place: placeOf(side, location) });
      return;
    }
    const key = JSON.stringify([side, type, location, speakerOf(event)]);
    const piece = this.#pieces.get(key);
    if (piece === undefined) this.#pieces.set(key, { side, type, text, repeated: text });
    else {
      piece.text += text;
      if (text !== piece.repeated) piece.repeated = null;
    }
  }
}

/** Code units and pairs that are compared for one exchange: some tenths of a second. */
const MOST_COMPARED = 100_000_000;

/** What tells the events of one text from those of another: members of the events of all formats. */
function speakerOf(event: Json): unknown {
  if (!isObject(event)) return null;
  const names = ['type', 'stream_id', 'item_id', 'output_index', 'content_index', 'summary_index', 'index'];
  return names.map((name) => own(event, name) ?? null);
}

function placeOf(side: Side, location: readonly (string | number)[]): string {
  return location.reduce<string>((place, step) => place + (typeof step === 'number' ? `[${step}]` : `.${step}`), side);
}

/** A text at the place of a value is the value; one around it, or of all that nobody read there, holds it. */
function standsIn(place: string, at: string): 'whole' | 'part' | null {
  const own = at.replace(/(?:~\d+|#name)$/, '');
  if (own === place) return 'whole';
  const above = own.endsWith('.*') ? own.slice(0, -2) : own;
  const next = place.startsWith(above) ? place[above.length] : undefined;
  return next === '.' || next === '[' ? 'part' : null;
}

function whole({ place, text }: PlacedText, type: string): Finding {
  return { place, start: 0, end: text.length, type };
}

/** In a stream the place of a value is not known: shorter ones are taken out only where they are all that a text says. */
const SHORTEST_IN_STREAM = 4;

/** A window has the end of what was put together, a reader perhaps its beginning. */
function inStream({ side, type, text: value }: Omit<Value, 'place'>, text: PlacedText): Finding[] {
  if (!text.place.startsWith(side)) return [];
  if (value === text.text || (!IS_WORD.test(text.place) && value.includes(text.text))) return [whole(text, type)];
  return value.length < SHORTEST_IN_STREAM ? [] : within(value, text, type);
}

/** Places of names and code words: they say nothing, and any longer text contains them. */
const IS_WORD = /#name$|^(?:request|response)\.(?:model|finish|error)\b/;

/** Where a short value stands by itself, not as a part of a longer word. Longer ones are found as literals. */
function within(value: string, { place, text }: PlacedText, type: string): Finding[] {
  if (value.length >= MIN_LITERAL) return [];
  const findings: Finding[] = [];
  for (let start = text.indexOf(value); start !== -1; start = text.indexOf(value, start + value.length)) {
    const end = start + value.length;
    if (!isLetter(text[start - 1]) && !isLetter(text[end])) findings.push({ place, start, end, type });
  }
  return findings;
}

function isLetter(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_]/u.test(character);
}
