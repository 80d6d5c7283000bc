/**
 * Made-up secrets and personal numbers for labelled data. A data file writes `{{synthetic:NAME}}` or `{{synthetic:NAME:2}}`
 * where such a value stands, and it is put together when the file is read: scanners of a repository find nothing, and the
 * rules meet what they would meet in traffic. The same name and number give the same value always; none was ever issued.
 */

import { hash } from 'node:crypto';

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const MIXED = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';
const DIGITS = '0123456789';

/** Characters drawn from the SHA-256 of name and number. */
class Draw {
  readonly #seed: string;
  #bytes: number[] = [];
  #block = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  below(limit: number): number {
    if (this.#bytes.length === 0) this.#bytes = [...hash('sha256', `${this.#seed}:${this.#block++}`, 'buffer')];
    return (this.#bytes.pop() ?? 0) % limit;
  }

  text(length: number, alphabet: string): string {
    return Array.from({ length }, () => alphabet[this.below(alphabet.length)]).join('');
  }
}

type Make = (draw: Draw) => string;

/** Parts are joined here so that no whole value stands in this file either. */
const VALUES: Readonly<Record<string, Make>> = {
  aws_access_key_id: (draw) => ['AK', 'IA', draw.text(16, UPPER)].join(''),
  aws_secret_key: (draw) => `${draw.text(39, MIXED)}7`,
  stripe_key: (draw) => ['sk', 'live', `${draw.text(23, MIXED)}4`].join('_'),
  github_token: (draw) => ['gh', 'p_', draw.text(36, MIXED)].join(''),
  npm_token: (draw) => ['np', 'm_', draw.text(36, MIXED)].join(''),
  slack_token: (draw) =>
    ['xox', 'b-', draw.text(12, DIGITS), '-', draw.text(12, DIGITS), '-', draw.text(24, MIXED)].join(''),
  api_key: (draw) => `${draw.text(31, MIXED)}3`,
  password: (draw) => `${draw.text(6, MIXED)}#${draw.text(4, MIXED)}8`,
  jwt: (draw) =>
    [base64url({ alg: 'HS256', typ: 'JWT' }), base64url({ sub: draw.text(8, DIGITS) }), draw.text(43, MIXED)].join('.'),
  private_key: (draw) => {
    const armour = (word: string) => `-----${word} ${['OPENSSH', 'PRIVATE', 'KEY'].join(' ')}-----`;
    return [armour('BEGIN'), ...Array.from({ length: 6 }, () => draw.text(64, MIXED)), armour('END')].join('\n');
  },
  payment_card: (draw) => withLuhn(`4${draw.text(14, DIGITS)}`),
  iban: (draw) => germanIban(draw.text(18, DIGITS)),
  us_ssn: (draw) => `${draw.below(200) + 300}-${draw.below(80) + 10}-${draw.text(3, DIGITS)}7`,
};

/** Names that may stand in a placeholder. */
export const SYNTHETIC_NAMES: readonly string[] = Object.keys(VALUES);

/**
 * @returns the text with its placeholders replaced
 * @throws Error that names a placeholder which does not exist
 */
export function expandText(text: string): string {
  return text.replaceAll(/\{\{synthetic:([^{}:]{0,64})(?::(\d{1,6}))?\}\}/g, (_, name: string, number = '1') => {
    const make = Object.hasOwn(VALUES, name) ? VALUES[name] : undefined;
    if (make === undefined) {
      throw new Error(`there is no placeholder {{synthetic:${name}}}; known are ${SYNTHETIC_NAMES.join(', ')}`);
    }
    return make(new Draw(`${name}:${Number(number)}`));
  });
}

/** The same in every string of a JSON value; keys stay as they are. */
export function expandValue(value: unknown): unknown {
  if (typeof value === 'string') return expandText(value);
  if (Array.isArray(value)) return value.map(expandValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expandValue(item)]));
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Check digit of ISO/IEC 7812-1 annex B. */
function withLuhn(digits: string): string {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

/** Check digits of ISO 13616: with the country as 1314 (DE) behind, the remainder by 97 is 1. */
function germanIban(account: string): string {
  const check = 98n - (BigInt(`${account}131400`) % 97n);
  return `DE${String(check).padStart(2, '0')}${account}`;
}
