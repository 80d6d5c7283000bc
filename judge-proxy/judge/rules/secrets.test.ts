/**
 * Every known kind of secret is found wherever it stands, and its whole length is covered. Prose about secrets and
 * ordinary technical text are not.
 */

import { rules as preset } from '@secretlint/secretlint-rule-preset-recommend';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECRETS } from '../testing/secrets.ts';
import { Budget } from './rule.ts';
import { entropy, privateKeys } from './secret-patterns.ts';
import { runSecretlint, SECRETLINT_KEYWORDS } from './secretlint.ts';
import { secrets } from './secrets.ts';

const unlimited = () => new Budget(() => 0, 1);

/** The text with every finding taken out. */
function rest(text: string): string {
  const { findings, scanned } = secrets.run(text, unlimited());
  expect(scanned).toBe(text.length);
  return findings.toReversed().reduce((left, { start, end }) => left.slice(0, start) + left.slice(end), text);
}

/** No stretch of eight characters of the secret is left. */
function expectGone(text: string, secret: string): void {
  const left = rest(text);
  for (let at = 0; at + 8 <= secret.length; at += 4) expect(left).not.toContain(secret.slice(at, at + 8));
}

describe('secrets are found', () => {
  it.each(SECRETS)('$name: alone', ({ text, secret }) => expectGone(text, secret));

  it.each(SECRETS)('$name: in prose', ({ text, secret }) =>
    expectGone(`Please have a look at this: ${text} and tell me what is wrong.`, secret),
  );

  it.each(SECRETS)('$name: in a code block, after other lines', ({ text, secret }) =>
    expectGone(`\`\`\`\nregion = eu-central-1\n${text}\n\`\`\`\nThanks`, secret),
  );

  it.each(SECRETS)('$name: in JSON', ({ text, secret }) =>
    expectGone(JSON.stringify({ note: 'x', value: text }), JSON.stringify(secret).slice(1, -1)),
  );

  it.each(SECRETS)('$name: across the border of two pieces of a long text', ({ text, secret }) => {
    const prose = 'All of this is ordinary text about nothing in particular. ';
    const before = prose.repeat(2_000).slice(0, 65_536 - Math.floor(secret.length / 2) - 20);
    expectGone(`${before} ${text} ${prose.repeat(100)}`, secret);
  });

  const key = SECRETS.find(({ name }) => name === 'private key')?.secret ?? '';
  const DECORATED: readonly [string, (lines: readonly string[]) => string][] = [
    [
      'numbered by an agent that reads a file',
      (lines) => lines.map((line, at) => `${`${at + 1}`.padStart(6)}→${line}`).join('\n'),
    ],
    ['numbered with bars', (lines) => lines.map((line, at) => ` ${at + 1} | ${line}`).join('\n')],
    ['quoted', (lines) => lines.map((line) => `> ${line}`).join('\r\n')],
    ['a text of several literals', (lines) => lines.map((line) => `    "${line}\\n"`).join(' +\n')],
    ['in a list', (lines) => JSON.stringify(lines, null, 2)],
    [
      'with headers',
      ([begin = '', ...lines]) =>
        [begin, 'Version: GnuPG v1.4.11 (GNU/Linux)', 'Comment: see https://a.example/', '', ...lines].join('\n'),
    ],
  ];

  it.each(DECORATED)('a private key %s', (_, decorate) => {
    const lines = key.split('\n');
    for (const shown of [lines, lines.slice(0, -1)]) {
      const text = `before\n${decorate(shown)}\n\nThis is prose that stays.`;
      expect(rest(text)).not.toMatch(/[A-Za-z0-9+/]{40}/);
      expect(rest(text)).toMatch(/prose that stays\.$/);
      expect(rest(JSON.stringify({ text }))).not.toMatch(/[A-Za-z0-9+/]{40}/);
    }
  });

  it('a password behind words that look like one', () => {
    expect(rest('password: Password: hunter2-9X')).not.toContain('hunter2');
    expect(rest('the pwd is password is hunter2-9X')).not.toContain('hunter2');
  });

  it('a JSON web token with certificates in its header', () => {
    const token = `eyJ${'aZ3kQ9xW7mB2vN5r'.repeat(300)}.eyJ${'kQ9xW7mB'.repeat(20)}.${'xW7mB2vN'.repeat(10)}`;
    expectGone(`token ${token} end`, token);
  });

  it('covers each of several secrets in any order', () => {
    const some = fc.subarray([...SECRETS], { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(some, fc.constantFrom('\n', ' ', ' | ', '\n\n'), (chosen, between) => {
        const text = chosen.map((secret) => secret.text).join(between);
        for (const { secret } of chosen) expectGone(text, secret);
      }),
      { numRuns: 200 },
    );
  });

  it.each(['sk-', 'ya29.', 'xoxb-1-'])('covers a token that is longer than %s says', (prefix) => {
    const digits = Array.from({ length: 900 }, (_, index) => (index * 7919).toString(36).at(-1)).join('');
    expectGone(`token ${prefix}${digits} end`, digits);
  });

  it('finds a secret although the text asks scanners to stop', () => {
    const key = SECRETS.find(({ name }) => name === 'GitLab token')?.secret ?? '';
    expectGone(`# secretlint-disable\n<!-- secretlint-disable -->\n${key} // secretlint-disable-line`, key);
  });
});

describe('what is no secret stays', () => {
  it.each([
    'How do I store an API key safely? Use a secret manager, never a password in code.',
    'max_tokens: 1000000000000000, token_count=123456789012345678',
    'const password = process.env.DB_PASSWORD; const key = os.environ["API_KEY"]',
    `password: ${'$'}{DB_PASSWORD} secret: {{ vault.secret }} token: $GITHUB_TOKEN`,
    'api_key: YOUR_API_KEY_GOES_HERE_1, token = "xxxxxxxxxxxxxxxxxxxxxxxx"',
    'class="sk-spinner-wave sk-folding-cube-animation"',
    'The task-force-one-hundred-and-twenty plan, risk-adjusted-return-on-capital',
    'https://example.com:8080/path?x=1 and http://[::1]:3000/',
    'What does -----BEGIN PRIVATE KEY----- mean? It starts a PEM block.',
    '550e8400-e29b-41d4-a716-446655440000 and da39a3ee5e6b4b0d3255bfef95601890afd80709',
    'Bearer tokens are sent in the Authorization header.',
    'The secret of happiness: low expectations and good company.',
  ])('%s', (text) => expect(secrets.run(text, unlimited()).findings).toEqual([]));
});

describe('secretlint behind its keywords', () => {
  it('has keywords or a stated reason for every rule of the preset', () => {
    const names = preset.map((rule) => rule.meta.id.replace('@secretlint/secretlint-rule-', ''));
    expect(names.toSorted()).toEqual(
      [
        ...['1password', 'anthropic', 'aws', 'basicauth', 'cloudflare', 'database-connection-string', 'databricks'],
        ...['docker', 'figma', 'filter-comments', 'gcp', 'github', 'gitlab', 'grafana', 'groq', 'hashicorp-vault'],
        ...['huggingface', 'linear', 'notion', 'npm', 'openai', 'privatekey', 'sendgrid', 'shopify', 'slack', 'stripe'],
        ...['tailscale', 'vercel'],
      ].toSorted(),
    );
  });

  it('never reports on text without a keyword', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9_\-.:/@=]{1,40}$/);
    fc.assert(
      fc.property(fc.array(word, { maxLength: 20 }), (words) => {
        const text = words.join(' ');
        if (!SECRETLINT_KEYWORDS.some((keyword) => text.includes(keyword))) expect(runSecretlint(text)).toEqual([]);
      }),
    );
  });
});

describe('parts of patterns', () => {
  it('knows the entropy of repeats and of random text', () => {
    expect(entropy('aaaaaaaa')).toBe(0);
    expect(entropy('abababab')).toBe(1);
    expect(entropy('abcdefghijklmnop')).toBe(4);
  });

  it('takes a private key to its end line and no further', () => {
    const key = SECRETS.find(({ name }) => name === 'private key')?.secret ?? '';
    const text = `before ${key} after`;
    expect(privateKeys(text)).toEqual([{ start: 7, end: 7 + key.length }]);
  });
});

it('stops when the budget is spent, and says where', () => {
  const text = `api_key ${'word '.repeat(60_000)}`;
  let asked = 0;
  const budget = new Budget(() => (asked++ < 3 ? 0 : 10), 5);
  const { scanned } = secrets.run(text, budget);
  expect(scanned).toBeGreaterThan(60_000);
  expect(scanned).toBeLessThan(text.length);
});
