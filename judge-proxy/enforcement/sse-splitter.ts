/**
 * Cuts an event stream into its events as it comes, each with the bytes that brought it (WHATWG HTML §9.2): what is
 * delivered are those bytes, so comments, unknown fields, byte order mark and every kind of line end pass unchanged.
 */

import { createParser } from 'eventsource-parser';
import type { SseEvent } from '../apis/sse.ts';

/** What travels together: bytes that end where an event ends, and what they say. */
export interface StreamUnit {
  readonly bytes: Uint8Array;
  /** null: nothing that a client is told (comments, ids, blank lines). */
  readonly event: SseEvent | null;
}

const LF = 10;
const CR = 13;
const NOTHING = new Uint8Array(0);

export class SseSplitter {
  readonly #parser = createParser({
    onEvent: ({ event, data }) => {
      this.#event = { event: event ?? null, data, whole: true };
    },
  });
  readonly #decoder = new TextDecoder();
  #event: SseEvent | null = null;
  /** Of the unit that is open. */
  #pieces: Uint8Array[] = [];
  /** The line that is open has no byte yet. */
  #lineEmpty = true;
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
      if (!blank) continue;
      // The LF of a CRLF travels with its CR when it is there; when it is not, it opens the next unit and means nothing.
      if (byte === CR && chunk[at + 1] === LF) {
        at += 1;
        this.#afterCr = false;
      }
      units.push(this.#unit(chunk.subarray(start, at + 1)));
      start = at + 1;
    }
    if (start < chunk.length) {
      this.#pieces.push(chunk.subarray(start));
      this.#open += chunk.length - start;
    }
    return units;
  }

  /** The rest, which no blank line ended: clients drop it, and it may be cut anywhere. @returns null without a rest */
  end(): StreamUnit | null {
    if (this.#pieces.length === 0) return null;
    const { bytes, event } = this.#unit(NOTHING, '\n\n');
    return { bytes, event: event === null ? null : { ...event, whole: false } };
  }

  #unit(last: Uint8Array, ending = ''): StreamUnit {
    const bytes = this.#pieces.length === 0 ? last : Buffer.concat([...this.#pieces, last]);
    this.#pieces = [];
    this.#open = 0;
    this.#event = null;
    // A unit is whole lines, so that no character is cut; its line ends are told apart here, since the parser would wait
    // for what follows a CR.
    const text = this.#decoder.decode(bytes).replace(/\r\n?/g, '\n');
    this.#parser.feed(text + ending);
    const event = this.#event as SseEvent | null;
    return { bytes, event };
  }
}
