/**
 * A file on its way. Whoever reads slowly reads for hours: a right that ends meanwhile breaks the download off, and so does
 * a reader that takes nothing, because there is room for few downloads at a time.
 */

import { Readable } from 'node:stream';
import { ApiProblem } from '../problems.ts';

const CHECK_MS = 15_000;
/** Checks in a row at which nothing had been taken: a minute, as nginx waits for a reader (send_timeout). */
const PATIENCE = 4;

export interface DownloadOptions {
  readonly body: AsyncIterable<string | Uint8Array>;
  /** Asked before each part and at each check. */
  readonly permitted: () => Promise<boolean>;
  /** Whether more is written than the reader took: else it is the body that is slow. */
  readonly waits: () => boolean;
}

/** @returns the parts of the body, which ends with the stream */
export function download({ body, permitted, waits }: DownloadOptions): Readable {
  let taken = 0;
  async function* parts() {
    for await (const part of body) {
      if (!(await permitted())) throw new ApiProblem('not_permitted');
      taken += 1;
      yield part;
    }
  }
  const stream = Readable.from(parts(), { objectMode: false });
  let [before, still] = [-1, 0];
  const check = async () => {
    if (!(await permitted().catch(() => false))) stream.destroy(new ApiProblem('not_permitted'));
    still = waits() && taken === before ? still + 1 : 0;
    before = taken;
    if (still >= PATIENCE) stream.destroy(new ApiProblem('not_possible', 'The reader took nothing for a minute.'));
  };
  const timer = setInterval(() => void check(), CHECK_MS).unref();
  stream.once('close', () => clearInterval(timer));
  return stream;
}
