/**
 * Values of credential headers as sets of literals, made once for many exchanges: a client sends the same key with each
 * request, and a key has a dozen encoded forms. To make them anew took 16 µs an exchange (three values, Node 26).
 *
 * What is kept is secret: in the memory of the thread that reads the traffic, as long as it is in use, and bounded.
 */

import { encodedForms } from './encoded-forms.ts';
import type { KnownSecret } from './known-secret.ts';
import { LiteralSet } from './literals.ts';

/** Sets kept, in two generations: each of some ten KiB. */
const MOST_SETS = 256;
/** Secrets of a set that is kept, and their characters: more are made anew. */
const MOST_SECRETS = 6;
const MOST_CHARACTERS = 2_048;

export class KnownLiterals {
  readonly #half = MOST_SETS / 2;
  #young = new Map<string, LiteralSet<KnownSecret>>();
  #old = new Map<string, LiteralSet<KnownSecret>>();

  /** Sets that are kept. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /**
   * The secrets with their encoded forms. The set may belong to many: whoever adds to it takes a copy.
   * @param percents as `encodedForms` takes it
   * @returns null for more than is kept
   */
  of(secrets: readonly KnownSecret[], percents: boolean): LiteralSet<KnownSecret> | null {
    const key = keyOf(secrets, percents);
    if (key === null) return null;
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const set = this.#old.get(key) ?? literalsOf(secrets, percents);
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#old.delete(key);
    this.#young.set(key, set);
    return set;
  }
}

/** With the length of each value, so that no two lists have one key. */
function keyOf(secrets: readonly KnownSecret[], percents: boolean): string | null {
  if (secrets.length === 0 || secrets.length > MOST_SECRETS) return null;
  let key = percents ? '%' : '';
  for (const { text, type } of secrets) key += `\0${type} ${text.length} ${text}`;
  return key.length > MOST_CHARACTERS ? null : key;
}

function literalsOf(secrets: readonly KnownSecret[], percents: boolean): LiteralSet<KnownSecret> {
  const set = new LiteralSet<KnownSecret>();
  for (const secret of secrets) addForms(set, secret, percents);
  return set;
}

/** A secret as it is, and as it stands in what was encoded. */
export function addForms(set: LiteralSet<KnownSecret>, secret: KnownSecret, percents: boolean): void {
  set.add(secret.text, secret);
  for (const form of encodedForms(secret.text, percents)) set.add(form, secret);
}
