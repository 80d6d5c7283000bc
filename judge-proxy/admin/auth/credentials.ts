/** What a request brings to say who it is: a session cookie, a bearer token, or both. Pure; everything here is hostile. */

import { createHash } from 'node:crypto';

/** 256 random bits, base64url. */
const SESSION_FORM = /^[A-Za-z0-9_-]{43}$/;
/** `jp_ID_SECRET`: the id finds the row, the secret is compared. */
const TOKEN_FORM = /^(jp_[0-9a-z]{16})_[A-Za-z0-9_-]{43}$/;

export const NAMES = {
  /** The prefix makes browsers refuse it from sub-domains and without TLS (RFC 6265bis §4.1.3.2). */
  secure: '__Host-judge_session',
  /** On plain HTTP, which is loopback only: no browser takes the prefix there, and Safari no Secure cookie at all. */
  plain: 'judge_session',
} as const;

/** `absent`: none was sent. `malformed`: one was sent that cannot be ours; it never counts as absent. */
export type Presented = { readonly kind: 'absent' } | { readonly kind: 'malformed' } | Found;
export interface Found {
  readonly kind: 'found';
  /** Session id, or id of the token. */
  readonly id: string;
  /** SHA-256 (hex) of the whole credential. */
  readonly sha256: string;
}

const ABSENT: Presented = { kind: 'absent' };
const MALFORMED: Presented = { kind: 'malformed' };

/**
 * The session of a Cookie header. Two cookies of the name are malformed: which of them a browser set is not known
 * (cookie tossing).
 */
export function readCookie(header: string | undefined, name: string): Presented {
  if (header === undefined) return ABSENT;
  const values = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  const [value] = values;
  if (value === undefined) return ABSENT;
  if (values.length > 1 || !SESSION_FORM.test(value)) return MALFORMED;
  return { kind: 'found', id: value, sha256: sha256(value) };
}

/** The token of an Authorization header. Another scheme is malformed: it is not silently ignored. */
export function readBearer(header: string | undefined): Presented {
  if (header === undefined) return ABSENT;
  const [, token] = /^bearer +(\S+)$/i.exec(header) ?? [];
  const [, id] = token === undefined ? [] : (TOKEN_FORM.exec(token) ?? []);
  if (token === undefined || id === undefined) return MALFORMED;
  return { kind: 'found', id, sha256: sha256(token) };
}

/** SHA-256 (hex): what is stored of secrets that are random and long, so that a slow hash would add nothing. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
