/**
 * Secrets in the path of a request. It is recorded before the origin sees the request, on the thread that carries all
 * traffic: so this is bounded by the length that is read, and what was found clean is not read again. Places in a body are
 * not known yet.
 */

import { encodedForms } from '../exchange/encoded-forms.ts';
import type { SecretHeader } from '../exchange/known-secret.ts';
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
    const known = headers.length === 0 ? [] : headerSecrets(headers);
    if (clean.has(bare) && !known.some(({ text }) => bare.includes(text))) return bare;
    const read = bare.slice(0, LONGEST_READ).replaceAll('[REDACTED:', '[NOT_REDACTED:');
    const typeIn = (text: string) =>
      known.find((secret) => holds(text, secret.text))?.type ?? typeOf(text, detector, clock);
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

/** As it is written, and with escapes undone (RFC 3986 §2.1). */
function typeOf(text: string, detector: Rule | null, clock: { monotonic(): number }): string | null {
  if (text === '') return null;
  const decoded = unescaped(text);
  const readings = decoded === text ? [text] : [text, decoded];
  const options: RunOptions = { rules: [], budgetMs: BUDGET_MS, now: () => clock.monotonic(), detector };
  const texts = readings.map((reading, index) => ({ place: `path[${index}]`, text: reading, ofApplication: false }));
  const { redactions, complete } = runRules(texts, options);
  return redactions[0]?.type ?? (complete ? null : 'unread');
}

function holds(text: string, secret: string): boolean {
  return text.includes(secret) || encodedForms(secret).some((form) => form.length >= SHORTEST && text.includes(form));
}

const SHORTEST = 8;

function unescaped(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Only paths without a secret are remembered. */
function remember(clean: Set<string>, path: string): void {
  if (clean.size >= MOST_KNOWN) clean.clear();
  clean.add(path);
}
