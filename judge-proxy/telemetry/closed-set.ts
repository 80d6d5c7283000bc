/** The word that stands for everything outside a closed set. */
const OTHER = 'other';

/**
 * The values that one metric label may take. Whatever traffic brings, a series outside the set cannot come into being:
 * labels that a client can choose would let it fill memory, and would show personal data.
 */
export class ClosedSet {
  readonly #values: ReadonlySet<string>;

  constructor(values: Iterable<string>) {
    this.#values = new Set(values);
  }

  /** The value itself, or `other`. */
  of(value: string): string {
    return this.#values.has(value) ? value : OTHER;
  }

  /** Every value that `of` can give. */
  get all(): readonly string[] {
    return [...new Set([...this.#values, OTHER])];
  }
}
