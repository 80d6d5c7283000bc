/** What a request asks the proxy for: the three forms of a target, on HTTP/1 and HTTP/2. Pure. */

import { ProxyError } from '../errors.ts';
import { bodyFraming } from '../forward/framing.ts';
import { parseAbsoluteUrl, parseAuthority, parseHostHeader, sameAuthority } from '../policy/authority.ts';
import type { Authority } from '../policy/types.ts';

/** A request as it arrived, before anything is decided. */
export interface RequestHead {
  readonly version: '0.9' | '1.0' | '1.1' | '2';
  readonly method: string;
  /** HTTP/1: the request target. HTTP/2: `:path`, empty for CONNECT. */
  readonly target: string;
  /** HTTP/2 pseudo-headers; empty where absent, and on HTTP/1. */
  readonly scheme: string;
  readonly authority: string;
  readonly protocol: string;
  /** Flat list of names and values, as on the wire. */
  readonly rawHeaders: readonly string[];
}

export type Target =
  | { readonly form: 'connect'; readonly authority: Authority }
  | { readonly form: 'absolute'; readonly authority: Authority; readonly path: string };

/** @returns the target, or the refusal: `bad_authority`, `bad_request`, `ambiguous_framing` or `upgrade_refused` */
export function readTarget(head: RequestHead): Target | ProxyError {
  // No version, no headers, no framing: Node takes it for a request (measured). RFC 9112 has no such form.
  if (head.version === '0.9') return new ProxyError('bad_request', { reason: 'http_version' });
  if (head.method === 'CONNECT') return head.protocol === '' ? connectTarget(head) : upgradeRefused();
  if (wantsWebSocket(head)) return upgradeRefused();
  return head.version === '2' ? http2Target(head) : http1Target(head);
}

function connectTarget(head: RequestHead): Target | ProxyError {
  const framing = bodyFraming({
    httpVersionMajor: head.version === '2' ? 2 : 1,
    httpVersionMinor: head.version === '1.1' ? 1 : 0,
    rawHeaders: head.rawHeaders,
    endedWithHead: true,
  });
  if (framing instanceof ProxyError) return framing;
  // RFC 9110 §9.3.6: content of a CONNECT has no defined meaning; what follows the head is the tunnel.
  if (framing.kind !== 'none') return new ProxyError('ambiguous_framing', { reason: 'connect_with_body' });
  // The Host header is not looked at: clients write anything there, and the target is what counts (RFC 9112 §3.2.2).
  const authority = parseAuthority(head.version === '2' ? head.authority : head.target);
  return authority === null ? new ProxyError('bad_authority') : { form: 'connect', authority };
}

function http1Target(head: RequestHead): Target | ProxyError {
  if (/^https:/i.test(head.target)) return new ProxyError('bad_request', { reason: 'https_absolute_form' });
  if (head.target.startsWith('/')) return new ProxyError('bad_request', { reason: 'origin_form' });
  if (head.target === '*') return new ProxyError('bad_request', { reason: 'asterisk_form' });
  // A Host that differs is not compared: a proxy ignores it and writes its own from the target (RFC 9112 §3.2.2).
  const url = parseAbsoluteUrl(head.target);
  return url === null
    ? new ProxyError('bad_authority')
    : { form: 'absolute', authority: url.authority, path: url.path };
}

function http2Target(head: RequestHead): Target | ProxyError {
  if (head.scheme !== 'http') return new ProxyError('bad_request', { reason: 'https_absolute_form' });
  if (!head.target.startsWith('/')) return new ProxyError('bad_request', { reason: 'asterisk_form' });
  const authority = parseHostHeader(head.authority, 80);
  if (authority === null) return new ProxyError('bad_authority');
  // RFC 9113 §8.3.1: Host and :authority must not differ. Node lets it pass (measured).
  const hosts = valuesOf(head.rawHeaders, 'host').map((host) => parseHostHeader(host, 80));
  if (hosts.some((host) => host === null || !sameAuthority(host, authority))) {
    return new ProxyError('bad_request', { reason: 'host_differs' });
  }
  return { form: 'absolute', authority, path: head.target };
}

function wantsWebSocket(head: RequestHead): boolean {
  if (/^wss?:/i.test(head.target)) return true;
  // Other upgrades (h2c) are offers that a proxy may leave unanswered: the header is stripped, the request goes on.
  return valuesOf(head.rawHeaders, 'upgrade').some((value) => /(?:^|,)[\t ]*websocket[\t ]*(?:$|,)/i.test(value));
}

function upgradeRefused(): ProxyError {
  return new ProxyError('upgrade_refused', { reason: 'websocket' });
}

function valuesOf(rawHeaders: readonly string[], lowerName: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === lowerName) values.push(rawHeaders[i + 1] ?? '');
  }
  return values;
}

/** Whether a proxy of that name has handled the request before (RFC 9110 §7.6.3). */
export function passedThrough(rawHeaders: readonly string[], pseudonym: string): boolean {
  const own = pseudonym.toLowerCase();
  return valuesOf(rawHeaders, 'via').some((via) =>
    via.split(',').some(
      (entry) =>
        entry
          .trim()
          .split(/[\t ]+/)[1]
          ?.toLowerCase() === own,
    ),
  );
}
