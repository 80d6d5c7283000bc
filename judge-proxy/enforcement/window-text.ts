/**
 * The text of a stream as it grows, place by place, and how much of it rules and model have read. A token counts four
 * characters: no tokenizer is the judged model's own, and a window need not be exact.
 *
 * What ends in the middle of a word is not read yet: half a secret matches no rule, and would go out. So text counts as
 * stable up to the last word that is still growing. A PEM block is one word: its lines are nothing without the others.
 */

import type { Delta } from '../apis/stream-reader.ts';
import type { Part } from '../exchange/transcript.ts';

export const CHARACTERS_PER_TOKEN = 4;
/** Places of one stream: no format has that many, and each costs memory. */
const MOST_PLACES = 10_000;
/** A word that is longer is text of a language without blanks, or data: it is read as it comes. */
const LONGEST_WORD = 4_096;
/** Text that was read and is in no overlap any more is dropped in pieces of this length. */
const DROP_FROM = 16_384;
/** What credentials, numbers and addresses are written with (ASCII without blanks): their last character may not be there yet. */
const LAST_BREAK = /[^\x21-\x7e](?=[\x21-\x7e]*$)/;

type Reader = 'rules' | 'model';

interface Place {
  readonly part: Omit<Part, 'text'>;
  /** From `base` on. */
  text: string;
  base: number;
  /** Offsets into the whole text. */
  stable: number;
  readonly read: Record<Reader, number>;
  /** Number of the unit that brought the beginning of what is not stable. */
  growsSince: number;
}

export class WindowText {
  readonly #overlap: Readonly<Record<Reader, number>>;
  readonly #places = new Map<string, Place>();
  /** Places with stable text that was not read. */
  readonly #unread: Readonly<Record<Reader, Set<Place>>> = { rules: new Set(), model: new Set() };
  readonly #fresh: Record<Reader, number> = { rules: 0, model: 0 };
  /** Oldest first: asked with each event, over as many places as a hostile stream has. */
  readonly #growing = new Set<Place>();

  /** @param overlap characters before the new ones that are read again */
  constructor(overlap: Readonly<Record<Reader, number>>) {
    this.#overlap = overlap;
  }

  /** Characters that were not read yet and do not grow any more. */
  fresh(reader: Reader): number {
    return this.#fresh[reader];
  }

  /** The unit with which the oldest growing word began; infinity when none grows. */
  get growsSince(): number {
    for (const { growsSince } of this.#growing) return growsSince;
    return Number.POSITIVE_INFINITY;
  }

  /**
   * @param unit number of the unit that brings it
   * @returns false when the stream has more places than we keep
   */
  add(delta: Delta, unit: number): boolean {
    const place = this.#places.get(delta.place) ?? this.#newPlace(delta, unit);
    if (place === null) return false;
    place.text += delta.text;
    const end = place.base + place.text.length;
    const broken = LAST_BREAK.exec(delta.text);
    const stable = place.stable;
    const behind = broken === null ? stable : end - delta.text.length + broken.index + 1;
    const short = [beforeBlock(place, behind), behind].find((to) => end - to <= LONGEST_WORD);
    this.#stabilise(place, short ?? end);
    if (end === place.stable) this.#growing.delete(place);
    else if (place.stable > stable || !this.#growing.has(place)) this.#grow(place, unit);
    return true;
  }

  /** Words that grow have their end: a tool call is complete. */
  closeWords(): void {
    for (const place of [...this.#growing]) {
      this.#stabilise(place, place.base + place.text.length);
      this.#growing.delete(place);
    }
  }

  /** What is new for a reader, with the overlap before it; it counts as read from now on. */
  take(reader: Reader): Part[] {
    const parts = [...this.#unread[reader]].map((place): Part => {
      const from = wordStart(place, Math.max(place.base, place.read[reader] - this.#overlap[reader]));
      place.read[reader] = place.stable;
      return { ...place.part, text: place.text.slice(from - place.base, place.stable - place.base) };
    });
    for (const place of this.#unread[reader]) this.#drop(place);
    this.#unread[reader].clear();
    this.#fresh[reader] = 0;
    return parts;
  }

  #newPlace(delta: Delta, unit: number): Place | null {
    if (this.#places.size >= MOST_PLACES) return null;
    const { place: name, role, kind, name: tool } = delta;
    const part = { side: 'response', place: name, role, kind, ...(tool === undefined ? {} : { name: tool }) } as const;
    const place = { part, text: '', base: 0, stable: 0, read: { rules: 0, model: 0 }, growsSince: unit };
    this.#places.set(name, place);
    return place;
  }

  #stabilise(place: Place, to: number): void {
    const by = to - place.stable;
    if (by <= 0) return;
    place.stable = to;
    for (const reader of ['rules', 'model'] as const) {
      this.#fresh[reader] += by;
      this.#unread[reader].add(place);
    }
  }

  #grow(place: Place, since: number | null): void {
    this.#growing.delete(place);
    if (since === null) return;
    place.growsSince = since;
    this.#growing.add(place);
  }

  #drop(place: Place): void {
    const needed = Math.min(place.read.rules - this.#overlap.rules, place.read.model - this.#overlap.model);
    const from = wordStart(place, Math.max(place.base, needed));
    if (from - place.base < DROP_FROM) return;
    place.text = place.text.slice(from - place.base);
    place.base = from;
  }
}

/** An offset, or that of a PEM block (RFC 7468) before it that has no end yet. */
function beforeBlock({ text, base, stable }: Place, offset: number): number {
  const fresh = text.slice(stable - base, offset - base);
  const begin = fresh.lastIndexOf('-----BEGIN ');
  return begin === -1 || fresh.includes('-----END ', begin) ? offset : stable + begin;
}

/** Back to where the word at an offset begins: half a secret would stand unredacted before the judge. */
function wordStart(place: Place, offset: number): number {
  const from = Math.max(0, offset - place.base - LONGEST_WORD);
  const broken = LAST_BREAK.exec(place.text.slice(from, offset - place.base));
  return broken === null ? place.base + from : place.base + from + broken.index + 1;
}
