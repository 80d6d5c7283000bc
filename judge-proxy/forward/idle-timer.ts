/** A timer that starts over with each sign of life. Cheap to touch: Node moves a refreshed timer without allocating. */
export class IdleTimer {
  readonly #ms: number;
  readonly #fellSilent: () => void;
  #timer: NodeJS.Timeout | null = null;

  /** @param ms silence after which `fellSilent` is called, once */
  constructor(ms: number, fellSilent: () => void) {
    this.#ms = ms;
    this.#fellSilent = fellSilent;
  }

  /** Starts, or starts over. */
  start(): void {
    if (this.#timer === null) this.#timer = setTimeout(this.#fellSilent, this.#ms);
    else this.#timer.refresh();
  }

  /** A sign of life. Does nothing while the timer is stopped. */
  touch(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
