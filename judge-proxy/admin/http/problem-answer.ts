/** Errors as answers: RFC 9457, with a code of a closed list, and never a text of somebody else. */

import type { FastifyError, FastifyReply } from 'fastify';
import type { Problem } from '../../contract/responses.ts';
import { ProxyError } from '../../errors.ts';
import { ConflictError, LedgerError, LookupError } from '../../ledger/ledger-error.ts';
import { BadCursorError } from '../../ledger/read-model/cursor.ts';
import { IndexUnavailableError } from '../../ledger/read-model/index-error.ts';
import type { Log } from '../../telemetry/log.ts';
import { ApiProblem, PROBLEMS, type ProblemCode } from '../problems.ts';

/** What `fastify` refuses itself, by its code. */
const OF_FASTIFY: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'too_large',
  FST_ERR_BAD_URL: 'not_found',
  FST_ERR_ASYNC_CONSTRAINT: 'not_found',
};

/** Seconds to wait when the ledger does not answer. */
const LEDGER_RETRY_S = 5;

export function sendProblem(reply: FastifyReply, problem: ApiProblem): FastifyReply {
  const [status, title] = PROBLEMS[problem.code];
  const body: Problem = {
    type: 'about:blank',
    title,
    status,
    code: problem.code,
    ...(problem.detail === undefined ? {} : { detail: problem.detail }),
    request_id: reply.request.id,
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
  };
  if (problem.retryAfter !== undefined) reply.header('retry-after', String(problem.retryAfter));
  if (problem.code === 'not_signed_in') reply.header('www-authenticate', 'Bearer');
  return reply.code(status).type('application/problem+json').send(JSON.stringify(body));
}

/** Any error as a problem. What nobody expected is logged: by its name and place, not by its text. */
export function asProblem(error: unknown, requestId: string, log: Log): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (error instanceof ConflictError) return new ApiProblem('conflict');
  if (error instanceof LookupError) return new ApiProblem('ambiguous_id');
  if (error instanceof BadCursorError) {
    return new ApiProblem('invalid_request', undefined, [{ path: 'query.cursor', message: 'is none of this list' }]);
  }
  if (error instanceof IndexUnavailableError) {
    return new ApiProblem('ledger_unavailable', 'Lists and search cannot be answered now.', undefined, LEDGER_RETRY_S);
  }
  if (error instanceof LedgerError || (error instanceof ProxyError && error.code === 'ledger_unavailable')) {
    return new ApiProblem('ledger_unavailable', undefined, undefined, LEDGER_RETRY_S);
  }
  const { code, statusCode = 500, name, stack } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : OF_FASTIFY[code];
  if (known !== undefined) return new ApiProblem(known);
  if (statusCode < 500) return new ApiProblem('invalid_request');
  log.write('error', 'admin_failed', {
    request_id: requestId,
    reason: name ?? 'unknown',
    ...(code === undefined ? {} : { cause: code }),
    ...placeOf(stack),
  });
  return new ApiProblem('internal');
}

/** Where it was thrown: the first line of the stack that is a place, which holds no text of the error. */
function placeOf(stack: string | undefined): { readonly file?: string } {
  const [, place] = /^ {4}at .*?([\w-]+\/[\w.-]+\.[jt]s:\d+)/m.exec(stack ?? '') ?? [];
  return place === undefined ? {} : { file: place };
}
