/** Asks before money is spent. */

import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { CommandIo } from '../command.ts';

/** @returns false for anything but yes, for the end of the input and for Ctrl-C */
export async function confirmed(question: string, { stdin, stderr, signal }: CommandIo): Promise<boolean> {
  if (stdin === undefined || signal.aborted) return false;
  stderr.write(question);
  // Not as a terminal: it would take Ctrl-C away from the process.
  const lines = createInterface({ input: stdin, terminal: false });
  try {
    const ended = once(lines, 'close', { signal }).then(() => '');
    const line = once(lines, 'line', { signal }).then(([text]) => String(text));
    const answer = await Promise.race([line, ended]).catch(() => '');
    ended.catch(() => undefined);
    line.catch(() => undefined);
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    lines.close();
  }
}
