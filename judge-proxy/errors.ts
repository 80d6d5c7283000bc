/**
 * The one table of errors. A code is API: clients, logs, metrics and tests match codes, never text.
 * `message` is fixed text that may be shown to anyone: no address, no origin text, no stack.
 * Documented in docs/errors.md, which is generated from this table.
 */

export interface ErrorEntry {
  /** HTTP status of the refusal. */
  readonly status: number;
  /** Fixed text for the client. */
  readonly message: string;
  /** What the reader of the error can do about it. */
  readonly remedy: string;
  /** Level of the log line that records it. */
  readonly level: 'debug' | 'info' | 'warn' | 'error';
}

export const ERRORS = {
  bad_authority: {
    status: 400,
    message: 'The target of the request is not a valid host and port.',
    remedy: 'Send CONNECT host:port, or an absolute http:// URL.',
    level: 'info',
  },
  bad_request: {
    status: 400,
    message: 'The request is not valid HTTP for a proxy.',
    remedy: 'Send CONNECT host:port, or an absolute http:// URL.',
    level: 'info',
  },
  ambiguous_framing: {
    status: 400,
    message: 'The length of the request body is ambiguous.',
    remedy: 'Send one Content-Length, or Transfer-Encoding: chunked and nothing else (RFC 9112 §6.3).',
    level: 'warn',
  },
  header_too_large: {
    status: 431,
    message: 'The header block is too large.',
    remedy: 'Send fewer or shorter headers, or raise limits.header_block.',
    level: 'info',
  },
  header_timeout: {
    status: 408,
    message: 'The request headers did not arrive in time.',
    remedy: 'Send the headers at once, or raise limits.headers.',
    level: 'info',
  },
  request_timeout: {
    status: 408,
    message: 'The request body did not arrive in time.',
    remedy: 'Send the body without long pauses, or raise limits.origin_idle.',
    level: 'info',
  },
  proxy_loop: {
    status: 508,
    message: 'The request came back to this proxy.',
    remedy: 'Do not name the proxy itself as the target, and do not chain two proxies to each other.',
    level: 'warn',
  },
  route_denied: {
    status: 403,
    message: 'Policy denies this host.',
    remedy: 'Ask whoever owns the routes of the proxy to allow it.',
    level: 'info',
  },
  no_route: {
    status: 403,
    message: 'No route allows this host.',
    remedy: 'Add a route for the host and port to the configuration.',
    level: 'info',
  },
  address_denied: {
    status: 403,
    message: 'The host resolves to an address that may not be reached through this proxy.',
    remedy: 'If the address is wanted, list it in upstream.allow_addresses.',
    level: 'warn',
  },
  client_unknown: {
    status: 403,
    message: 'The connection carries no identity that this proxy accepts.',
    remedy: "Connect through Envoy, which holds the proxy chain's client certificate.",
    level: 'warn',
  },
  name_mismatch: {
    status: 421,
    message: 'The request names another host than the tunnel was opened for.',
    remedy: 'Open a tunnel for that host.',
    level: 'warn',
  },
  dns_failed: {
    status: 502,
    message: 'The host name could not be resolved.',
    remedy: 'Check the name, and the DNS servers of the proxy.',
    level: 'warn',
  },
  connect_failed: {
    status: 502,
    message: 'The origin could not be reached.',
    remedy: 'Check that the origin is up and that the proxy may reach it.',
    level: 'warn',
  },
  connect_timeout: {
    status: 504,
    message: 'The origin did not accept a connection in time.',
    remedy: 'Check that the origin is up, or raise limits.connect.',
    level: 'warn',
  },
  origin_certificate: {
    status: 502,
    message: 'The certificate of the origin is not trusted.',
    remedy: 'Mend the certificate of the origin, or add its CA to upstream.ca_files.',
    level: 'warn',
  },
  origin_protocol: {
    status: 502,
    message: 'The origin answered with something that is not valid HTTP.',
    remedy: 'Look at the origin; the reason field narrows it down.',
    level: 'warn',
  },
  origin_reset: {
    status: 502,
    message: 'The origin closed the connection before its answer was complete.',
    remedy: 'Repeat the request if it is safe to repeat.',
    level: 'warn',
  },
  origin_timeout: {
    status: 504,
    message: 'The origin did not answer in time.',
    remedy: 'Repeat later, or raise limits.origin_headers or limits.origin_idle.',
    level: 'warn',
  },
  too_many_tunnels: {
    status: 503,
    message: 'The proxy holds as many tunnels as it may.',
    remedy: 'Repeat later, or raise limits.tunnels.',
    level: 'warn',
  },
  too_many_exchanges: {
    status: 503,
    message: 'The proxy handles as many requests as it may.',
    remedy: 'Repeat later, or raise limits.exchanges.',
    level: 'warn',
  },
  upgrade_refused: {
    status: 501,
    message: 'A WebSocket can be opened inside a tunnel only, over HTTP/1.1.',
    remedy: 'Connect with wss:// through CONNECT, or use plain HTTP requests with this host.',
    level: 'info',
  },
  blocked_by_judge: {
    status: 403,
    message: 'The judge found a violation of policy.',
    remedy: 'Look the request id up in the review of the proxy. Status and text are set by the block of the route.',
    level: 'warn',
  },
  judge_unavailable: {
    status: 403,
    message: 'The judge gave no verdict, and the route lets nothing pass without one.',
    remedy: 'Look at the state of the verdict and mend the judge, or set on_judge_failure of the route.',
    level: 'warn',
  },
  ledger_unavailable: {
    status: 503,
    message: 'The request could not be recorded, so it was not sent.',
    remedy: 'Check the ledger of the proxy: disk space, permissions, log.',
    level: 'error',
  },
  shutting_down: {
    status: 503,
    message: 'The proxy is shutting down.',
    remedy: 'Repeat in a few seconds.',
    level: 'info',
  },
  internal: {
    status: 500,
    message: 'The proxy failed.',
    remedy: 'Look for the request id in the log of the proxy and report it.',
    level: 'error',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** Codes after which a client may sensibly repeat the request soon: they carry Retry-After. */
const RETRY_LATER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'too_many_tunnels',
  'too_many_exchanges',
  'ledger_unavailable',
  'shutting_down',
]);

