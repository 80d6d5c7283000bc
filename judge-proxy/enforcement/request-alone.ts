/** A request that is judged before there is an answer: held before the origin sees it, or as the beginning of windows. */

import type { CapturedBody } from '../exchange/capture.ts';
import type { ExchangeEnd, ExchangeStart } from './recorder.ts';

const NO_BODY: CapturedBody = {
  bytes: new Uint8Array(0),
  total: 0,
  cut: null,
  ended: false,
  contentType: null,
  contentEncoding: null,
};

/**
 * An exchange that has nothing but its request so far, to be analysed with `requestOnly`.
 * @param request its bytes are copied: the analysis transfers what it is given, and the tap still needs its own
 */
export function requestAlone(request: CapturedBody, { clientRequestId = null }: ExchangeStart): ExchangeEnd {
  return {
    outcome: 'complete',
    errorCode: null,
    status: null,
    clientRequestId,
    originRequestId: null,
    request: { ...request, bytes: new Uint8Array(request.bytes) },
    response: NO_BODY,
    firstByteMs: null,
    durationMs: 0,
  };
}
