/** How many of something everybody has at one time: a bound for all, and a smaller one for each person. */

export interface ShareLimits {
  readonly each: number;
  readonly all: number;
}

export class Shares {
  readonly #limits: ShareLimits;
  readonly #held = new Map<string, number>();
  #all = 0;

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  /** @returns what gives it back, to be called once; which bound is reached when there is none */
  take(person: string): (() => void) | 'each' | 'all' {
    const held = this.#held.get(person) ?? 0;
    if (held >= this.#limits.each) return 'each';
    if (this.#all >= this.#limits.all) return 'all';
    this.#held.set(person, held + 1);
    this.#all += 1;
    return () => this.#giveBack(person);
  }

  #giveBack(person: string): void {
    const left = (this.#held.get(person) ?? 0) - 1;
    if (left > 0) this.#held.set(person, left);
    else this.#held.delete(person);
    this.#all -= 1;
  }
}
