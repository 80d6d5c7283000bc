/** Content that nobody reads here: described by type, size and hash, so that equal content is seen to be equal. */

import { hash } from 'node:crypto';

/** What is known of a piece of media; `readable` when its bytes are text after all. */
export interface Media {
  readonly text: string;
  readonly readable: boolean;
}

/** @param what `image`, `audio`, `file`: a word of ours */
export function base64Media(what: string, type: string | null, data: string): Media {
  const bytes = Buffer.from(data, 'base64');
  const text = type !== null && isTextType(type) ? asText(bytes) : null;
  return text === null ? { text: describe(what, type, bytes), readable: false } : { text, readable: true };
}

/** Bytes in an encoding that only the provider can open, e.g. encrypted reasoning. */
export function opaqueMedia(what: string, data: string): Media {
  return { text: describe(what, null, Buffer.from(data)), readable: false };
}

/** A `data:` URL is opened (RFC 2397); any other URL is kept as it is, because a URL can carry content too. */
export function urlMedia(what: string, url: string): Media {
  if (!/^data:/i.test(url)) return { text: `[${what} at ${url}]`, readable: false };
  const comma = url.indexOf(',');
  if (comma === -1) return { text: `[${what} at ${url}]`, readable: false };
  const [type = '', ...parameters] = url.slice('data:'.length, comma).split(';');
  const data = url.slice(comma + 1);
  if (parameters.some((parameter) => parameter.trim().toLowerCase() === 'base64')) return base64Media(what, type, data);
  return { text: percentDecoded(data), readable: true };
}

function describe(what: string, type: string | null, bytes: Uint8Array): string {
  const kind = type !== null && /^[a-z0-9.+/-]{1,64}$/i.test(type) ? ` ${type}` : '';
  return `[${what}${kind}, ${bytes.length} bytes, sha256 ${hash('sha256', bytes)}]`;
}

function isTextType(type: string): boolean {
  return /^(text\/|application\/(json|xml|x-ndjson|yaml|javascript)\b)/i.test(type.trim());
}

function asText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function percentDecoded(data: string): string {
  try {
    return decodeURIComponent(data);
  } catch {
    return data;
  }
}
