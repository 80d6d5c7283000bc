/** Parts that the silence is counted in. */
const PARTS = 4;

/**
 * A timer that starts over with each sign of life, which costs a write to a field.
 *
 * It counts parts of the silence instead of waiting once for the whole: a process that stood still (a busy machine, a
 * virtual machine that was paused) comes back to all timers that are due before it reads what has come meanwhile, and
 * would give up peers that were never silent (measured: a stall of 300 ms on a loaded machine cut a lively stream whose
 * limit was 300 ms). A stall is one part at most, and between two parts the event loop reads.
 */
export class IdleTimer {
  readonly #partMs: number;
  readonly #fellSilent: () => void;
  #timer: NodeJS.Timeout | null = null;
  #silentParts = 0;

  /** @param ms silence after which `fellSilent` is called, once; it may be a quarter more */
  constructor(ms: number, fellSilent: () => void) {
    this.#partMs = Math.ceil(ms / PARTS);
    this.#fellSilent = fellSilent;
  }

  /** Starts, or starts over. */
  start(): void {
    this.#silentParts = 0;
    if (this.#timer === null) this.#timer = setTimeout(() => this.#partOver(), this.#partMs);
    else this.#timer.refresh();
  }

  /** A sign of life. Does nothing while the timer is stopped. */
  touch(): void {
    this.#silentParts = -1; // the part that runs was not silent
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #partOver(): void {
    this.#silentParts += 1;
    if (this.#silentParts >= PARTS) this.#fellSilent();
    else this.#timer?.refresh();
  }
}
