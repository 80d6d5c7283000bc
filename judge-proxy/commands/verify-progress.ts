/** How far a check is, when it takes longer than a second: a bar on a terminal, a line at every tenth elsewhere. */

import type { Clock } from '../telemetry/clock.ts';
import type { CommandIo } from './command.ts';

export interface VerifyProgress {
  readonly step: (done: number, total: number) => void;
  /** Ends the bar's line. */
  end(): void;
}

const SILENT_MS = 1_000;
const REDRAW_MS = 100;
const BAR = 30;

export function createVerifyProgress(stream: CommandIo['stderr'], clock: Clock): VerifyProgress {
  const started = clock.monotonic();
  let drawn: number | null = null;
  let tenth = 0;
  const text = (done: number, total: number): string => {
    const seconds = ((clock.monotonic() - started) / 1_000 / done) * (total - done);
    return `${done} of ${total} records, ${Math.ceil(seconds)} s left`;
  };
  const bar = (done: number, total: number): void => {
    if (clock.monotonic() - (drawn ?? 0) < REDRAW_MS) return;
    drawn = clock.monotonic();
    const full = Math.min(BAR, Math.round((done / total) * BAR));
    // Carriage return, then erase to the end of the line (ECMA-48 EL).
    stream.write(`\r[${'█'.repeat(full)}${'·'.repeat(BAR - full)}] ${text(done, total)}\u001b[K`);
  };
  const line = (done: number, total: number): void => {
    if (Math.floor((done * 10) / total) <= tenth) return;
    tenth = Math.floor((done * 10) / total);
    stream.write(`${text(done, total)}\n`);
  };
  return {
    step(done, total) {
      if (clock.monotonic() - started < SILENT_MS) return;
      if (stream.isTTY === true) bar(done, total);
      else line(done, total);
    },
    end() {
      if (drawn !== null) stream.write('\r\u001b[K');
    },
  };
}
