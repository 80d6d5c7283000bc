/**
 * What rules found in texts that they read before. A conversation sends its whole history with every request, and an
 * application its system prompt: what rules find in a text depends on the text alone, so it is looked up by its SHA-256.
 * Neither text nor secret is kept, only where findings stand.
 */

import { hash } from 'node:crypto';
import type { Budget, DetectorName, RuleScan } from './rule.ts';

/** Texts: some ten MiB at most. */
const MOST_TEXTS = 20_000;
/** Texts with more findings are read anew. */
const MOST_FINDINGS = 20;
/** Reading a shorter text costs no more than its hash. */
const SHORTEST = 64;

/** `decoded`: whether anything in a text says something else when it is decoded. */
type Reading = DetectorName | 'decoded';

/** What was found in one text, by who read it. */
type Known = { [reading in Reading]: RuleScan | null };

/**
 * Two generations: when the younger one is full the older one is dropped as a whole, and what is asked for in the older
 * one moves to the younger. So what is in use stays, and nothing is ever searched for the oldest entry: the first key of a
 * Map from which many were deleted takes 4 to 25 µs to find (measured, Node 26, 20,000 entries).
 */
export class ScanCache {
  readonly #half: number;
  #young = new Map<string, Known>();
  #old = new Map<string, Known>();

  constructor(most = MOST_TEXTS) {
    this.#half = Math.ceil(most / 2);
  }

  /** Texts that are known. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /**
   * What `read` finds in a text, or found before.
   * @param key `keyOf` the text, null for one that is always read
   * @param budget of the reading: one that it cut short is not kept
   */
  scan(key: string | null, reading: Reading, budget: Budget, read: () => RuleScan): RuleScan {
    if (key === null) return read();
    const known = this.#find(key);
    const before = known?.[reading] ?? null;
    if (before !== null) return before;
    const scan = read();
    if (!budget.spent && scan.findings.length <= MOST_FINDINGS) (known ?? this.#add(key, unread()))[reading] = scan;
    return scan;
  }

  #find(key: string): Known | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    return this.#add(key, old);
  }

  #add(key: string, known: Known): Known {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, known);
    return known;
  }
}

function unread(): Known {
  return { secrets: null, personal_data: null, judge_manipulation: null, operator_patterns: null, decoded: null };
}

/** Key of a text, null for one that is not looked up. The hash is over UTF-8, which has no lone surrogates. */
export function keyOf(text: string): string | null {
  return text.length < SHORTEST || !text.isWellFormed() ? null : hash('sha256', text, 'base64');
}
