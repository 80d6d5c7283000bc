/**
 * What rules found in texts that they read before. A conversation sends its whole history with every request, and an
 * application its system prompt: what rules find in a text depends on the text alone, so it is looked up by its SHA-256.
 * Neither text nor secret is kept, only where findings stand.
 */

import { hash } from 'node:crypto';
import type { Budget, RuleName, RuleScan } from './rule.ts';

/** Texts: some ten MiB at most. */
const MOST_TEXTS = 20_000;
/** Texts with more findings are read anew. */
const MOST_FINDINGS = 20;
/** Reading a shorter text costs no more than its hash. */
const SHORTEST = 64;

/** `joints`: what stands between texts. `decoded`: whether anything in a text says something else when it is decoded. */
type Reading = RuleName | 'joints' | 'decoded';

export class ScanCache {
  readonly #most: number;
  /** Oldest first. */
  readonly #texts = new Map<string, Map<Reading, RuleScan>>();

  constructor(most = MOST_TEXTS) {
    this.#most = most;
  }

  /** Texts that are known. */
  get size(): number {
    return this.#texts.size;
  }

  /**
   * What `read` finds in a text, or found before.
   * @param key `keyOf` the text, null for one that is always read
   * @param budget of the reading: one that it cut short is not kept
   */
  scan(key: string | null, reading: Reading, budget: Budget, read: () => RuleScan): RuleScan {
    if (key === null) return read();
    const known = this.#texts.get(key)?.get(reading);
    if (known !== undefined) return known;
    const scan = read();
    if (!budget.spent && scan.findings.length <= MOST_FINDINGS) this.#keep(key, reading, scan);
    return scan;
  }

  #keep(key: string, reading: Reading, scan: RuleScan): void {
    const scans = this.#texts.get(key);
    if (scans !== undefined) {
      scans.set(reading, scan);
      return;
    }
    this.#texts.set(key, new Map([[reading, scan]]));
    if (this.#texts.size <= this.#most) return;
    for (const oldest of this.#texts.keys()) {
      this.#texts.delete(oldest);
      return;
    }
  }
}

/** Key of a text, null for one that is not looked up. The hash is over UTF-8, which has no lone surrogates. */
export function keyOf(text: string): string | null {
  return text.length < SHORTEST || !text.isWellFormed() ? null : hash('sha256', text, 'base64');
}
