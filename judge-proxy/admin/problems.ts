/** What can go wrong at the admin API: one closed table, answered as RFC 9457 problems. */

/** Code → status and fixed title. Details are texts of ours, never of the request or of another error. */
export const PROBLEMS = {
  invalid_request: [400, 'The request does not fit its schema.'],
  contradicting_credentials: [400, 'Session and token belong to different callers.'],
  not_signed_in: [401, 'Sign in, or send a token.'],
  wrong_credentials: [401, 'Name or password is wrong.'],
  password_must_change: [403, 'The password has to be changed first.'],
  not_permitted: [403, 'This caller may not do that.'],
  foreign_origin: [403, 'The request came from another site.'],
  csrf: [403, 'The x-csrf-token of this session is missing or wrong.'],
  foreign_host: [403, 'This host name is not one of ours.'],
  not_found: [404, 'There is no such thing.'],
  ambiguous_id: [409, 'Several things begin with that id.'],
  conflict: [409, 'It was changed meanwhile, or is there already.'],
  last_admin: [409, 'One administrator has to stay.'],
  erased: [410, 'All that was kept of it is erased.'],
  too_large: [413, 'The request is too large.'],
  unsupported_media_type: [415, 'Bodies are application/json.'],
  not_possible: [422, 'That cannot be done in this state.'],
  too_many_requests: [429, 'Too many attempts; wait.'],
  internal: [500, 'Something failed here; the log has the request id.'],
  ledger_unavailable: [503, 'The ledger cannot be written or read just now.'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof PROBLEMS;

export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly code: ProblemCode;
  readonly detail: string | undefined;
  readonly errors: readonly { readonly path: string; readonly message: string }[] | undefined;
  /** Seconds, of `too_many_requests` and `ledger_unavailable`. */
  readonly retryAfter: number | undefined;

  /** @param detail a sentence of ours that says more than the title */
  constructor(
    code: ProblemCode,
    detail?: string,
    errors?: readonly { readonly path: string; readonly message: string }[],
    retryAfter?: number,
  ) {
    super(detail ?? PROBLEMS[code][1]);
    this.code = code;
    this.detail = detail;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }
}