/** An error with a code of the table. `reason` is a short word of a closed or vetted set, safe to show. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code: ErrorCode;
  readonly reason: string | undefined;

  constructor(code: ErrorCode, options: { reason?: string; cause?: unknown } = {}) {
    super(ERRORS[code].message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.reason = options.reason;
  }
}

/** Who and what a refusal is about: the ids and names that its body shows. */
export interface RefusalContext {
  readonly requestId: string;
  /** Name of the route that decided, if one matched. */
  readonly route?: string | undefined;
}

export interface Refusal {
  readonly status: number;
  /** Flat name/value list for `writeHead`. */
  readonly headers: readonly string[];
  readonly body: string;
}

/**
 * The HTTP answer for an error. All four fields of OpenAI's `ErrorResponse` are there, so that SDKs print it.
 * @param error the error with its code
 * @param context request id and route name to show
 */
export function refusal(error: ProxyError, context: RefusalContext): Refusal {
  const entry: ErrorEntry = ERRORS[error.code];
  const body = JSON.stringify({
    error: {
      code: error.code,
      message: entry.message,
      type: 'judge_proxy_error',
      param: null,
      request_id: context.requestId,
      ...(context.route === undefined ? {} : { route: context.route }),
      ...(error.reason === undefined ? {} : { reason: error.reason }),
    },
  });
  const headers = [
    'content-type',
    'application/json',
    'content-length',
    String(Buffer.byteLength(body)),
    'x-judge-code',
    error.code,
    'x-judge-request-id',
    context.requestId,
    ...(RETRY_LATER.has(error.code) ? ['retry-after', '1'] : []),
  ];
  return { status: entry.status, headers, body };
}
