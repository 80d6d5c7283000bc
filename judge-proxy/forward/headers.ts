/**
 * Headers on their way through. Three representations of the same thing meet here:
 *
 * 1. From the client, `rawHeaders`: a flat array of names and values, case, order and repeats as on the wire. The
 *    object form (`headers`) has lost all three and is not read. On HTTP/2 names are lower-case and pseudo-headers
 *    (`:path`) stand among them.
 * 2. To the origin: a flat array of strings again, given to undici's `dispatch`. undici takes `host` and
 *    `content-length` out and writes them itself, with `connection`, in lower case; the rest goes out as it stands.
 *    It throws on `transfer-encoding`, `keep-alive`, `upgrade` and `expect`, so these must be gone before.
 * 3. From the origin, `controller.rawHeaders`: a flat array of Buffers, one each for name and value. They become
 *    Latin-1 strings, which carry any byte, and go as a flat array into `writeHead`. undici's parsed object is not read.
 */

import { ProxyError } from '../errors.ts';
import type { SecretHeader } from '../exchange/known-secret.ts';
import type { Authority } from '../policy/types.ts';

/** Meant for one connection only (RFC 9110 §7.6.1), or for a proxy (§11.7). Never passed on, in either direction. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization', // Envoy leaves it in place
  'te', // without `Connection: TE`, which undici would not write, it may not stand (RFC 9110 §10.1.4)
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Request headers that are ours to answer or to write. */
const REQUEST_ONLY: ReadonlySet<string> = new Set([
  'host', // written from the authority
  'expect', // answered here
]);

/**
 * What `Connection` may not name: a client that lists `Authorization` there would have us strip it, and a request that
 * policy allowed with it would go out without (RFC 9110 §7.6.1 forbids listing end-to-end fields, and clients do).
 */
const PROTECTED = /^(?:host|authorization|cookie|set-cookie2?|via|date|cache-control|content-.*|x-judge-.*)$/;

/** Written by our own Envoy on plain HTTP requests; inside a tunnel they are the client's and pass. */
const FROM_ENVOY = /^(?:x-judge-|x-envoy-|x-forwarded-|x-request-id$)/;

export interface RequestPassage {
  /** Value of Host towards the origin: the authority, the default port left out. */
  readonly host: string;
  /** Our name in Via. */
  readonly via: string;
  /** Version that the request came with, as Via writes it: `1.1`, `2`. */
  readonly version: string;
  /** Inside a tunnel the client's headers came past Envoy unread. */
  readonly tunnelled: boolean;
  /** Names in lower case of headers whose values are secrets, for those who look for them elsewhere. */
  readonly secretHeaders: ReadonlySet<string>;
}

/** Headers of a request for the origin, and what else is read from them in the one pass. */
export interface OriginHead {
  /** Form 2. */
  readonly headers: string[];
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  readonly upgrade: string | null;
  /** The client's own ids for the request, not yet vetted. */
  readonly clientRequestId: string | null;
  readonly requestId: string | null;
  /** Of the names asked for, passed on or not. Never logged, never kept. */
  readonly secretHeaders?: readonly SecretHeader[];
}

/**
 * Headers for the origin.
 * @param raw form 1
 * @returns `proxy_loop` when the request has been here before
 */
export function originHead(raw: readonly string[], passage: RequestPassage): OriginHead | ProxyError {
  let headers: string[] = ['host', passage.host];
  let named: Set<string> | undefined;
  const noted = new Noted();
  let upgrade: string | null = null;
  let clientRequestId: string | null = null;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const lower = name.toLowerCase();
    if (passage.secretHeaders.has(lower)) noted.secretHeaders.push([lower, value]);
    if (HOP_BY_HOP.has(lower) || REQUEST_ONLY.has(lower) || lower.charCodeAt(0) === COLON) {
      if (lower === 'connection') named = addNamed(named, value);
      else if (lower === 'upgrade') upgrade = joined(upgrade, value);
      continue;
    }
    if (!passage.tunnelled && FROM_ENVOY.test(lower)) continue;
    switch (lower) {
      case 'via':
        if (mentions(value, passage.via)) return new ProxyError('proxy_loop', { reason: 'via' });
        break;
      case 'x-client-request-id':
        clientRequestId ??= value;
        break;
      default:
        noted.take(lower, value);
    }
    headers.push(name, value);
  }
  // RFC 9110 §7.6.3: the last entry is the last hop.
  headers.push('Via', `${passage.version} ${passage.via}`);
  if (named !== undefined) headers = without(headers, named);
  const { contentType, contentEncoding, requestId, secretHeaders } = noted;
  return { headers, contentType, contentEncoding, upgrade, clientRequestId, requestId, secretHeaders };
}

/** Host towards an origin: the authority, without the port that the scheme has anyway. */
export function hostHeader(authority: Authority, secure: boolean): string {
  const host = authority.kind === 'ipv6' ? `[${authority.host}]` : authority.host;
  return authority.port === (secure ? 443 : 80) ? host : `${host}:${authority.port}`;
}

/** Headers of a response for the client, and what they say about its framing. */
export interface ClientHead {
  /** Flat, as form 1. */
  readonly headers: string[];
  /** Value of Content-Length, -1 without. */
  readonly contentLength: number;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  /** The origin's own id for the request, not yet vetted. */
  readonly requestId: string | null;
  /** As `OriginHead.secretHeaders`. */
  readonly secretHeaders?: readonly SecretHeader[];
}

