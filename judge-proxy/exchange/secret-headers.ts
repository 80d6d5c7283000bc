/**
 * Headers that carry credentials. Their values are secrets wherever they occur: an origin echoes a key in its error, a
 * program prints its cookie into a prompt. No header is stored; the values go to the analysis and no further.
 */

import type { KnownSecret, SecretHeader } from './known-secret.ts';

/** Of requests and of responses. The list of an operator is added to it. */
export const CREDENTIAL_HEADERS = [
  ...['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-api-key', 'api-key', 'x-goog-api-key'],
  ...['x-auth-token', 'x-access-token', 'x-csrf-token', 'x-amz-security-token', 'x-judge-token'],
  ...['openai-organization', 'openai-project'],
] as const;

/** @param named by the operator, in any case */
export function secretHeaderNames(named: readonly string[]): ReadonlySet<string> {
  return new Set<string>([...CREDENTIAL_HEADERS, ...named.map((name) => name.toLowerCase())]);
}

/** The names without any of an operator. */
export const CREDENTIALS: ReadonlySet<string> = secretHeaderNames([]);

/** Values of one exchange; a client that repeats headers cannot make more work than this. */
const MOST_VALUES = 64;
/** What is longer is looked for by its beginning, which is secret enough. */
const LONGEST_VALUE = 4_096;

/** What must not be found again: the value as a whole, what stands behind its scheme, the values of cookies. */
export function headerSecrets(headers: readonly SecretHeader[]): KnownSecret[] {
  const found = new Map<string, KnownSecret>();
  // Of cookies there may be hundreds: they come last.
  const ordered =
    headers.length < 2 ? headers : headers.toSorted(([a], [b]) => Number(isCookie(a)) - Number(isCookie(b)));
  for (const [name, value] of ordered) {
    const type = headerType(name);
    for (const whole of valuesOf(name, value)) {
      const text = whole.slice(0, LONGEST_VALUE);
      if (text.length < SHORTEST || found.size >= MOST_VALUES || found.has(text)) continue;
      found.set(text, { text, type });
    }
  }
  return [...found.values()];
}

/** As long as the shortest literal that is looked for (`literals.ts`). */
const SHORTEST = 8;

function isCookie(name: string): boolean {
  return name === 'cookie' || name === 'set-cookie';
}

/** `x-api-key` → `header_x_api_key`. */
function headerType(name: string): string {
  return `header_${name.toLowerCase().replace(/[^a-z0-9]/g, '_')}`;
}

function valuesOf(name: string, value: string): string[] {
  switch (name) {
    case 'authorization':
    case 'proxy-authorization':
      return credentialsOf(value.trim());
    case 'cookie':
      return value.split(';').flatMap(cookieValues);
    case 'set-cookie':
      return cookieValues(value.split(';', 1)[0] ?? '');
    default:
      return [value.trim()];
  }
}

/** RFC 9110 §11.4: scheme, then token or parameters; RFC 7617: base64 of `user:password`. */
function credentialsOf(value: string): string[] {
  const space = value.indexOf(' ');
  if (space === -1) return [value];
  const token = value.slice(space + 1).trim();
  if (!/^basic$/i.test(value.slice(0, space))) return [token, ...quotedValues(token)];
  const pair = Buffer.from(token, 'base64').toString('utf8');
  return [token, pair, pair.slice(pair.indexOf(':') + 1)];
}

/** Of `Digest` and its like: `name="value"`. */
function quotedValues(token: string): string[] {
  if (!token.includes('="')) return [];
  return [...token.matchAll(/="([^"]{8,256})"/g)].map(([, value = '']) => value);
}

/** RFC 6265 §4.1.1: the value may stand in quotes. Programs write it percent-encoded, and print it as they read it. */
function cookieValues(pair: string): string[] {
  const value = pair
    .slice(pair.indexOf('=') + 1)
    .trim()
    .replace(/^"(.*)"$/, '$1');
  if (!value.includes('%')) return [value];
  try {
    return [value, decodeURIComponent(value)];
  } catch {
    return [value];
  }
}
