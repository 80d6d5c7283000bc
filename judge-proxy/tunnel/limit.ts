/** How many tunnels may be open. Apart from the limit on requests: a tunnel costs memory while nothing is asked. */

export class TunnelLimit {
  readonly #max: number;
  #open = 0;
  #idle: (() => void)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** Tunnels open now. */
  get open(): number {
    return this.#open;
  }

  /**
   * Takes a place.
   * @returns the function that gives it back, which may be called more than once; undefined when all are taken
   */
  acquire(): (() => void) | undefined {
    if (this.#open >= this.#max) return undefined;
    this.#open += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#open -= 1;
      if (this.#open === 0) for (const resolve of this.#idle.splice(0)) resolve();
    };
  }

  /** Resolves when no tunnel is open. */
  async idle(): Promise<void> {
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle.push(resolve);
    });
  }
}
