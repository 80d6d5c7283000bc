/** What undici reports for one exchange, as an error of ours. */

import { type ErrorCode, ProxyError } from '../errors.ts';
import { classifyOriginError } from '../upstream/errors.ts';

/** Failures that the client brought about: its exchange counts as given up by it, not as failed by the origin. */
const BY_CLIENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['request_timeout', 'bad_request']);

/** @param error what `onResponseError` was given */
export function exchangeError(error: Error): ProxyError {
  // undici 8.12 gives the errors of its parser no code (it looks names up in a table of numbers), only a name.
  if (error.name === 'HTTPParserError')
    return new ProxyError('origin_protocol', { reason: 'http_parser', cause: error });
  return classifyOriginError(error);
}

export function outcomeOf(error: ProxyError): 'client_aborted' | 'origin_failed' {
  return BY_CLIENT.has(error.code) ? 'client_aborted' : 'origin_failed';
}
