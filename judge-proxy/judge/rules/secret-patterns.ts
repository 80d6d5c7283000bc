/**
 * Secrets that secretlint's preset does not look for, or looks for too narrowly for redaction: it wants the exact
 * length of a real key and skips documented examples, while a key that was cut or mistyped is still most of a key.
 * Every repetition is bounded, so that a pattern costs at most a fixed multiple of the text (no backtracking that
 * grows with it).
 */

import type { Severity } from '../../ledger/records.ts';

export interface SecretPattern {
  readonly type: string;
  readonly severity: Severity;
  /** Words without which the pattern cannot match, as written when `anyCase` is unset, else in lower case. */
  readonly keywords: readonly string[];
  readonly anyCase?: true;
  /** Global; group 1, when there is one, is the secret, else the whole match. */
  readonly pattern: RegExp;
  readonly valid?: (secret: string) => boolean;
}

export const SECRET_PATTERNS: readonly SecretPattern[] = [
  {
    type: 'llm_api_key', // OpenAI, Anthropic, OpenRouter and the many that write `sk-`
    severity: 'critical',
    keywords: ['sk-'],
    pattern: /(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,256}/g,
    valid: (secret) => /\d/.test(secret) && entropy(secret) > 3,
  },
  {
    type: 'aws_access_key_id',
    severity: 'critical',
    keywords: ['AKIA', 'ASIA', 'ABIA', 'ACCA'],
    pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])/g,
  },
  {
    type: 'google_api_key',
    severity: 'critical',
    keywords: ['AIza'],
    pattern: /(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{30,60}/g,
  },
  {
    type: 'google_oauth',
    severity: 'critical',
    keywords: ['ya29.', 'GOCSPX-'],
    pattern: /(?<![A-Za-z0-9])(?:ya29\.[A-Za-z0-9_-]{20,400}|GOCSPX-[A-Za-z0-9_-]{20,60})/g,
  },
  {
    type: 'github_token',
    severity: 'critical',
    keywords: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
    pattern: /(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{30,256}|github_pat_[A-Za-z0-9_]{30,256})/g,
  },
  {
    type: 'slack_token',
    severity: 'critical',
    keywords: ['xox', 'xapp-'],
    pattern: /(?<![A-Za-z0-9])(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,256}/g,
    valid: (secret) => /\d/.test(secret),
  },
  {
    type: 'jwt', // RFC 7519; the header of every JWT begins with {" in base64url
    severity: 'high',
    keywords: ['eyJ'],
    // A header with certificates is long, and may be where it begins a run: in a run it would be read at each `eyJ` again.
    pattern: /(?:(?<![\w-])eyJ[\w-]{8,16384}|(?<![A-Za-z0-9])eyJ[\w-]{8,400})\.eyJ[\w-]{8,2000}(?:\.[\w-]{0,2000})?/g,
  },
  {
    type: 'authorization', // RFC 9110 §11.6.2: scheme, then the credentials
    severity: 'high',
    keywords: ['bearer', 'authorization'],
    anyCase: true,
    pattern:
      /\b(?:bearer|authorization["'\\]{0,3} ?[:=] ?["'\\]{0,3}[a-z-]{3,20})\s{1,4}([A-Za-z0-9._~+/=-]{12,4000})/gi,
    valid: (secret) => /\d/.test(secret) && entropy(secret) > 2.5,
  },
  {
    type: 'url_credentials', // RFC 3986 §3.2.1
    severity: 'high',
    keywords: ['://'],
    pattern: /:\/\/[^\s:@/"'<>\\]{0,256}:([^\s@/"'<>\\]{3,256})@/g,
    valid: (secret) => !isPlaceholder(secret),
  },
  {
    type: 'key_assignment',
    severity: 'high',
    keywords: ['key', 'token', 'secret', 'credential'],
    anyCase: true,
    pattern:
      /(?:api[_-]?key|access[_-]?key|secret[_-]?key|account[_-]?key|private[_-]?key|auth[_-]?token|access[_-]?token|refresh[_-]?token|bot[_-]?token|token|secret|credentials?)[\w-]{0,20}["'\\]{0,4}\s{0,40}(?:=>|:=|=|:)\s{0,40}["'\\]{0,4}([A-Za-z0-9_\-+/=.~!@#$%^&*]{16,400})/gi,
    valid: (secret) => /\d/.test(secret) && /[A-Za-z]/.test(secret) && entropy(secret) > 3.2 && !isPlaceholder(secret),
  },
  {
    type: 'password',
    severity: 'high',
    keywords: ['pass', 'pwd'],
    anyCase: true,
    pattern:
      /(?:passw(?:or)?d|passphrase|passwd|pwd)["'\\]{0,4}\s{0,8}(?:=>|:=|=|:|\bis\b)\s{0,8}["'\\]{0,4}([^\s"'\\,;<>(){}[\]]{6,256})/gi,
    valid: (secret) => /\d/.test(secret) && /[^\d]/.test(secret) && entropy(secret) > 2.2 && !isPlaceholder(secret),
  },
];

/** Bits per character of Shannon entropy: prose and repeats are low, random tokens of 16 and more are above 3.2. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** Names of variables and blanks to fill in, where a value would stand. */
function isPlaceholder(text: string): boolean {
  return /^(?:\$\{|\$[A-Z_]{1,64}$|%[A-Z_]{1,64}%|\{\{|process\.env|os\.environ|your[_-])|^[*x.]{1,256}$/i.test(text);
}

const KEY_BEGIN = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----/g;
const KEY_END = /-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----/g;
/** A line of a key, soon after the beginning and its headers: prose about keys has no such run. */
const KEY_LINE = /[A-Za-z0-9+/=]{40}/;
/** Characters in which headers end and the first line stands. */
const KEY_HEADERS = 300;
/**
 * The next line, and what people and programs write between two: quotes, numbers of lines, commas, escaped line breaks.
 * Slashes of JSON may be escaped.
 */
const NEXT_KEY_LINE = /[\s\S]{0,48}?(?:[A-Za-z0-9+/=]|\\\/){40,16384}/y;
/** The last line may be a short one. */
const LAST_KEY_LINE =
  /[^\n\\]{0,8}(?:\r?\n|\\r\\n|\\n)[^\n\\]{0,24}?[A-Za-z0-9+/]{1,63}={0,2}(?=["'\\]|[^\S\n]*(?:\n|$))/y;
/** Characters from there to the end line. */
const KEY_REST = 256;

/**
 * Private keys in PEM armour (RFC 7468), also without their end: the end may lie beyond the copy.
 * @returns ranges from the first dash to the end line, or to the last line of base64
 */
export function privateKeys(text: string): { readonly start: number; readonly end: number }[] {
  const found: { start: number; end: number }[] = [];
  KEY_BEGIN.lastIndex = 0;
  for (let begin = KEY_BEGIN.exec(text); begin !== null; begin = KEY_BEGIN.exec(text)) {
    const from = KEY_BEGIN.lastIndex;
    const first = KEY_LINE.exec(text.slice(from, from + KEY_HEADERS));
    if (first === null) continue;
    const bodyEnd = endOfBody(text, from + first.index);
    KEY_END.lastIndex = from;
    const end = KEY_END.exec(text.slice(0, bodyEnd + KEY_REST));
    KEY_BEGIN.lastIndex = end === null ? endAfter(LAST_KEY_LINE, text, bodyEnd) : KEY_END.lastIndex;
    found.push({ start: begin.index, end: KEY_BEGIN.lastIndex });
  }
  return found;
}

function endOfBody(text: string, firstLine: number): number {
  for (let at = firstLine; ; ) {
    const next = endAfter(NEXT_KEY_LINE, text, at);
    if (next === at) return at;
    at = next;
  }
}

/** @returns `at` where it does not match there */
function endAfter(sticky: RegExp, text: string, at: number): number {
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : at;
}
