/**
 * Secrets in the path of a request. It is recorded before the origin sees the request, on the thread that carries all
 * traffic: so this is bounded by the length that is read, and what was found clean is not read again. Places in a body are
 * not known yet.
 */

import { encodedForms } from '../exchange/encoded-forms.ts';
import type { KnownSecret, SecretHeader } from '../exchange/known-secret.ts';
import { headerSecrets } from '../exchange/secret-headers.ts';
import { redactionTokens } from './analyse.ts';
import { type NamedPattern, operatorPatterns } from './rules/operator-patterns.ts';
import type { Rule } from './rules/rule.ts';
import { type RunOptions, runRules } from './rules/run-rules.ts';

/** @returns the path without query, each segment with a secret in it replaced by its placeholder */
export type RedactPath = (path: string, exchangeId: string, headers: readonly SecretHeader[]) => string;

/** Characters that are read; the record keeps fewer (`enforcement/stored-path.ts`). */
const LONGEST_READ = 1_024;
/** Milliseconds for each rule; what is not read is not kept. */
const BUDGET_MS = 5;
/** Milliseconds for a whole path: segments that come later are not kept. One is read in 0.1 ms. */
const PATH_BUDGET_MS = 25;
/** Paths of APIs are few; those that name items come and go. */
const MOST_KNOWN = 1_000;

export function createPathRedaction(
  { patterns }: { readonly patterns: readonly NamedPattern[] },
  hmacKey: Uint8Array,
  clock: { monotonic(): number },
): RedactPath {
  const detector = operatorPatterns(patterns);
  const clean = new Set<string>();
  return (path, exchangeId, headers) => {
    const bare = path.split(/[?#]/, 1)[0] ?? '';
    const known = headerSecrets(headers)
      .filter(({ text }) => mayStandIn(bare, text))
      .map(searched);
    const knownIn = (text: string) => {
      const readings = readingsOf(text);
      return known.find(({ forms }) => forms.some((form) => readings.some((one) => one.includes(form))))?.type ?? null;
    };
    if (clean.has(bare) && knownIn(bare) === null) return bare;
    const read = bare.slice(0, LONGEST_READ).replaceAll('[REDACTED:', '[NOT_REDACTED:');
    const ends = clock.monotonic() + PATH_BUDGET_MS;
    const typeIn = (text: string) => {
      if (text === '') return null;
      return knownIn(text) ?? (clock.monotonic() < ends ? typeOf(text, detector, clock) : 'unread');
    };
    const segments = read.split('/').map((segment) => ({ segment, type: typeIn(segment) }));
    const token = redactionTokens(hmacKey, exchangeId);
    if (segments.some(({ type }) => type !== null)) {
      return segments
        .map(({ segment, type }) => (type === null ? segment : placeholder(type, token(segment))))
        .join('/');
    }
    // A pattern may describe more than one segment.
    const across = typeIn(read);
    if (across !== null) return `/${placeholder(across, token(read))}`;
    if (read === bare) remember(clean, bare);
    return read;
  };
}

function placeholder(type: string, token: string): string {
  return `[REDACTED:${type}:${token}]`;
}

function typeOf(text: string, detector: Rule | null, clock: { monotonic(): number }): string | null {
  const options: RunOptions = { rules: [], budgetMs: BUDGET_MS, now: () => clock.monotonic(), detector };
  const texts = readingsOf(text).map((reading, index) => ({
    place: `path[${index}]`,
    text: reading,
    ofApplication: false,
  }));
  const { redactions, complete } = runRules(texts, options);
  return redactions[0]?.type ?? (complete ? null : 'unread');
}

/**
 * No form of a secret is shorter than the secret, but for one whose escapes are taken off: a key that is longer than the
 * path is not looked for. Keys are longer than the paths of most APIs, and their forms take some 10 µs to make.
 */
function mayStandIn(path: string, secret: string): boolean {
  return secret.length <= path.length || secret.includes('\\');
}

/** Made once for a request: a path may have hundreds of segments. */
function searched({ text, type }: KnownSecret): { readonly type: string; readonly forms: readonly string[] } {
  return { type, forms: [text, ...encodedForms(text).filter((form) => form.length >= SHORTEST)] };
}

const SHORTEST = 8;

/** As it is written, and with escapes undone (RFC 3986 §2.1). */
function readingsOf(text: string): readonly string[] {
  const decoded = unescaped(text);
  return decoded === text ? [text] : [text, decoded];
}

/** Run by run: one escape that is none must not keep the others from being read. */
function unescaped(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

/** Only paths without a secret are remembered. */
function remember(clean: Set<string>, path: string): void {
  if (clean.size >= MOST_KNOWN) clean.clear();
  clean.add(path);
}
