/** What a request gives, against the schemas of its endpoint. */

import type { z } from 'zod';
import type { Endpoint } from '../../contract/endpoint.ts';
import { ApiProblem } from '../problems.ts';

export interface GivenParts {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** At most so many faults are told. */
const MOST_FAULTS = 20;

/** @throws {ApiProblem} `invalid_request` that names every field which does not fit; not_found for parameters */
export function parseGiven(endpoint: Endpoint, given: GivenParts): GivenParts {
  const params = endpoint.params.safeParse(given.params);
  // A path with an id that can be none names nothing.
  if (!params.success) throw new ApiProblem('not_found');
  const query = endpoint.query.safeParse(given.query);
  const body = endpoint.body.safeParse(given.body);
  if (query.success && body.success) return { params: params.data, query: query.data, body: body.data };
  throw new ApiProblem('invalid_request', undefined, [...faults('query', query), ...faults('body', body)]);
}

function faults(part: string, result: z.ZodSafeParseResult<unknown>): { path: string; message: string }[] {
  const issues = result.error?.issues ?? [];
  return issues.slice(0, MOST_FAULTS).map((issue) => ({
    path: [part, ...issue.path.map(String)].join('.').slice(0, 200),
    message: issue.message.slice(0, 500),
  }));
}
