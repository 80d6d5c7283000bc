/**
 * Ids by which a request continues what the provider keeps. They are stored, and found again, as they are: so only what
 * has the form of such an id is taken for one, and a key or a name that a client puts there is not.
 */

export interface ProviderLinks {
  /** Id that the provider gave to this answer. */
  readonly response_id: string | null;
  /** The answer that this request continues. */
  readonly previous_response_id: string | null;
  readonly conversation_id: string | null;
  /** The turns before `previous_response_id` are all that is missing: no conversation, template, file or item is. */
  readonly only_previous: boolean;
}

/** `resp_` and `conv_` as OpenAI and its gateways write them (up to 200 characters), and UUIDs as xAI does. */
const PROVIDER_ID = /^(?:(?:resp|conv)_[A-Za-z0-9_=.-]{1,240}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** @returns the id, null when it has another form */
export function providerId(text: string | null): string | null {
  return text !== null && PROVIDER_ID.test(text) ? text : null;
}
