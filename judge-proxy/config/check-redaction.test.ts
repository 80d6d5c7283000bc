/**
 * Contract: a detector that cannot work, a seal that nobody could open and a level that means more than it says are told
 * at their key; a private key is never repeated.
 */

import { generateIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { describe, expect, test } from 'vitest';
import { checkConfig } from './check.ts';
import { formatPath } from './config-error.ts';
import { parseConfig } from './load.ts';
import { configSchema } from './schema.ts';

type Values = Readonly<Record<string, unknown>>;

const ROUTE = { name: 'a', hosts: ['a.example'], action: 'terminate' };
const JUDGED = { judge: 'j' };
const judges = { j: { rubric: 'r', model: { api_key: 'k' } } };

function found(rest: Values, route: Values = {}): string[] {
  const findings = checkConfig(configSchema.parse({ routes: [{ ...ROUTE, ...route }], ...rest }));
  return findings
    .filter(({ path }) => path[0] !== 'judges')
    .map(({ severity, path, message }) => `${severity} ${formatPath(path)}: ${message}`);
}
const pattern = (text: string, name = 'x') => found({ redaction: { patterns: [{ name, pattern: text }] } });
const jsonPath = (text: string, name = 'x') => found({ redaction: { json_paths: [{ name, path: text }] } });

describe('patterns', () => {
  test.each(['\\bEMP-[0-9]{6}\\b', '(?i)case ([0-9]+)', 'a{1,400}'])('%s is taken', (text) => {
    expect(pattern(text)).toEqual([]);
  });

  test.each([
    ['(a', /not an RE2 expression/],
    ['(?<=a)b', /not an RE2 expression/],
    ['(a)\\1', /not an RE2 expression/],
    ['a*', /matches where there is nothing/],
    ['(?:[a-z ]{1,100}x){1,9}', /too large/],
  ])('%s is refused', (text, why) => {
    const [line = '', ...more] = pattern(text);
    expect(more).toEqual([]);
    expect(line).toMatch(/^error redaction\.patterns\[0\]\.pattern: /);
    expect(line).toMatch(why);
  });

  test('with line and remedy, when a file is read', () => {
    const file = `routes:\n  - { name: a, hosts: [a.example], action: terminate }\nredaction:\n  patterns:\n    - { name: x, pattern: "(a" }\n`;
    expect(() => parseConfig(file, 'f.yaml', {})).toThrow(
      /f\.yaml:5:\d+.*not an RE2 expression.*Write an expression of RE2/s,
    );
  });
});

describe('JSON paths', () => {
  test.each(['$.a', '$..password', "$.messages[?@.role == 'user'].content", "$['$..']", '$[?match(@.a, "x+")]'])(
    '%s is taken',
    (text) => {
      expect(jsonPath(text)).toEqual([]);
    },
  );

  test.each([
    ['a.b', /not a JSON path/],
    ['$[', /not a JSON path/],
    ['$..a..b', /more than one `\.\.`/],
    ['$.a[?$.b == @.c]', /a filter may start from `@`/],
  ])('%s is refused', (text, why) => {
    expect(jsonPath(text)).toEqual([expect.stringMatching(why)]);
  });
});

describe('names', () => {
  test.each(['jwt', 'email', 'header_x', 'encoded_x', 'github_secret', 'private_key'])('%s is ours', (name) => {
    expect(pattern('abc', name)).toEqual([
      'error redaction.patterns[0].name: placeholders of our own rules have this name',
    ]);
  });

  test('each is there once', () => {
    const redaction = { patterns: [{ name: 'x', pattern: 'abc' }], json_paths: [{ name: 'x', path: '$.a' }] };
    expect(found({ redaction })).toEqual(['error redaction.json_paths[0].name: another detector has this name']);
  });
});

describe('recipients', () => {
  const sealed = (recipients: readonly string[]) => found({ sealing: { recipients } }, { seal: true });

  test('public keys of age are taken, hybrid ones too', async () => {
    const keys = [await generateIdentity(), await generateX25519Identity()];
    expect(sealed(await Promise.all(keys.map((key) => identityToRecipient(key))))).toEqual([]);
  });

  test('a private key is refused, and not repeated', async () => {
    const key = await generateX25519Identity();
    const lines = sealed([key]);
    expect(lines).toEqual(['error sealing.recipients[0]: a private key']);
    expect(lines.join()).not.toContain(key.slice(20));
  });

  test.each(['age1', 'age1abc', 'ssh-ed25519 AAAA', ''])('%j is refused', (recipient) => {
    expect(sealed([recipient])).toEqual(['error sealing.recipients[0]: not an age recipient']);
  });

  test('a seal needs one, and one needs a seal', async () => {
    const recipient = await identityToRecipient(await generateX25519Identity());
    expect(found({}, { seal: true })).toEqual(['error routes[0].seal: nobody could open what is sealed']);
    expect(found({ sealing: { recipients: [recipient] } })).toEqual([
      'warning sealing.recipients: no route has `seal: true`',
    ]);
  });
});

describe('levels', () => {
  test.each([{ recording: 'full' }, { recording: 'metadata' }, { seal: true }])(
    '%j needs a route that is terminated',
    (values) => {
      const [key] = Object.keys(values);
      expect(found({}, { ...values, action: 'tunnel' })).toEqual([
        `error routes[0].${key}: it has no effect on a route with action \`tunnel\``,
      ]);
    },
  );

  test('full is told, with what it means', () => {
    expect(found({}, { recording: 'full' })).toEqual([
      'warning routes[0].recording: secrets in traffic are stored and shown to the judge model',
    ]);
  });

  test('metadata where something waits for a model that nobody asks', () => {
    expect(found({ judges }, { ...JUDGED, recording: 'metadata', mode: 'hold' })).toEqual([
      'warning routes[0].recording: no model sees the text, so rules alone decide',
    ]);
    expect(found({ judges }, { ...JUDGED, recording: 'metadata' })).toEqual([]);
  });
});
