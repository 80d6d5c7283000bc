/** How far a run is: a bar that is redrawn on a terminal, a line at every tenth elsewhere. */

import type { Clock } from '../../telemetry/clock.ts';
import type { CommandIo } from '../command.ts';

export interface Progress {
  /** One more is judged. */
  step(failed: boolean): void;
  /** Ends the bar's line. */
  end(): void;
}

const BAR = 30;
/** Between two drawings of the bar, milliseconds. */
const REDRAW_MS = 100;

/** @param total of the whole run; @param done of them judged before */
export function createProgress(stream: CommandIo['stderr'], total: number, done: number, clock: Clock): Progress {
  const started = clock.monotonic();
  const counts = { done, failed: 0 };
  const left = (): string => {
    const judged = counts.done - done;
    if (judged === 0) return '';
    const seconds = ((clock.monotonic() - started) / 1_000 / judged) * (total - counts.done);
    return `, ${duration(seconds)} left`;
  };
  const text = () => {
    const failed = counts.failed === 0 ? '' : `, ${counts.failed} without an answer`;
    return `${counts.done} of ${total} judged${failed}`;
  };
  return stream.isTTY === true
    ? bar(stream, () => ({ share: counts.done / Math.max(1, total), text: `${text()}${left()}` }), counts, clock)
    : lines(stream, () => `${text()}${left()}`, counts, total);
}

type Counts = { done: number; failed: number };

function bar(
  stream: CommandIo['stderr'],
  state: () => { share: number; text: string },
  counts: Counts,
  clock: Clock,
): Progress {
  let drawn = Number.NEGATIVE_INFINITY;
  const draw = () => {
    const { share, text } = state();
    const full = Math.round(share * BAR);
    // Carriage return, then erase to the end of the line (ECMA-48 EL).
    stream.write(`\r[${'█'.repeat(full)}${'·'.repeat(BAR - full)}] ${text}\u001b[K`);
  };
  return {
    step(failed) {
      counts.done += 1;
      if (failed) counts.failed += 1;
      if (clock.monotonic() - drawn < REDRAW_MS) return;
      drawn = clock.monotonic();
      draw();
    },
    end() {
      draw();
      stream.write('\n');
    },
  };
}

function lines(stream: CommandIo['stderr'], text: () => string, counts: Counts, total: number): Progress {
  return {
    step(failed) {
      const before = Math.floor((counts.done * 10) / total);
      counts.done += 1;
      if (failed) counts.failed += 1;
      if (Math.floor((counts.done * 10) / total) > before) stream.write(`${text()}\n`);
    },
    end() {},
  };
}

/** `7 s`, `12:34`. */
function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** What takes its time before anything is judged, told from the first second on. */
export interface Counter {
  step(): void;
  end(): void;
}

const SILENT_MS = 1_000;

/** @param words after the number, as `exchanges read` */
export function createCounter(stream: CommandIo['stderr'], words: string, clock: Clock): Counter {
  const started = clock.monotonic();
  let [count, drawn] = [0, started + SILENT_MS - REDRAW_MS];
  return {
    step() {
      count += 1;
      if (stream.isTTY !== true || clock.monotonic() - drawn < REDRAW_MS) return;
      drawn = clock.monotonic();
      stream.write(`\r${count} ${words}\u001b[K`);
    },
    end() {
      if (drawn > started + SILENT_MS - REDRAW_MS) stream.write('\r\u001b[K');
    },
  };
}
