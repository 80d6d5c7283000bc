/** Collects the parts of one reading, and everything that must be said about it. */

import type { Part, PartKind, Role, Side } from '../exchange/transcript.ts';
import type { CoverageReason } from '../ledger/records.ts';
import { Fields, isArray, isObject, type Json } from './json.ts';
import { type Media, opaqueMedia } from './media.ts';
import { outline } from './outline.ts';

/** Where something stands and who says it. */
export interface At {
  readonly side: Side;
  readonly place: string;
  readonly role: Role;
}

/** A step further into the wire format: `at` `.key` or `[index]`. */
export function inside(at: At, step: string | number): At {
  return { ...at, place: typeof step === 'number' ? `${at.place}[${step}]` : `${at.place}.${step}` };
}

/** A transcript of millions of parts would cost far more memory than the text that it came from. */
const MAX_PARTS = 10_000;
const MAX_SEARCHES = 100;
/** Ids and enumerated words are shorter; a longer string in their fields is content, and is kept. */
export const MAX_QUIET = 128;

export class PartList {
  readonly reasons = new Set<CoverageReason>();
  error: { readonly type: string | null; readonly code: string | null } | null = null;
  #unknown = 0;
  #missing = 0;
  readonly #parts: Part[] = [];
  readonly #overflow: string[] = [];
  #overflowAt: At | null = null;
  /** Texts of the first `#indexed` parts. */
  readonly #texts = new Set<string>();
  #indexed = 0;
  #searches = 0;

  /** Fields, events and items that no format of ours knows. */
  get unknown(): number {
    return this.#unknown;
  }

  /** Things that only the provider has. */
  get missingCount(): number {
    return this.#missing;
  }

  /** A text with its kind; empty ones say nothing. */
  text(at: At, kind: PartKind, text: string | null, name: string | null = null): void {
    if (text === null || text === '') return;
    if (this.#parts.length >= MAX_PARTS) {
      this.reasons.add('decode_limit');
      this.#overflowAt ??= at;
      this.#overflow.push(text);
      return;
    }
    const part: Part = { side: at.side, place: at.place, role: at.role, kind, text: text.toWellFormed() };
    this.#parts.push(name === null ? part : { ...part, name: name.toWellFormed() });
  }

  /** Media that was opened or described: what stays closed is a reason. */
  media(at: At, media: Media): void {
    if (!media.readable) this.reasons.add('opaque_content');
    this.text(at, media.readable ? 'text' : 'media', media.text);
  }

  /** Something that only the provider can open. */
  opaque(at: At, what: string, data: string | null): void {
    if (data !== null && data !== '') this.media(at, opaqueMedia(what, data));
  }

  /** Something that only the provider has: earlier turns, stored files, prompt templates. */
  missing(at: At, what: string): void {
    this.missesContext();
    this.text(at, 'media', what);
  }

  missesContext(): void {
    this.reasons.add('context_missing');
    this.#missing += 1;
  }

  /** A value that should be a text: any other shape is written as an outline. */
  value(at: At, kind: PartKind, value: Json, name: string | null = null): void {
    if (value !== null) this.text(at, kind, outline(value), name);
  }

  /** A value of a shape that is not known here: kept, counted, not fatal. */
  strange(at: At, value: Json): void {
    if (value === null) return;
    this.#unknown += 1;
    this.value(at, 'other', value);
  }

  /**
   * What nobody read of an object. Quiet fields (ids, enumerated words, numbers) are dropped as long as they carry no
   * text; all others become one `other` part at `<place>.*`. Names of fields come from the wire: they never enter a place.
   */
  rest(at: At, fields: Fields, quiet: ReadonlySet<string>): void {
    const kept: [string, Json][] = [];
    for (const [key, value] of fields.unread()) {
      if (!quiet.has(key)) this.#unknown += 1;
      else if (!carriesText(value)) continue;
      kept.push([key, value]);
    }
    if (kept.length > 0) this.value(inside(at, '*'), 'other', Object.fromEntries(kept));
  }

  /** Whether a part says this, or (looked for a bounded number of times: it costs a pass each) contains it. */
  says(text: string): boolean {
    for (; this.#indexed < this.#parts.length; this.#indexed++) this.#texts.add(this.#parts[this.#indexed]?.text ?? '');
    if (this.#texts.has(text.toWellFormed())) return true;
    this.#searches += 1;
    return this.#searches <= MAX_SEARCHES && this.#parts.some((part) => part.text.includes(text));
  }

  /** Adds what another list says and this one does not. */
  addMissing(other: PartList): void {
    for (const reason of other.reasons) this.reasons.add(reason);
    this.#missing += other.#missing;
    for (const part of other.#parts)
      if (!this.says(part.text)) this.text(part, part.kind, part.text, part.name ?? null);
  }

  /** @returns the parts, each with a place of its own */
  finish(): readonly Part[] {
    if (this.#overflowAt !== null) {
      const { side } = this.#overflowAt;
      this.#parts.push({
        side,
        place: `${side}.overflow`,
        role: 'unknown',
        kind: 'other',
        text: this.#overflow.join('\n').toWellFormed(),
      });
    }
    return withOwnPlaces(this.#parts);
  }
}

/** The fields of a value, or null (and a strange part) when it is no object. */
export function fieldsOf(parts: PartList, at: At, value: Json): Fields | null {
  if (isObject(value)) return new Fields(value);
  parts.strange(at, value);
  return null;
}

/** Whether a string in the value, or a name in it, is longer than ids and enumerated words are. */
export function carriesText(value: Json): boolean {
  const open: Json[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next === 'string') {
      if (next.length > MAX_QUIET) return true;
    } else if (isArray(next)) {
      for (const item of next) open.push(item);
    } else if (isObject(next)) {
      for (const [key, item] of Object.entries(next)) open.push(key, item);
    }
  }
  return false;
}

/** Findings and quotes name a part by its place: two parts must never share one. */
function withOwnPlaces(parts: readonly Part[]): readonly Part[] {
  const seen = new Map<string, number>();
  return parts.map((part) => {
    const times = (seen.get(part.place) ?? 0) + 1;
    seen.set(part.place, times);
    return times === 1 ? part : { ...part, place: `${part.place}~${times}` };
  });
}
