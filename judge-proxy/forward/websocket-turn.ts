/** When a response may speak to the client: behind those that began before it on its lane. */

export class LaneTurn {
  #waiting: (() => void)[] | null = null;
  /** Resolves when everything before it is with the client. */
  readonly begun: Promise<void>;

  /**
   * @param before what it waits for; null: nothing
   * @param begun called when its turn has come, if it had to wait
   */
  constructor(before: Promise<void> | null, begun: () => void) {
    if (before === null) {
      this.begun = Promise.resolve();
      return;
    }
    this.#waiting = [];
    this.begun = before.then(() => {
      const waiting = this.#waiting ?? [];
      this.#waiting = null;
      for (const speak of waiting) speak();
      begun();
    });
  }

  get hasBegun(): boolean {
    return this.#waiting === null;
  }

  /** Now, or in order when the turn has come. */
  run(speak: () => void): void {
    if (this.#waiting === null) speak();
    else this.#waiting.push(speak);
  }
}
