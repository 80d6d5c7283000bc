/** A sign-in that ends: a word of the closed list, never one of the provider. */

import type { OidcRefusal } from '../../contract/sign-in.ts';

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: OidcRefusal;
  /** A code of the library or of errors.ts, for the log. */
  readonly reason: string | undefined;

  constructor(code: OidcRefusal, reason?: string) {
    super(code);
    this.code = code;
    this.reason = reason;
  }
}
