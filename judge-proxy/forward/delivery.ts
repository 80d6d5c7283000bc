/**
 * The response on its way to the client, on either HTTP version. Every chunk is written as it comes; only the end is
 * withheld until the exchange is recorded: with a Content-Length that is the last chunk, otherwise the end mark.
 */

import { constants, type Http2ServerResponse } from 'node:http2';
import type { WholeAnswer } from '../apis/block.ts';
import { ProxyError, type RefusalContext, refusal } from '../errors.ts';
import type { ClientResponse } from './forwarder.ts';
import { type ClientHead, withoutInvalidValues } from './headers.ts';

function isHttp2(response: ClientResponse): response is Http2ServerResponse {
  return 'stream' in response;
}

export class Delivery {
  readonly #response: ClientResponse;
  /** Bytes that Content-Length still promises, negative when the end is marked otherwise. */
  #remaining = -1;
  /** The chunk that completes the promised length. */
  #last: Uint8Array | null = null;
  #headWritten = false;

  constructor(response: ClientResponse) {
    this.#response = response;
  }

  /** The head is decided: a refusal is not possible any more. */
  get headWritten(): boolean {
    return this.#headWritten;
  }

  /** False for a status that cannot be passed on: Node writes none above 599 on HTTP/2; RFC 9110 §15 calls them invalid. */
  carries(status: number): boolean {
    return status <= 599 || !isHttp2(this.#response);
  }

  /**
   * Sets the head. It leaves with the first chunk, or by `flushHead`.
   * @throws {ProxyError} `origin_protocol` for a status that cannot be passed on; a refusal is still possible then
   */
  head(status: number, reason: string, head: ClientHead): void {
    const response = this.#response;
    if (!this.carries(status)) throw new ProxyError('origin_protocol', { reason: 'status' });
    this.#headWritten = true;
    this.#remaining = head.contentLength;
    if (isHttp2(response)) {
      response.sendDate = false;
      writeHead(
        () => response.writeHead(status, head.headers),
        () => response.writeHead(status, withoutInvalidValues(head.headers)),
      );
      return;
    }
    response.sendDate = false; // the origin's Date or none
    writeHead(
      () => response.writeHead(status, reason, head.headers),
      () => response.writeHead(status, '', withoutInvalidValues(head.headers)),
    );
  }

  /** Sends the head when no chunk has taken it along. */
  flushHead(): void {
    const response = this.#response;
    if (isHttp2(response)) return; // its HEADERS frame has gone out with `head`
    response.flushHeaders();
  }

  /** @returns false when the client is slower than the origin: wait for `drain` */
  chunk(chunk: Uint8Array): boolean {
    if (this.#remaining >= 0) {
      this.#remaining -= chunk.byteLength;
      if (this.#remaining <= 0) {
        this.#last = chunk;
        return true;
      }
    }
    const response = this.#response;
    return isHttp2(response) ? response.write(chunk) : response.write(chunk);
  }

  /** Runs `drained` when a client that was slower than the origin has caught up. Never, when it goes away before. */
  onceDrained(drained: () => void): void {
    this.#response.once('drain', drained);
  }

  /** Sends what was withheld. */
  finish(trailers: readonly [string, string][]): void {
    const response = this.#response;
    if (isHttp2(response)) {
      if (trailers.length > 0) response.addTrailers(Object.fromEntries(trailers));
      if (this.#last === null) response.end();
      else response.end(this.#last);
      return;
    }
    // Without chunked coding there is no place for them (RFC 9110 §6.5); Node ignores them then.
    if (trailers.length > 0) response.addTrailers(trailers);
    if (this.#last === null) response.end();
    else response.end(this.#last);
  }

  /** Ends in a way that the client must take for an error: never a clean end of half an answer. */
  cut(): void {
    const response = this.#response;
    if (isHttp2(response)) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else response.destroy();
  }

  /** The same, once these bytes are on their way. */
  cutAfter(bytes: Uint8Array): void {
    const response = this.#response;
    if (isHttp2(response)) response.write(bytes, () => this.cut());
    else response.write(bytes, () => this.cut());
  }

  /**
   * Ends an answer whose head is out with words of ours.
   * @param bytes null cuts it; so does a Content-Length, which leaves no room for more
   */
  tail(bytes: Uint8Array | null): void {
    if (bytes === null || this.#remaining >= 0) {
      this.cut();
      return;
    }
    const response = this.#response;
    if (isHttp2(response)) response.end(bytes);
    else response.end(bytes);
  }

  /**
   * Answers with something of ours in place of the origin's answer. Only before `head`.
   * @param requestId shown as `x-request-id`, where SDKs look for it
   */
  whole({ status, headers, body }: WholeAnswer, requestId: string): void {
    this.#headWritten = true;
    const response = this.#response;
    response.sendDate = false;
    const lines = [...headers, 'x-request-id', requestId];
    if (isHttp2(response)) {
      response.writeHead(status, lines);
      response.end(body);
      return;
    }
    response.writeHead(status, lines);
    response.end(body);
  }

  /** Answers with an error of ours. Only before `head`. */
  refuse(error: ProxyError, context: RefusalContext): void {
    this.#headWritten = true;
    const { status, headers, body } = refusal(error, context);
    const response = this.#response;
    response.sendDate = false;
    if (isHttp2(response)) {
      response.writeHead(status, [...headers]);
      response.end(body);
      return;
    }
    // What follows such a request may be anything: nothing more is read from this connection.
    const close = error.code === 'ambiguous_framing' ? ['connection', 'close'] : [];
    response.writeHead(status, [...headers, ...close]);
    response.end(body);
  }
}

/** Node throws on control characters in a value or in the reason phrase; hostile origins send them. */
function writeHead(asSent: () => void, cleaned: () => void): void {
  try {
    asSent();
  } catch {
    cleaned();
  }
}
