/**
 * Undoes the content coding of a body while it comes. What is decoded is bounded by whoever takes it: the decoder stops
 * when it is paused, so a bomb fills one buffer of each coding and no more.
 */

import type { Transform } from 'node:stream';
import { createDecoder, parseCodings } from './coding.ts';

export interface StreamDecoder {
  /** @returns false when it is behind: wait for `drained` */
  write(chunk: Uint8Array): boolean;
  /** No more comes. `over` is called when all of it is decoded. */
  end(): void;
  pause(): void;
  resume(): void;
  /** Frees it at once; nothing is called any more. May be called again. */
  close(): void;
}

export interface DecoderEvents {
  data(piece: Buffer): void;
  /** It can take more, after `write` returned false. */
  drained(): void;
  /** Once: `damaged` when the bytes are not what their coding says. */
  over(end: 'complete' | 'damaged'): void;
}

/** True when `createStreamDecoder` knows every coding of the header; one without any coding is readable, too. */
export function isReadableCoding(contentEncoding: string | null): boolean {
  return parseCodings(contentEncoding) !== null;
}

/** @returns null when the header names no coding; unknown ones are the caller's to sort out before */
export function createStreamDecoder(contentEncoding: string | null, events: DecoderEvents): StreamDecoder | null {
  const codings = parseCodings(contentEncoding) ?? [];
  return codings.length === 0 ? null : new Decoder(codings, events);
}

const NOTHING = new Uint8Array(0);

class Decoder implements StreamDecoder {
  readonly #codings: NonNullable<ReturnType<typeof parseCodings>>;
  readonly #events: DecoderEvents;
  /** First to last; made when the first bytes are there, since `deflate` is told by them. */
  #chain: readonly [Transform, ...Transform[]] | null = null;
  #paused = false;
  #over = false;

  constructor(codings: NonNullable<ReturnType<typeof parseCodings>>, events: DecoderEvents) {
    this.#codings = codings;
    this.#events = events;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#over || chunk.byteLength === 0) return true;
    this.#chain ??= this.#build(chunk);
    return this.#chain[0].write(chunk);
  }

  end(): void {
    if (this.#over) return;
    if (this.#chain === null) this.#finish('complete');
    else this.#chain[0].end();
  }

  pause(): void {
    this.#paused = true;
    this.#chain?.at(-1)?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#chain?.at(-1)?.resume();
  }

  close(): void {
    this.#over = true;
    for (const decoder of this.#chain ?? []) decoder.destroy();
  }

  #build(first: Uint8Array): readonly [Transform, ...Transform[]] {
    // Inside another coding `deflate` is taken by its standard: its first bytes are not there yet.
    const chain = this.#codings.map((coding, at) => createDecoder(coding, at === 0 ? first : NOTHING, false));
    const [head, ...rest] = chain;
    if (head === undefined) throw new Error('a decoder without a coding');
    let last = head;
    for (const decoder of chain) decoder.on('error', () => this.#finish('damaged'));
    for (const decoder of rest) last = last.pipe(decoder);
    head.on('drain', () => {
      if (!this.#over) this.#events.drained();
    });
    last.on('data', (piece: Buffer) => {
      if (!this.#over) this.#events.data(piece);
    });
    last.on('end', () => this.#finish('complete'));
    if (this.#paused) last.pause();
    return [head, ...rest];
  }

  #finish(end: 'complete' | 'damaged'): void {
    if (this.#over) return;
    this.close();
    this.#events.over(end);
  }
}
