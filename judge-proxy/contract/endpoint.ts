/** What an endpoint of the admin API is, as data: the server, its description, its tests and the console read the same. */

import { z } from 'zod';
import type { Permission } from './roles.ts';

/**
 * `json`; `events`: server-sent events, each with a `response` as data; `file`: bytes of a type of its own; `redirect`: a
 * browser goes elsewhere.
 */
export type AnswerKind = 'json' | 'events' | 'file' | 'redirect';

export interface Endpoint<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Response extends z.ZodType = z.ZodType,
  Kind extends AnswerKind = AnswerKind,
> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Parameters as `:name`. */
  readonly path: `/${string}`;
  /** `public`: nobody has to be known. `session`: any user who is signed in, but no token. */
  readonly permission: Permission | 'public' | 'session';
  /** Needed beside it, where the answer tells of what has a permission of its own. */
  readonly also?: Permission;
  readonly summary: string;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly response: Response;
  readonly answer: Kind;
  /** Status of success: 200, 201 for what was made, 202 for what goes on, 204 without a body, 303 for a redirect. */
  readonly status: 200 | 201 | 202 | 204 | 303;
}

export const nothing = z.strictObject({});
type Nothing = typeof nothing;

type Given<
  P extends z.ZodType,
  Q extends z.ZodType,
  B extends z.ZodType,
  R extends z.ZodType,
  K extends AnswerKind,
> = Pick<Endpoint<P, Q, B, R, K>, 'method' | 'path' | 'permission' | 'summary' | 'response'> &
  Partial<Pick<Endpoint<P, Q, B, R, K>, 'also' | 'params' | 'query' | 'body' | 'answer' | 'status'>>;

/** Fills in what most endpoints do not have. */
export function endpoint<
  R extends z.ZodType,
  P extends z.ZodType = Nothing,
  Q extends z.ZodType = Nothing,
  B extends z.ZodType = Nothing,
  K extends AnswerKind = 'json',
>(given: Given<P, Q, B, R, K>): Endpoint<P, Q, B, R, K> {
  return {
    params: nothing as unknown as P,
    query: nothing as unknown as Q,
    body: nothing as unknown as B,
    answer: 'json' as K,
    status: 200,
    ...given,
  };
}
