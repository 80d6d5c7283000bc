/** Ids that stand in columns of a record, beside the text: what is secret in them is taken out at every level. */

import type { RequestIds } from '../exchange/capture.ts';
import type { Redactor, Token } from '../exchange/redact.ts';
import { type RunOptions, runRules } from './rules/run-rules.ts';

export class NameCleaner {
  readonly #redactor: Redactor;
  readonly #options: RunOptions;
  readonly #token: Token;

  constructor(redactor: Redactor, options: RunOptions, token: Token) {
    this.#redactor = redactor;
    this.#options = options;
    this.#token = token;
  }

  ids({ client, origin }: RequestIds): RequestIds {
    // One run for both: nearly always there is nothing to find.
    if (this.#typeOf(`${client ?? ''} ${origin ?? ''}`) === null) return { client, origin };
    return { client: this.#clean(client), origin: this.#clean(origin) };
  }

  /** A rule or a detector takes it for a secret, or it is one of this exchange. */
  isSecret(name: string): boolean {
    return this.#typeOf(name) !== null;
  }

  #clean(name: string | null): string | null {
    if (name === null) return null;
    const type = this.#typeOf(name);
    return type === null ? name : `[REDACTED:${type}:${this.#token(name)}]`;
  }

  #typeOf(name: string): string | null {
    const known = this.#redactor.find(name);
    if (known !== null) return known.type;
    // Without the cache: names are short, and hardly one comes again.
    const { cache: _, ...options } = this.#options;
    const { redactions, complete } = runRules([{ place: 'name', text: name, ofApplication: false }], {
      ...options,
      rules: [],
    });
    return redactions[0]?.type ?? (complete ? null : 'unread');
  }
}
