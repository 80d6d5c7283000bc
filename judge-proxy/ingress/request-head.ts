/** The heads of both protocols in one shape. */

import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { RequestHead } from './target.ts';

export function http1Head(request: IncomingMessage): RequestHead {
  return {
    version: version(request.httpVersion),
    method: request.method ?? '',
    target: request.url ?? '',
    scheme: '',
    authority: '',
    protocol: '',
    rawHeaders: request.rawHeaders,
  };
}

function version(httpVersion: string): '0.9' | '1.0' | '1.1' {
  return httpVersion === '0.9' || httpVersion === '1.0' ? httpVersion : '1.1';
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
