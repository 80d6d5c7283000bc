/**
 * Cuts an event stream into its events as it comes, each with the bytes that brought it (WHATWG HTML §9.2): what is
 * delivered are those bytes, so comments, unknown fields, byte order mark and every kind of line end pass unchanged.
 */

import { createParser } from 'eventsource-parser';
import type { SseEvent } from '../apis/sse.ts';
import { SseBeside } from '../apis/sse-beside.ts';
import { CopyBudget, Tap } from '../exchange/tap.ts';

/** What travels together: bytes that end where an event ends, and what they say. */
export interface StreamUnit {
  readonly bytes: Uint8Array;
  /** null: nothing that a client is told (comments, ids, blank lines). */
  readonly event: SseEvent | null;
  /** Text that stands beside the event, where it is content (`apis/sse-beside.ts`). */
  readonly beside?: string;
}

const LF = 10;
const CR = 13;
const NOTHING = new Uint8Array(0);
const NO_META = { contentType: null, contentEncoding: null, ended: false };

export class SseSplitter {
  readonly #parser = createParser({
    onEvent: ({ event, data }) => {
      this.#event = { event: event ?? null, data, whole: true };
    },
  });
  readonly #decoder = new TextDecoder();
  readonly #beside = new SseBeside();
  #event: SseEvent | null = null;
  /** The unit that is open, as far as it came in earlier chunks. Gathers them: an origin may send byte by byte. */
  #before: Tap | null = null;
  /** The line that is open has no byte yet. */
  #lineEmpty = true;
  /** The unit that is open has nothing but line ends: they travel with what follows, or each would be a unit. */
  #unitEmpty = true;
  /** The byte before was CR: an LF now belongs to it. */
  #afterCr = false;
  #open = 0;

  /** Bytes of the event that is not whole yet. */
  get open(): number {
    return this.#open;
  }

  /** @returns the units that are whole with this chunk, in order; all of them together are the stream's bytes */
  push(chunk: Uint8Array): StreamUnit[] {
    const units: StreamUnit[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte !== LF && byte !== CR) {
        this.#lineEmpty = false;
        this.#unitEmpty = false;
        this.#afterCr = false;
        continue;
      }
      if (byte === LF && this.#afterCr) {
        this.#afterCr = false;
        continue;
      }
      const blank = this.#lineEmpty;
      this.#lineEmpty = true;
      this.#afterCr = byte === CR;
      if (!blank || this.#unitEmpty) continue;
      this.#unitEmpty = true;
      // The LF of a CRLF travels with its CR when it is there; when it is not, it opens the next unit and means nothing.
      if (byte === CR && chunk[at + 1] === LF) {
        at += 1;
        this.#afterCr = false;
      }
      units.push(this.#unit(chunk.subarray(start, at + 1)));
      start = at + 1;
    }
    if (start < chunk.length) {
      this.#before ??= newTap();
      this.#before.push(chunk.subarray(start));
      this.#open += chunk.length - start;
    }
    return units;
  }

  /** The rest, which no blank line ended: clients drop it, and it may be cut anywhere. @returns null without a rest */
  end(): StreamUnit | null {
    if (this.#before === null) return null;
    const unit = this.#unit(NOTHING, '\n\n');
    return unit.event === null ? unit : { ...unit, event: { ...unit.event, whole: false } };
  }

  #unit(last: Uint8Array, ending = ''): StreamUnit {
    const bytes = this.#before === null ? last : joined(this.#before, last);
    this.#before = null;
    this.#open = 0;
    this.#unitEmpty = true;
    this.#event = null;
    // A unit is whole lines, so that no character is cut; its line ends are told apart here, since the parser would wait
    // for what follows a CR.
    const text = this.#decoder.decode(bytes).replace(/\r\n?/g, '\n');
    this.#parser.feed(text + ending);
    const event = this.#event as SseEvent | null;
    const beside = this.#beside.read(text);
    return beside === null ? { bytes, event } : { bytes, event, beside };
  }
}

/** Bounded by whoever looks at `open`. */
function newTap(): Tap {
  return new Tap(Number.MAX_SAFE_INTEGER, new CopyBudget(Number.MAX_SAFE_INTEGER));
}

function joined(before: Tap, last: Uint8Array): Uint8Array {
  if (last.length > 0) before.push(last);
  return before.capture(NO_META).bytes;
}
