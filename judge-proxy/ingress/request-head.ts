/** The heads of both protocols in one shape. */

import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { RequestHead } from './target.ts';

export function http1Head(request: IncomingMessage): RequestHead {
  return {
    version: request.httpVersion === '1.0' ? '1.0' : '1.1',
    method: request.method ?? '',
    target: request.url ?? '',
    scheme: '',
    authority: '',
    protocol: '',
    rawHeaders: request.rawHeaders,
  };
}

/** Pseudo-headers apart from the others, among which they stand in `rawHeaders`. */
export function http2Head(request: Http2ServerRequest): RequestHead {
  const { headers } = request;
  const protocol = headers[':protocol'];
  return {
    version: '2',
    method: headers[':method'] ?? '',
    target: headers[':path'] ?? '',
    scheme: headers[':scheme'] ?? '',
    authority: headers[':authority'] ?? '',
    protocol: typeof protocol === 'string' ? protocol : '',
    rawHeaders: request.rawHeaders,
  };
}
