/** The results of a replay command, kept in a file: what an earlier run left there is not asked for again. */

import { dirname } from 'node:path';
import { makeFolder } from '../../../certs-tool/make-folder.ts';
import { type After, ASK_AGAIN, lineSchema, type ReplayKey, type ReplayLine } from '../../replays/line.ts';
import { CommandError } from '../command.ts';
import { LineFile, type Place, readLines } from '../judging/line-file.ts';

/** The file of results: what an earlier run left there is found by key, and read from the file when it is wanted. */
export class ReplayFile {
  readonly #path: string;
  readonly #settled: ReadonlyMap<string, Place>;
  /** Opened, and made when it is not there, by the first line: a run that is not begun leaves nothing. */
  #file: LineFile<ReplayLine> | null = null;

  /** @throws {CommandError} when the file holds something else; it is left as it is */
  constructor(path: string) {
    this.#path = path;
    this.#settled = readSettled(path);
  }

  /** Whether there is an answer that need not be asked for again. */
  has(key: ReplayKey): boolean {
    return this.#settled.has(keyOf(key));
  }

  /** That answer, null when there is none. */
  after(key: ReplayKey): After | null {
    const place = this.#settled.get(keyOf(key));
    return place === undefined ? null : lineFrom(this.#open().read(place), this.#path).after;
  }

  append(line: ReplayLine): void {
    this.#open().append(line);
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
  }

  #open(): LineFile<ReplayLine> {
    if (this.#file === null) {
      makeFolder(dirname(this.#path));
      this.#file = new LineFile(this.#path);
    }
    return this.#file;
  }
}

/** The last line of a key counts. */
function readSettled(path: string): Map<string, Place> {
  const settled = new Map<string, Place>();
  for (const { number, place, value } of readLines(path)) {
    const line = lineFrom(value, `${path}:${number}`);
    if (line.after === null || ASK_AGAIN.has(line.after.state)) settled.delete(keyOf(line));
    else settled.set(keyOf(line), place);
  }
  return settled;
}

function lineFrom(value: unknown, at: string): ReplayLine {
  const parsed = lineSchema.safeParse(value);
  if (!parsed.success) throw new CommandError(`${at}: this is no result of a replay.`);
  return parsed.data;
}

function keyOf({ exchange_id, subject, judge, endpoint, small_endpoint, input_sha256, on_failure }: ReplayKey): string {
  return JSON.stringify([exchange_id, subject, judge, endpoint, small_endpoint, input_sha256, on_failure]);
}
