/**
 * What was judged, one JSON object a line, appended as it comes: a run that ends early loses nothing, and another goes on
 * where it stopped. Read line by line, so that its size does not matter.
 */

import { appendFileSync, closeSync, openSync, readSync, truncateSync } from 'node:fs';
import { CommandError } from '../command.ts';

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Where it stands in the file, in bytes. */
  readonly place: Place;
  /** undefined for what is no JSON. */
  readonly value: unknown;
}

export interface Place {
  readonly offset: number;
  readonly length: number;
}

const CHUNK = 64 * 1_024;
const NEWLINE = 10;
const BRACE = 0x7b;

/**
 * Lines of a file, none when it is not there. When all were read, the file ends with a whole line: a torn one, which a
 * killed process leaves behind, is cut off.
 * @throws {CommandError} when it cannot be read
 */
export function* readLines(path: string): Generator<Line> {
  const file = openForLines(path);
  if (file === null) return;
  let [number, offset] = [0, 0];
  let rest: Buffer = Buffer.alloc(0);
  try {
    for (;;) {
      const chunk = Buffer.alloc(CHUNK);
      const read = readSync(file, chunk);
      if (read === 0) break;
      rest = Buffer.concat([rest, chunk.subarray(0, read)]);
      for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
        number += 1;
        if (end > 0) yield { number, place: { offset, length: end }, value: parsed(rest.toString('utf8', 0, end)) };
        offset += end + 1;
        rest = rest.subarray(end + 1);
      }
    }
  } finally {
    closeSync(file);
  }
  if (rest.length === 0) return;
  const value = parsed(rest.toString('utf8'));
  // Only what can be the beginning of an object is ours to cut: the rest is a file of something else.
  if (value === undefined && rest[0] === BRACE) return truncateSync(path, offset);
  yield { number: number + 1, place: { offset, length: rest.length }, value };
  appendFileSync(path, '\n');
}

function openForLines(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new CommandError(`${path} cannot be read (${code ?? 'unknown'}).`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Appends values, each written before `append` returns, and reads lines again. Made with rights for its owner alone. */
export class LineFile<T> {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a+', 0o600);
  }

  append(value: T): void {
    appendFileSync(this.#file, `${JSON.stringify(value)}\n`);
  }

  /** The value of a line that `readLines` gave. */
  read({ offset, length }: Place): unknown {
    const bytes = Buffer.alloc(length);
    readSync(this.#file, bytes, 0, length, offset);
    return parsed(bytes.toString('utf8'));
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

/** A place that cannot be made or a disk that is full is the user's to mend; all else is a defect of ours. */
export function asUnwritable(error: unknown, place: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return syscall === undefined ? error : new CommandError(`${place} cannot be written (${code ?? syscall}).`);
}
