/**
 * Where the body of a request ends, decided more strictly than llhttp does. Node 26 refuses most ambiguous framings by
 * itself; it lets these through, and each is a way to make two parsers disagree (request smuggling):
 * `Transfer-Encoding: gzip, chunked`, transfer codings on HTTP/1.0, a second Host, and HTTP/0.9, a request line with
 * neither version nor headers.
 */

import { ProxyError } from '../errors.ts';

export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'stream' };

/** What framing is decided on. `rawHeaders` as Node gives them: names and values in turn, as on the wire. */
export interface RequestHead {
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  readonly rawHeaders: readonly string[];
  /** HTTP/2: the HEADERS frame ended the stream. HTTP/1: not known before, false. */
  readonly endedWithHead: boolean;
}

const NONE: BodyFraming = { kind: 'none' };
const STREAM: BodyFraming = { kind: 'stream' };

/**
 * @returns how the body ends, or the refusal: `ambiguous_framing` (RFC 9112 §6.3), `bad_request` for a repeated Host
 * (RFC 9112 §3.2) and for HTTP/0.9
 */
export function bodyFraming(head: RequestHead): BodyFraming | ProxyError {
  const { rawHeaders } = head;
  if (head.httpVersionMajor === 0) return new ProxyError('bad_request', { reason: 'http_version' });
  let length: string | undefined;
  let coding: string | undefined;
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    // By length first: most names are none of the three.
    if (name.length === 4 && name.toLowerCase() === 'host') {
      hosts += 1;
    } else if (name.length === 14 && name.toLowerCase() === 'content-length') {
      if (length !== undefined) return ambiguous('content_length_repeated');
      length = rawHeaders[i + 1] ?? '';
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (coding !== undefined) return ambiguous('transfer_encoding_repeated');
      coding = rawHeaders[i + 1] ?? '';
    }
  }
  if (hosts > 1) return new ProxyError('bad_request', { reason: 'host_repeated' });
  if (coding !== undefined) return codedFraming(head, coding, length);
  if (length !== undefined) return lengthFraming(length);
  // HTTP/2 needs neither header: the stream's end is the body's (RFC 9113 §8.1). HTTP/1 without both has no body.
  return head.httpVersionMajor === 2 && !head.endedWithHead ? STREAM : NONE;
}

function codedFraming(head: RequestHead, coding: string, length: string | undefined): BodyFraming | ProxyError {
  if (length !== undefined) return ambiguous('both_lengths');
  // RFC 9112 §6.1: transfer codings on HTTP/1.0 are faulty framing. HTTP/2 has none (RFC 9113 §8.2.2).
  if (head.httpVersionMajor !== 1 || head.httpVersionMinor !== 1) return ambiguous('transfer_encoding_version');
  // `gzip, chunked` is legal and would reach the origin without its coding being named: refused.
  return coding.toLowerCase() === 'chunked' ? STREAM : ambiguous('transfer_encoding');
}

function lengthFraming(length: string): BodyFraming | ProxyError {
  const bytes = /^[0-9]{1,15}$/.test(length) ? Number(length) : Number.NaN;
  if (!Number.isSafeInteger(bytes)) return ambiguous('content_length');
  return bytes === 0 ? NONE : { kind: 'length', bytes };
}

function ambiguous(reason: string): ProxyError {
  return new ProxyError('ambiguous_framing', { reason });
}

/**
 * HTTP/1 connections on which it is in doubt where the next request begins. Node parses all that one read brought, and
 * gives out what it takes for the next requests before the refusal of the first can close the connection (measured):
 * such a request, that nobody but llhttp saw, would be sent on.
 */
export class DoubtfulConnections {
  readonly #sockets = new WeakSet<object>();

  /**
   * Asked once for each request, as it comes.
   * @param response of a request that is answered as HTTP; its connection ends with it when what follows is in doubt
   * @returns false: it stands behind a doubtful one and must not be looked at
   */
  takes(
    request: Omit<RequestHead, 'endedWithHead'> & { readonly socket: object },
    response?: { shouldKeepAlive: boolean },
  ): boolean {
    const { socket, httpVersionMajor, httpVersionMinor, rawHeaders } = request;
    if (this.#sockets.has(socket)) return false;
    const framing = bodyFraming({ httpVersionMajor, httpVersionMinor, rawHeaders, endedWithHead: false });
    // The request itself is refused by whoever takes it, in the order of reasons that the caller has.
    if (framing instanceof ProxyError && framing.code === 'ambiguous_framing') this.#sockets.add(socket);
    // llhttp stops behind a request that asks for another protocol, and Node 26.10 drops the rest of that read when the
    // wish is declined (measured): a client that has sent more would wait for ever. Closed, it repeats (RFC 9112 §9.3.2).
    if (response !== undefined && asksForUpgrade(rawHeaders)) {
      this.#sockets.add(socket);
      response.shouldKeepAlive = false;
    }
    return true;
  }
}

function asksForUpgrade(rawHeaders: readonly string[]): boolean {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length === 7 && name.toLowerCase() === 'upgrade') return true;
  }
  return false;
}
