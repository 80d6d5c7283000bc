/** What a program sees of a block, in words that all SDKs share. */

import { BLOCK, type Case } from './cases.ts';

export interface Outcome {
  /** The SDK's own error class, null when it raised nothing. */
  readonly raised: string | null;
  readonly status: number | null;
  /** `code` of the error, or what stands for it. */
  readonly code: string | null;
  readonly message: string | null;
  /** Why the answer ended, null when it was not told. */
  readonly finish: readonly string[];
  /** Text of the refusal, where the format has a place for it. */
  readonly refusal: string | null;
}

/** Names of the error classes by status, as all four SDKs have them. */
const CLASSES: ReadonlyMap<number, string> = new Map([
  [400, 'BadRequestError'],
  [403, 'PermissionDeniedError'],
  [429, 'RateLimitError'],
  [500, 'InternalServerError'],
  [503, 'InternalServerError'],
]);

/** What an error before anything was sent is called. */
export function nameOf(one: Case): string | null {
  return CLASSES.get(one.status) ?? null;
}

const FINISH = { chat: 'content_filter', responses: 'incomplete content_filter', messages: 'refusal' } as const;

/** What is wrong with an outcome; empty when it is what its users would expect. */
export function faults(one: Case, seen: Outcome, requests: number): string[] {
  const found: string[] = [];
  const check = (what: string, is: unknown, should: readonly unknown[]) => {
    if (!should.includes(is)) found.push(`${what} is ${String(is)}, not ${should.join(' or ')}`);
  };
  check('requests', requests, [1]);
  if (one.style === 'error') {
    check('code', seen.code, [BLOCK.code]);
    if (seen.message === null || !seen.message.includes(BLOCK.message)) found.push(`message is ${seen.message}`);
    if (one.released === null) {
      check('status', seen.status, [one.status]);
      // anthropic-python alone has a class for 503.
      check('raised', seen.raised, [
        CLASSES.get(one.status),
        ...(one.status === 503 ? ['ServiceUnavailableError'] : []),
      ]);
    } else check('raised', seen.raised, ['APIError', 'APIStatusError']);
    return found;
  }
  // The helper of openai-python has an error of its own for exactly this reason.
  if (seen.raised === 'ContentFilterFinishReasonError' && one.api === 'chat') return found;
  check('raised', seen.raised, [null]);
  check('finish', seen.finish.at(-1), [FINISH[one.api]]);
  check('refusal', seen.refusal, [BLOCK.message]);
  return found;
}
