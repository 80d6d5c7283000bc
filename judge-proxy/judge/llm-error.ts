/** Classes of an LLM provider's errors, by status and code words; never by free text. */

import type { LlmError } from '../ledger/records.ts';

type ErrorClass = LlmError['class'];

/** Code and type words that providers use, where the status says less or is a 200 of a stream. */
const BY_WORD: ReadonlyMap<string, ErrorClass> = new Map([
  ['insufficient_quota', 'quota'],
  ['billing_hard_limit_reached', 'quota'],
  ['billing_not_active', 'quota'],
  ['quota_exceeded', 'quota'],
  ['billing_error', 'quota'],
  ['rate_limit_exceeded', 'rate_limit'],
  ['rate_limit_error', 'rate_limit'],
  ['tokens', 'rate_limit'],
  ['requests', 'rate_limit'],
  ['invalid_api_key', 'auth'],
  ['authentication_error', 'auth'],
  ['permission_error', 'auth'],
  ['server_error', 'transient'],
  ['internal_error', 'transient'],
  ['internal_server_error', 'transient'],
  ['api_error', 'transient'],
  ['overloaded_error', 'transient'],
  ['timeout', 'transient'],
  ['timeout_error', 'transient'],
  ['service_unavailable', 'transient'],
]);

/**
 * @param status of the answer, null when there was none
 * @param words code first, then type: the first that is known decides before the status does
 */
export function classifyLlmError(status: number | null, words: readonly (string | null)[]): ErrorClass {
  const known = words
    .map((word) => (word === null ? undefined : BY_WORD.get(word)))
    .find((found) => found !== undefined);
  if (known === 'quota') return 'quota';
  return (status === null || status < 400 ? undefined : byStatus(status)) ?? known ?? 'permanent';
}

/** Undefined where the status says too little: 400 and the rest of 4xx are permanent unless a word says otherwise. */
function byStatus(status: number): ErrorClass | undefined {
  if (status === 429) return 'rate_limit';
  if (status === 402) return 'quota';
  if (status === 401 || status === 403) return 'auth';
  if (status >= 500 || status === 408 || status === 409) return 'transient';
  return undefined;
}

/** A code word that may stand in a record: short, of word characters. Anything else is left out. */
export function codeWord(text: string | null | undefined): string | null {
  return typeof text === 'string' && /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(text) ? text : null;
}
