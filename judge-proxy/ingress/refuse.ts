/** Refusals on the wire: by response object, by HTTP/2 stream. */

import type { ServerResponse } from 'node:http';
import { Http2ServerResponse, type ServerHttp2Stream } from 'node:http2';
import type { Refusal } from '../errors.ts';
import type { ClientRequest, ClientResponse } from '../forward/forwarder.ts';
import { DISCARD_BYTES, LINGER_MS, linger } from '../forward/lingering-close.ts';

/** Answers a CONNECT stream. The length is said, or the client of an HTTP/1 hop in front gets it chunked (measured). */
export function refuseStream(stream: ServerHttp2Stream, refusal: Refusal): void {
  if (stream.destroyed || stream.closed || stream.headersSent) {
    stream.destroy();
    return;
  }
  const headers: Record<string, string | number> = { ':status': refusal.status };
  for (let i = 0; i < refusal.headers.length; i += 2) headers[refusal.headers[i] ?? ''] = refusal.headers[i + 1] ?? '';
  stream.respond(headers);
  stream.end(refusal.body);
  linger(stream);
}

/** Answers a request in absolute-form. */
export function refuseResponse(request: ClientRequest, response: ClientResponse, refusal: Refusal): void {
  if (response instanceof Http2ServerResponse) refuseStream(response.stream, refusal);
  else refuseHttp1(request, response, refusal);
}

/** The connection stays, unless a body is on its way: then the answer goes out at once and the body is read and dropped. */
function refuseHttp1(request: ClientRequest, response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  if (!announcesBody(request)) {
    response.writeHead(refusal.status, [...refusal.headers]);
    response.end(refusal.body);
    return;
  }
  response.writeHead(refusal.status, [...refusal.headers, 'connection', 'close']);
  response.write(refusal.body);
  const timer = setTimeout(() => response.end(), LINGER_MS);
  response.once('close', () => clearTimeout(timer));
  let dropped = 0;
  request.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > DISCARD_BYTES) request.pause();
  });
  request.once('end', () => response.end());
}

function announcesBody(request: ClientRequest): boolean {
  const length = request.headers['content-length'];
  return (length !== undefined && length !== '0') || request.headers['transfer-encoding'] !== undefined;
}