/**
 * Headers for the client.
 * @param raw form 3
 * @param secretHeaders as `RequestPassage.secretHeaders`
 * @returns null when the response is framed by another transfer coding than `chunked`: undici would give out a body
 * that is still coded, and nothing would tell the client so
 */
export function clientHead(raw: readonly (Buffer | string)[], secretHeaders: ReadonlySet<string>): ClientHead | null {
  let headers: string[] = [];
  let named: Set<string> | undefined;
  let contentLength = -1;
  const noted = new Noted();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = latin1(raw[i]);
    const value = latin1(raw[i + 1]);
    const lower = name.toLowerCase();
    if (secretHeaders.has(lower)) noted.secretHeaders.push([lower, value]);
    switch (lower) {
      case 'connection':
        named = addNamed(named, value);
        continue;
      case 'transfer-encoding':
        if (value.trim().toLowerCase() !== 'chunked') return null;
        continue;
      case 'content-length':
        contentLength = Number(value);
        break;
      default:
        // x-judge-* is how our own refusals are told apart: an origin cannot pretend to be one.
        if (HOP_BY_HOP.has(lower) || lower.startsWith('x-judge-')) continue;
        noted.take(lower, value);
    }
    headers.push(name, value);
  }
  if (named !== undefined) headers = without(headers, named);
  const { contentType, contentEncoding, requestId } = noted;
  return { headers, contentLength, contentType, contentEncoding, requestId, secretHeaders: noted.secretHeaders };
}

/** Says nothing true of a body that is no longer coded as the origin sent it. */
const OF_CODED_BODY: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'accept-ranges', // ranges are of the coded form
  'etag', // a strong one names these very bytes (RFC 9110 §8.8.3)
  'content-md5',
  'digest',
  'content-digest', // RFC 9530
  'repr-digest',
  'signature', // RFC 9421: of any of these
  'signature-input',
]);

/** The head of an answer that is delivered decoded. */
export function decodedHead(head: ClientHead): ClientHead {
  const headers = without(head.headers, OF_CODED_BODY);
  return { ...head, headers, contentLength: -1, contentEncoding: null };
}

/** The head of an answer that may get an ending of ours: a stream of events does not promise its length. */
export function openEndedHead(head: ClientHead): ClientHead {
  if (head.contentLength < 0 || !EVENT_STREAM.test(head.contentType ?? '')) return head;
  return { ...head, headers: without(head.headers, CONTENT_LENGTH), contentLength: -1 };
}

const CONTENT_LENGTH: ReadonlySet<string> = new Set(['content-length']);
const EVENT_STREAM = /^\s*text\/event-stream\s*(?:;|$)/i;

/**
 * The head of an answer with status 204: it has no Content-Length (RFC 9110 §8.6). Origins send one, and Envoy turns it
 * into a 502 (measured).
 */
export function noContentHead(head: ClientHead): ClientHead {
  return head.contentLength < 0 ? head : { ...head, headers: without(head.headers, CONTENT_LENGTH), contentLength: -1 };
}

/** Trailer fields that may follow a response: framing, routing and the like may not (RFC 9110 §6.5.1). */
export function clientTrailers(raw: readonly (Buffer | string)[]): [string, string][] {
  const out: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = latin1(raw[i]);
    const lower = name.toLowerCase();
    const value = latin1(raw[i + 1]);
    if (HOP_BY_HOP.has(lower) || PROTECTED.test(lower) || !VALUE.test(value)) continue;
    out.push([name, value]);
  }
  return out;
}

/** Without the pairs whose value Node would refuse to write: an origin's stray control character is not our crash. */
export function withoutInvalidValues(headers: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (TOKEN.test(name) && VALUE.test(value)) out.push(name, value);
  }
  return out;
}

/** What may stand in a field value: RFC 9110 §5.5 with obs-text. */
const VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const COLON = 0x3a;

function latin1(text: Buffer | string | undefined): string {
  return typeof text === 'string' ? text : (text?.toString('latin1') ?? '');
}

/** Several lines of a list field are one list (RFC 9110 §5.3). */
function joined(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`;
}

/** What is read on the way from either side's headers. */
class Noted {
  contentType: string | null = null;
  contentEncoding: string | null = null;
  requestId: string | null = null;
  readonly secretHeaders: SecretHeader[] = [];

  take(lower: string, value: string): void {
    switch (lower) {
      case 'content-type':
        this.contentType ??= value;
        break;
      case 'content-encoding':
        this.contentEncoding = joined(this.contentEncoding, value);
        break;
      case 'x-request-id':
        this.requestId ??= value;
        break;
    }
  }
}

/** Adds the field names of one Connection header. undefined stays undefined for the two that everybody sends. */
function addNamed(named: Set<string> | undefined, value: string): Set<string> | undefined {
  if (value === 'keep-alive' || value === 'close') return named;
  const set = named ?? new Set<string>();
  for (const part of value.split(',')) {
    const name = part.trim().toLowerCase();
    if (name !== '' && !PROTECTED.test(name)) set.add(name);
  }
  return set;
}

function without(headers: readonly string[], named: ReadonlySet<string>): string[] {
  const out: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!named.has(name.toLowerCase())) out.push(name, headers[i + 1] ?? '');
  }
  return out;
}

/** True when a Via value lists the pseudonym as a receiver: `[protocol/]version received-by [comment]`. */
function mentions(via: string, pseudonym: string): boolean {
  return via.split(',').some(
    (entry) =>
      entry
        .trim()
        .split(/[\t ]+/)[1]
        ?.toLowerCase() === pseudonym.toLowerCase(),
  );
}
