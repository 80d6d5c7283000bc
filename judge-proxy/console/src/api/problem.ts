import type { Problem } from '../../../contract/responses.ts';

/** What the server refused, as RFC 9457 tells it. `status` 0: it could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  /** For programs: one of the closed list of problem codes, `unreachable`, or `unexpected` for what is no problem+json. */
  readonly code: string;
  readonly title: string;
  readonly requestId: string | null;
  readonly errors: NonNullable<Problem['errors']>;
  /** Seconds after which another attempt makes sense, null where the server did not say. */
  readonly retryAfter: number | null;

  constructor(problem: Omit<Problem, 'request_id' | 'type'> & { request_id?: string }, retryAfter: number | null) {
    super(problem.detail ?? problem.title);
    this.name = 'ApiError';
    this.status = problem.status;
    this.code = problem.code;
    this.title = problem.title;
    this.requestId = problem.request_id ?? null;
    this.errors = problem.errors ?? [];
    this.retryAfter = retryAfter;
  }
}

/** Reads an answer of status 400 and above. */
export async function readProblem(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  const after = Number.isFinite(retryAfter) ? retryAfter : null;
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
  const problem: unknown = isProblem ? await response.json().catch(() => null) : null;
  if (isProblemShape(problem)) return new ApiError(problem, after);
  const title = `The server answered with status ${response.status}`;
  return new ApiError({ title, status: response.status, code: 'unexpected' }, after);
}

export function unreachable(): ApiError {
  const detail = 'Is the judge proxy running, and is this the address it listens on?';
  return new ApiError({ title: 'The server cannot be reached', status: 0, code: 'unreachable', detail }, null);
}

function isProblemShape(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'title' in value && 'code' in value && 'status' in value;
}
